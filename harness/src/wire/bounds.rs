//! Every length that a peer may state, with its cap.
//!
//! A bound is the RFC's own where the RFC has one. Where it leaves room up to the prefix's end, the cap is the
//! prefix's end too: all of these sit inside a handshake body, which [`MAX_HANDSHAKE_BODY`] caps. So no peer
//! makes this module keep more of its bytes than that per message, however it nests its lengths.

use super::codec::DecodeError;

/// Largest handshake body that is kept: above the largest ClientHello that the grammar allows (131 396 bytes)
/// and above every certificate chain that a client in use accepts (OpenSSL stops at 100 KiB).
pub const MAX_HANDSHAKE_BODY: usize = 256 * 1024;

/// Largest fragment of plaintext in one record (RFC 8446 5.1).
pub const MAX_PLAINTEXT: usize = 1 << 14;

/// Largest record payload: plaintext, compression and encryption of TLS 1.2 together (RFC 5246 6.2.3). TLS 1.3
/// allows 256 above the plaintext, but who reads the header does not know the version yet.
pub const MAX_RECORD_PAYLOAD: usize = MAX_PLAINTEXT + 2048;

/// Most bytes that a deframer holds between two drains: a reader that lets more pile up has stopped reading.
pub const MAX_BUFFERED: usize = 4 * MAX_HANDSHAKE_BODY;

/// Length of both hello randoms (RFC 8446 4.1.2).
pub const RANDOM_LEN: usize = 32;

/// How many bytes state a vector's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    U8,
    U16,
    U24,
}

impl Prefix {
    pub const fn width(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U24 => 3,
        }
    }

    /// The largest length that fits.
    pub const fn largest(self) -> usize {
        match self {
            Self::U8 => 0xFF,
            Self::U16 => 0xFFFF,
            Self::U24 => 0x00FF_FFFF,
        }
    }
}

/// A variable-length vector `<min..max>` in the presentation language of RFC 8446 3.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    pub prefix: Prefix,
    pub min: usize,
    pub max: usize,
    /// Size of one element, where all are equal.
    pub unit: usize,
    /// The element's name in errors.
    pub what: &'static str,
}

impl Bound {
    pub const fn of(prefix: Prefix, min: usize, max: usize, what: &'static str) -> Self {
        Self { prefix, min, max, unit: 1, what }
    }

    #[must_use]
    pub const fn unit(self, unit: usize) -> Self {
        Self { unit, ..self }
    }

    /// That a vector may have this length.
    pub const fn check(&self, len: usize) -> Result<(), DecodeError> {
        let what = self.what;
        if len > self.max {
            Err(DecodeError::TooLong { what, len, max: self.max })
        } else if len < self.min {
            Err(DecodeError::TooShort { what, len, min: self.min })
        } else if !len.is_multiple_of(self.unit) {
            Err(DecodeError::Misaligned { what, len, unit: self.unit })
        } else {
            Ok(())
        }
    }
}

const fn v8(min: usize, max: usize, what: &'static str) -> Bound {
    Bound::of(Prefix::U8, min, max, what)
}

const fn v16(min: usize, max: usize, what: &'static str) -> Bound {
    Bound::of(Prefix::U16, min, max, what)
}

/// 24-bit vectors end at the largest body that is kept, not at 16 MiB.
const fn v24(min: usize, what: &'static str) -> Bound {
    Bound::of(Prefix::U24, min, MAX_HANDSHAKE_BODY, what)
}

// Hellos (RFC 8446 4.1.2, RFC 5246 7.4.1.2).
/// Session ids are at most 32 bytes since SSL 3.
pub const SESSION_ID: Bound = v8(0, 32, "session_id");
/// At least one suite; the odd length 65535 is unreachable.
pub const CIPHER_SUITES: Bound = v16(2, 0xFFFE, "cipher_suites").unit(2);
/// At least the null method.
pub const COMPRESSION_METHODS: Bound = v8(1, 0xFF, "compression_methods");
/// The block may be present and empty (RFC 5246 7.4.1.4).
pub const EXTENSIONS: Bound = v16(0, 0xFFFF, "extensions");
/// One extension's body.
pub const EXTENSION_BODY: Bound = v16(0, 0xFFFF, "extension body");

// Certificates and what belongs to them.
/// An empty chain says "none" (RFC 5246 7.4.6).
pub const CERTIFICATE_LIST: Bound = v24(0, "certificate_list");
/// One certificate in DER (RFC 8446 4.4.2).
pub const CERTIFICATE: Bound = v24(1, "certificate");
/// Echoes the request's context; empty from servers (RFC 8446 4.4.2).
pub const CERTIFICATE_CONTEXT: Bound = v8(0, 0xFF, "certificate_request_context");
/// At least one type of certificate (RFC 5246 7.4.4).
pub const CERTIFICATE_TYPES: Bound = v8(1, 0xFF, "certificate_types");
/// May be empty up to TLS 1.2: TLS 1.0 and 1.1 demand three bytes, but servers send none.
pub const AUTHORITIES: Bound = v16(0, 0xFFFF, "certificate_authorities");
/// The extension of TLS 1.3 names at least one (RFC 8446 4.2.4).
pub const EXTENSION_AUTHORITIES: Bound = v16(3, 0xFFFF, "certificate_authorities");
/// One name in DER.
pub const DISTINGUISHED_NAME: Bound = v16(1, 0xFFFF, "distinguished name");
/// An OCSP response in DER (RFC 6066 8).
pub const OCSP_RESPONSE: Bound = v24(1, "ocsp_response");
/// What a compressed certificate message unpacks from (RFC 8879 4).
pub const COMPRESSED_CERTIFICATE: Bound = v24(1, "compressed_certificate_message");

// Key exchange and authentication.
/// Diffie-Hellman numbers of any size (RFC 5246 7.4.3): judging their size is not decoding.
pub const DH_P: Bound = v16(1, 0xFFFF, "dh_p");
/// See [`DH_P`].
pub const DH_G: Bound = v16(1, 0xFFFF, "dh_g");
/// See [`DH_P`].
pub const DH_YS: Bound = v16(1, 0xFFFF, "dh_Ys");
/// See [`DH_P`].
pub const DH_YC: Bound = v16(1, 0xFFFF, "dh_Yc");
/// A public point (RFC 8422 5.4).
pub const EC_POINT: Bound = v8(1, 0xFF, "ec point");
/// The encrypted premaster secret has the size of the server's RSA key (RFC 5246 7.4.7.1).
pub const ENCRYPTED_PREMASTER: Bound = v16(1, 0xFFFF, "encrypted_premaster_secret");
/// A signature may be empty by its grammar (RFC 8446 4.4.3).
pub const SIGNATURE: Bound = v16(0, 0xFFFF, "signature");
/// Empty in TLS 1.2 means "forget the ticket" (RFC 5077 3.3).
pub const TICKET_TLS12: Bound = v16(0, 0xFFFF, "ticket");
/// Never empty in TLS 1.3 (RFC 8446 4.6.1).
pub const TICKET_TLS13: Bound = v16(1, 0xFFFF, "ticket");
/// Tells tickets of one connection apart (RFC 8446 4.6.1).
pub const TICKET_NONCE: Bound = v8(0, 0xFF, "ticket_nonce");

/// MD5 and SHA-1 side by side (RFC 6101 5.6.9).
pub const FINISHED_SSL3: usize = 36;
/// Twelve bytes in TLS 1.0 to 1.2 unless the suite says otherwise (RFC 5246 7.4.9).
pub const FINISHED_MIN: usize = 12;
/// The shortest hash of a TLS 1.3 suite.
pub const FINISHED_TLS13_MIN: usize = 32;
/// No suite's hash, and no `verify_data_length`, is longer than 512 bits.
pub const FINISHED_MAX: usize = 64;

// Extension bodies.
/// At least one name (RFC 6066 3).
pub const SERVER_NAMES: Bound = v16(1, 0xFFFF, "server_name list");
/// At least one byte; all name types have this shape (RFC 6066 3).
pub const SERVER_NAME: Bound = v16(1, 0xFFFF, "server_name");
/// May be empty (RFC 6066 8).
pub const RESPONDER_IDS: Bound = v16(0, 0xFFFF, "responder_id_list");
/// One OCSP ResponderID in DER (RFC 6066 8).
pub const RESPONDER_ID: Bound = v16(1, 0xFFFF, "responder_id");
/// OCSP's own extensions, in DER (RFC 6066 8).
pub const OCSP_EXTENSIONS: Bound = v16(0, 0xFFFF, "ocsp request_extensions");
/// At least one group (RFC 8446 4.2.7).
pub const GROUPS: Bound = v16(2, 0xFFFF, "supported_groups").unit(2);
/// At least one format (RFC 8422 5.1.2).
pub const POINT_FORMATS: Bound = v8(1, 0xFF, "ec_point_formats");
/// At least one scheme (RFC 8446 4.2.3).
pub const SCHEMES: Bound = v16(2, 0xFFFE, "signature schemes").unit(2);
/// At least one protocol (RFC 7301 3.1).
pub const PROTOCOLS: Bound = v16(2, 0xFFFF, "protocol_name_list");
/// Never empty (RFC 7301 3.1).
pub const PROTOCOL: Bound = v8(1, 0xFF, "protocol_name");
/// At least one timestamp (RFC 6962 3.3).
pub const SCTS: Bound = v16(1, 0xFFFF, "sct_list");
/// Never empty (RFC 6962 3.3).
pub const SCT: Bound = v16(1, 0xFFFF, "sct");
/// At least one algorithm (RFC 8879 3).
pub const COMPRESSION_ALGORITHMS: Bound = v8(2, 0xFE, "certificate compression algorithms").unit(2);
/// At least one identity: the shortest entry has seven bytes (RFC 8446 4.2.11).
pub const PSK_IDENTITIES: Bound = v16(7, 0xFFFF, "psk identities");
/// Never empty (RFC 8446 4.2.11).
pub const PSK_IDENTITY: Bound = v16(1, 0xFFFF, "psk identity");
/// At least one binder (RFC 8446 4.2.11).
pub const PSK_BINDERS: Bound = v16(33, 0xFFFF, "psk binders");
/// A binder has its hash's length, at least 32 (RFC 8446 4.2.11).
pub const PSK_BINDER: Bound = v8(32, 0xFF, "psk binder");
/// At least one version (RFC 8446 4.2.1).
pub const VERSIONS: Bound = v8(2, 254, "supported_versions").unit(2);
/// Never empty (RFC 8446 4.2.2).
pub const COOKIE: Bound = v16(1, 0xFFFF, "cookie");
/// At least one mode (RFC 8446 4.2.9).
pub const PSK_MODES: Bound = v8(1, 0xFF, "psk_key_exchange_modes");
/// An empty list asks for a HelloRetryRequest (RFC 8446 4.2.8).
pub const KEY_SHARES: Bound = v16(0, 0xFFFF, "key_share list");
/// Never empty (RFC 8446 4.2.8).
pub const KEY_EXCHANGE: Bound = v16(1, 0xFFFF, "key_exchange");
/// Empty in a first handshake, verify_data in a renegotiation (RFC 5746 3.2).
pub const RENEGOTIATED_CONNECTION: Bound = v8(0, 0xFF, "renegotiated_connection");
