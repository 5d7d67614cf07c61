//! What stays of a first flight.

use crate::probe::Flight;
use crate::registry::{CipherSuite, NamedGroup, SignatureScheme};
use crate::wire::ExtensionType;

use super::certificate::Chain;

/// What a server proposed. Flights themselves are not kept: there are hundreds, and one may have 256 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    pub suite: CipherSuite,
    /// Of the ServerKeyExchange, of the key share, or the one that a HelloRetryRequest asks for.
    pub group: Option<NamedGroup>,
    /// Of the ServerKeyExchange in TLS 1.2; in TLS 1.3 it is encrypted.
    pub scheme: Option<SignatureScheme>,
    /// Size of the prime in a ServerKeyExchange.
    pub dh_bits: Option<u16>,
    pub has_renegotiation_info: bool,
    pub has_extended_master_secret: bool,
    /// Where a downgrade is signalled (RFC 8446 4.1.3).
    pub end_of_random: [u8; 8],
    /// Up to TLS 1.2.
    pub chain: Option<Chain>,
}

impl Proposed {
    pub fn of(flight: &Flight) -> Self {
        let (hello, exchange) = (&flight.hello, flight.key_exchange.as_ref());
        let bits = exchange.and_then(|exchange| exchange.dh_bits());
        let mut end_of_random = [0; 8];
        end_of_random.copy_from_slice(&hello.random[24..]);
        Self {
            suite: hello.cipher_suite,
            group: exchange.map_or_else(|| hello.key_share_group(), |exchange| exchange.group()),
            scheme: exchange.and_then(|exchange| exchange.signature()?.scheme),
            dh_bits: bits.and_then(|bits| u16::try_from(bits).ok()),
            has_renegotiation_info: hello.has(ExtensionType::RENEGOTIATION_INFO),
            has_extended_master_secret: hello.has(ExtensionType::EXTENDED_MASTER_SECRET),
            end_of_random,
            chain: flight.chain.as_deref().and_then(Chain::read),
        }
    }
}
