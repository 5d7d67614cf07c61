//! Handshake message types.

use std::fmt;

use crate::wire::codec::{Decode, DecodeError, Encode, Reader, code_point_codec};

/// The type of a handshake message (IANA "TLS HandshakeType").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandshakeType(pub u8);

/// Declares the constants and their names together, so that neither can be without the other.
macro_rules! handshake_types {
    ($($const:ident = $value:literal $name:literal,)*) => {
        impl HandshakeType {
            $(pub const $const: Self = Self($value);)*

            /// IANA's name without its `_RESERVED`, or `None` for an unassigned value.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

handshake_types! {
    HELLO_REQUEST = 0 "hello_request",
    CLIENT_HELLO = 1 "client_hello",
    SERVER_HELLO = 2 "server_hello",
    HELLO_VERIFY_REQUEST = 3 "hello_verify_request",
    NEW_SESSION_TICKET = 4 "new_session_ticket",
    END_OF_EARLY_DATA = 5 "end_of_early_data",
    HELLO_RETRY_REQUEST = 6 "hello_retry_request",
    ENCRYPTED_EXTENSIONS = 8 "encrypted_extensions",
    REQUEST_CONNECTION_ID = 9 "request_connection_id",
    NEW_CONNECTION_ID = 10 "new_connection_id",
    CERTIFICATE = 11 "certificate",
    SERVER_KEY_EXCHANGE = 12 "server_key_exchange",
    CERTIFICATE_REQUEST = 13 "certificate_request",
    SERVER_HELLO_DONE = 14 "server_hello_done",
    CERTIFICATE_VERIFY = 15 "certificate_verify",
    CLIENT_KEY_EXCHANGE = 16 "client_key_exchange",
    CLIENT_CERTIFICATE_REQUEST = 17 "client_certificate_request",
    FINISHED = 20 "finished",
    CERTIFICATE_URL = 21 "certificate_url",
    CERTIFICATE_STATUS = 22 "certificate_status",
    SUPPLEMENTAL_DATA = 23 "supplemental_data",
    KEY_UPDATE = 24 "key_update",
    COMPRESSED_CERTIFICATE = 25 "compressed_certificate",
    EKT_KEY = 26 "ekt_key",
    MESSAGE_HASH = 254 "message_hash",
}

impl fmt::Display for HandshakeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#04X}", self.0),
        }
    }
}

impl fmt::Debug for HandshakeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

code_point_codec! { HandshakeType(u8) "handshake type", }
