//! Exit codes (formats, section 9), and errors that end a command.

use std::io;

/// Why a command ends early.
#[derive(Debug)]
pub struct Exit {
    code: u8,
    message: Option<String>,
}

impl Exit {
    /// Only passes and warnings; also a closed pipe, where no verdict is asked for.
    pub const GOOD: u8 = 0;
    /// Usage, a bad data file, a client named but not installed.
    pub const USAGE: u8 = 2;
    /// Something was inconclusive, or the harness itself failed.
    pub const INCONCLUSIVE: u8 = 3;
    /// Nothing was run.
    pub const NOTHING: u8 = 4;
    /// SIGINT or SIGTERM.
    pub const INTERRUPTED: u8 = 130;

    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: Self::USAGE, message: Some(message.into()) }
    }

    pub fn nothing(message: impl Into<String>) -> Self {
        Self { code: Self::NOTHING, message: Some(message.into()) }
    }

    pub fn harness(message: impl Into<String>) -> Self {
        Self { code: Self::INCONCLUSIVE, message: Some(message.into()) }
    }

    pub const fn interrupted() -> Self {
        Self { code: Self::INTERRUPTED, message: None }
    }

    pub const fn code(&self) -> u8 {
        self.code
    }

    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

/// Writing failed: a closed pipe is the reader's wish, anything else is said.
impl From<io::Error> for Exit {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self { code: Self::GOOD, message: None }
        } else {
            Self::harness(format!("cannot write the report: {error}"))
        }
    }
}
