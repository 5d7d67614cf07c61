//! What a server was, in one line of a failure text.

use std::fmt;

use crate::lines::Ready;

pub struct ServerLine<'a> {
    pub ready: &'a Ready,
    pub forced: Option<&'a (String, String)>,
}

impl fmt::Display for ServerLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ready = self.ready;
        write!(f, "{} on {}", ready.policy, ready.backend)?;
        if !ready.certificates.is_empty() {
            write!(f, " with {}", ready.certificates.join(", "))?;
        }
        if let Some((version, suite)) = self.forced {
            write!(f, ", forces {version} {suite}")?;
        }
        match &ready.floor {
            Some(floor) => write!(f, ", floor {floor}"),
            None => Ok(()),
        }
    }
}
