//! What was seen on the wire, in both directions, and how far the client went.
//!
//! Version, suite, group and alerts are read from the bytes for every engine; an engine's own answer is only a
//! cross-check (design 1, rule 8).

mod ja4;
mod observation;
mod offer;
mod reach;
mod tap;
mod transcript;

pub use ja4::ja4;
pub use observation::{Ending, NotTls, Observation};
pub use offer::offer_of;
pub use reach::Reach;
pub use tap::Tap;
pub use transcript::{Seen, Side, Transcript};

#[cfg(test)]
mod tests;
