//! Extension types.

use std::fmt;

use crate::wire::codec::{Decode, DecodeError, Encode, Reader, code_point_codec};

/// The type of an extension (IANA "TLS ExtensionType Values").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtensionType(pub u16);

/// Declares the constants and their names together, so that neither can be without the other.
macro_rules! extension_types {
    ($($const:ident = $value:literal $name:literal,)*) => {
        impl ExtensionType {
            $(pub const $const: Self = Self($value);)*

            /// The name in IANA's registry, or `None` for values that have none here.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

extension_types! {
    SERVER_NAME = 0 "server_name",
    MAX_FRAGMENT_LENGTH = 1 "max_fragment_length",
    CLIENT_CERTIFICATE_URL = 2 "client_certificate_url",
    TRUSTED_CA_KEYS = 3 "trusted_ca_keys",
    TRUNCATED_HMAC = 4 "truncated_hmac",
    STATUS_REQUEST = 5 "status_request",
    USER_MAPPING = 6 "user_mapping",
    CERT_TYPE = 9 "cert_type",
    SUPPORTED_GROUPS = 10 "supported_groups",
    EC_POINT_FORMATS = 11 "ec_point_formats",
    SRP = 12 "srp",
    SIGNATURE_ALGORITHMS = 13 "signature_algorithms",
    USE_SRTP = 14 "use_srtp",
    HEARTBEAT = 15 "heartbeat",
    ALPN = 16 "application_layer_protocol_negotiation",
    STATUS_REQUEST_V2 = 17 "status_request_v2",
    SIGNED_CERTIFICATE_TIMESTAMP = 18 "signed_certificate_timestamp",
    CLIENT_CERTIFICATE_TYPE = 19 "client_certificate_type",
    SERVER_CERTIFICATE_TYPE = 20 "server_certificate_type",
    PADDING = 21 "padding",
    ENCRYPT_THEN_MAC = 22 "encrypt_then_mac",
    EXTENDED_MASTER_SECRET = 23 "extended_master_secret",
    TOKEN_BINDING = 24 "token_binding",
    CACHED_INFO = 25 "cached_info",
    COMPRESS_CERTIFICATE = 27 "compress_certificate",
    RECORD_SIZE_LIMIT = 28 "record_size_limit",
    DELEGATED_CREDENTIAL = 34 "delegated_credential",
    SESSION_TICKET = 35 "session_ticket",
    PRE_SHARED_KEY = 41 "pre_shared_key",
    EARLY_DATA = 42 "early_data",
    SUPPORTED_VERSIONS = 43 "supported_versions",
    COOKIE = 44 "cookie",
    PSK_KEY_EXCHANGE_MODES = 45 "psk_key_exchange_modes",
    CERTIFICATE_AUTHORITIES = 47 "certificate_authorities",
    OID_FILTERS = 48 "oid_filters",
    POST_HANDSHAKE_AUTH = 49 "post_handshake_auth",
    SIGNATURE_ALGORITHMS_CERT = 50 "signature_algorithms_cert",
    KEY_SHARE = 51 "key_share",
    TRANSPARENCY_INFO = 52 "transparency_info",
    QUIC_TRANSPORT_PARAMETERS = 57 "quic_transport_parameters",
    TICKET_REQUEST = 58 "ticket_request",
    ECH_OUTER_EXTENSIONS = 0xFD00 "ech_outer_extensions",
    ENCRYPTED_CLIENT_HELLO = 0xFE0D "encrypted_client_hello",
    RENEGOTIATION_INFO = 0xFF01 "renegotiation_info",
}

impl ExtensionType {
    /// Whether this is one of the sixteen reserved values of RFC 8701.
    pub const fn is_grease(self) -> bool {
        self.0 & 0x0F0F == 0x0A0A && self.0 >> 8 == self.0 & 0xFF
    }
}

impl fmt::Display for ExtensionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#06X}", self.0),
        }
    }
}

impl fmt::Debug for ExtensionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

code_point_codec! { ExtensionType(u16) "extension type", }
