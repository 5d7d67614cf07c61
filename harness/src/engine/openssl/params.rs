//! Finite-field groups for DHE: safe primes that clients know, so that a refusal is about the size alone.

use openssl::bn::BigNum;
use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::pkey::Params;

use super::super::dh::FFDHE2048;

/// The group of that size, or `None` for a size that the harness has no well-known prime for; 0 is such a size.
///
/// 1024 bits: Oakley group 2 (RFC 2409 6.2). 2048 bits: ffdhe2048 (RFC 7919 A.1).
pub(super) fn dh(bits: u16) -> Result<Option<Dh<Params>>, ErrorStack> {
    let prime = match bits {
        1024 => BigNum::get_rfc2409_prime_1024()?,
        2048 => BigNum::from_hex_str(FFDHE2048)?,
        _ => return Ok(None),
    };
    Dh::from_pqg(prime, None, BigNum::from_u32(2)?).map(Some)
}
