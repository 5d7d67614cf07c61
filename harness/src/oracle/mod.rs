//! What must happen, said from the policy, the certificate and the ClientHello alone.
//!
//! Pure functions, and none of the code that is judged: no stack's decision is asked, only the texts.
//! [`select`] says what an honest server answers; [`breaches`] says which rules of a floor a session
//! breaks. What a case and its connections come to, the judge says from the two.
//!
//! Traps that the rules here know about:
//!
//! * A TLS 1.3 suite says nothing about forward secrecy: a ServerHello without `key_share` (`psk_ke`) has
//!   none, whatever the suite.
//! * `TLS_ECDH_*` and `TLS_DH_*` are static; only the `E` makes them ephemeral.
//! * `RSA_PSK` is not `RSA`, and has no forward secrecy either.
//! * The anonymous exchanges *are* ephemeral. What they break is authentication.
//! * ECDHE with RC4 is forward secret, and still weak.
//! * Finite-field DHE is forward secret, AWS's guides allow it, RFC 10015 forbids it in TLS 1.2 and below.
//! * Two TLS 1.3 suites do not encrypt (RFC 9150).
//! * A hello before TLS 1.3 states a maximum: below it nothing is "not offered" ([`Stated::NotStated`]).

mod breach;
mod classic;
pub mod naive;
mod offer;
mod proposal;
mod select;
mod tls13;

pub use breach::{Breach, Rule, breaches};
pub use offer::{Offer, Stated};
pub use proposal::{KeyType, Proposal, Refusal, RefusalReason};
pub use select::select;

#[cfg(test)]
mod tests;
