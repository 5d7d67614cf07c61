//! From a ClientHello to the oracle's view of it.

use crate::oracle::Offer;
use crate::registry::CipherSuite;
use crate::wire::{ClientHello, ExtensionType};

/// The offer that a ClientHello makes. Unknown and GREASE values are kept.
pub fn offer_of(hello: &ClientHello) -> Offer {
    Offer {
        legacy_version: hello.legacy_version,
        supported_versions: hello.supported_versions().map(<[_]>::to_vec),
        suites: hello.cipher_suites.clone(),
        compressions: hello.compression_methods.clone(),
        groups: hello.groups().map(<[_]>::to_vec),
        schemes: hello.signature_schemes().map(<[_]>::to_vec),
        point_formats: hello.point_formats().map(<[_]>::to_vec),
        key_shares: hello.key_share_groups(),
        psk_modes: hello.psk_modes().map(<[_]>::to_vec),
        offers_psk: hello.has(ExtensionType::PRE_SHARED_KEY),
        server_name: hello.server_name().map(|name| String::from_utf8_lossy(name).into_owned()),
        alpn: hello.alpn().map(<[_]>::to_vec).unwrap_or_default(),
        extended_master_secret: hello.extended_master_secret(),
        renegotiation_info: hello.renegotiation_info(),
        renegotiates: hello.renegotiated_connection().is_some_and(|data| !data.is_empty()),
        session_ticket: hello.has(ExtensionType::SESSION_TICKET),
        fallback_scsv: hello.cipher_suites.contains(&CipherSuite::FALLBACK_SCSV),
    }
}
