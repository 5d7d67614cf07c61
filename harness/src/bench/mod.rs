//! What a handshake costs: the handshakes that the benches in `benches/` measure, and that they are what they say.
//!
//! Both ends run in memory on the engines that everything else uses. Keys, certificates and lists are built beforehand
//! ([`Pair::prepare`]); what is measured begins where a connection does.

mod cell;
mod drive;
mod ends;
pub mod golden;
mod keys;
mod pair;
mod refusal;

pub use cell::{Cell, Exchange, Kind};
pub use drive::{Cost, Meter, clock};
pub use ends::{Ends, NoHandshake};
pub use keys::Keys;
pub use pair::{Pair, Unfit};
pub use refusal::{NoRefusal, Reason, Refusal};

/// The value in the middle, the upper one of two; NaN of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
