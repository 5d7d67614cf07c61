//! Finite-field groups for DHE: safe primes that clients know, so that a refusal is about the size alone.

use openssl::bn::BigNum;
use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::pkey::Params;

/// ffdhe2048, RFC 7919 A.1. Clients that name this group in `supported_groups` insist on it.
const FFDHE2048: &str = "FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1D8B9C583CE2D3695\
A9E13641146433FBCC939DCE249B3EF97D2FE363630C75D8F681B202AEC4617A\
D3DF1ED5D5FD65612433F51F5F066ED0856365553DED1AF3B557135E7F57C935\
984F0C70E0E68B77E2A689DAF3EFE8721DF158A136ADE73530ACCA4F483A797A\
BC0AB182B324FB61D108A94BB2C8E3FBB96ADAB760D7F4681D4F42A3DE394DF4\
AE56EDE76372BB190B07A7C8EE0A6D709E02FCE1CDF7E2ECC03404CD28342F61\
9172FE9CE98583FF8E4F1232EEF28183C3FE3B1B4C6FAD733BB5FCBC2EC22005\
C58EF1837D1683B2C6F34A26C1B2EFFA886B423861285C97FFFFFFFFFFFFFFFF";

/// The group of that size, or `None` for a size that the harness has no well-known prime for.
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
