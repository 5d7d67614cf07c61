//! Every policy on every stack: what each answers to a ClientHello, beside what the oracle says.

mod caps;
mod complete;
mod family;
mod flight;
mod mend;
mod named;
mod play;
mod question;
mod quirk;
mod report;
mod rule;
mod sample;
mod tally;

pub use caps::{Caps, CapsError};
pub use family::Family;
pub use flight::{Answer, Shown, read};
pub use play::{Matrix, answer, key};
pub use question::Question;
pub use quirk::{Cell, Deviation, Oracle, Quirk, Quirks, Sent, difference};
pub use report::{json, text};
pub use rule::Rule;
pub use sample::sample;

pub use tally::{Counts, Disagreement, Session, Tally, faults};
