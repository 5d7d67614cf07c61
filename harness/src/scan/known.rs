//! A fact about a server, or why there is none.

use super::trouble::Trouble;

/// A fact about a server, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    Is(T),
    /// The question does not arise; why.
    Moot(&'static str),
    Unknown(Trouble),
}

impl<T> Known<T> {
    pub const fn get(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Moot(_) | Self::Unknown(_) => None,
        }
    }

    pub const fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Unknown(trouble) => Some(trouble),
            Self::Is(_) | Self::Moot(_) => None,
        }
    }
}
