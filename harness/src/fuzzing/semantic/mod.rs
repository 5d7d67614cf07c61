//! Findings in a form that survives a change of how bytes are read: what was decided, not the decisions' bytes.
//!
//! Each begins with `target = "..."`, by which the form is known. Edit lists (`mitm`) have a form of their own, which users
//! write, too: [`crate::edit::Saved`].

mod hello;
mod trace;
mod world;

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Seen, Target};

pub use hello::Hello;
pub use trace::SavedTrace;
pub use world::SavedWorld;

/// A saved input (`fuzz/regressions/<target>/*.toml`).
#[derive(Debug, Clone)]
pub enum Saved {
    Hello(Hello),
    World(Box<SavedWorld>),
    Trace(Box<SavedTrace>),
}

/// Why a saved input cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error("not a saved input: {0}")]
    Syntax(String),
    #[error(
        "{0} is no target with a saved form; those are server_select, diff_negotiate, policy_model and verdict"
    )]
    Target(String),
    #[error("unknown {what} {name:?}")]
    Unknown { what: &'static str, name: String },
    #[error("hello: not the records of a ClientHello in hex")]
    Hello,
}

/// The saved form of a target's input; `None` for targets whose input is the wire's or a file's own bytes.
pub fn saved(target: &Target, input: &[u8]) -> Option<String> {
    let (form, said) = match target.name {
        "server_select" | "diff_negotiate" => {
            let (form, said) = hello::of(target, input)?;
            (toml::to_string(&form).ok()?, said)
        }
        "policy_model" => {
            let (form, said) = world::of(target, input);
            (toml::to_string(&form).ok()?, said)
        }
        "verdict" => (toml::to_string(&trace::of(target, input)).ok()?, String::new()),
        _ => return None,
    };
    // For whoever reads it; not read back.
    Some(if said.is_empty() { form } else { format!("# {said}\n{form}") })
}

impl Saved {
    /// # Errors
    /// For a text of another form.
    pub fn parse(text: &str) -> Result<Self, SavedError> {
        #[derive(Deserialize)]
        struct Head {
            target: String,
        }
        fn read<T: de::DeserializeOwned>(text: &str) -> Result<T, SavedError> {
            toml::from_str(text).map_err(|error| SavedError::Syntax(error.message().to_owned()))
        }
        let head: Head = read(text)?;
        match head.target.as_str() {
            "server_select" | "diff_negotiate" => read(text).map(Self::Hello),
            "policy_model" => read(text).map(|world| Self::World(Box::new(world))),
            "verdict" => read(text).map(|trace| Self::Trace(Box::new(trace))),
            _ => Err(SavedError::Target(head.target)),
        }
    }

    /// Plays it as its target would.
    ///
    /// # Errors
    /// If a name in it is not known.
    ///
    /// # Panics
    /// If something was found.
    pub fn play(&self) -> Result<Seen, SavedError> {
        match self {
            Self::Hello(hello) => hello.play(),
            Self::World(world) => world.play(),
            Self::Trace(trace) => trace.play(),
        }
    }
}

/// A code point in hex: not every value has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Code(u16);

impl FromStr for Code {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 4);
        let number = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        number.map(Self).ok_or_else(|| format!("{text:?} is no code point such as \"0x1301\""))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#06X}", self.0))
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
