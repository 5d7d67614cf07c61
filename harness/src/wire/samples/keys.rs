//! Samples of the messages that carry certificates and keys.

use super::{
    Cuts, MessageSample, OPAQUE, OTHER, SSL3, TLS10_TO_12, TLS12, TLS13, UP_TO_TLS11, UP_TO_TLS12, sample,
};
use crate::registry::{NamedGroup, SignatureScheme};
use crate::wire::extension::{CertificateStatus, Extension, ExtensionType};
use crate::wire::handshake::{
    Certificate, CertificateEntry, CertificateRequest, ClientKeyExchange, CompressedCertificate,
    DigitallySigned, Handshake, KeyExchangeShape, ServerKeyExchange,
};

const DHE: KeyExchangeShape = KeyExchangeShape::Dhe { signed: true };
const DH_ANON: KeyExchangeShape = KeyExchangeShape::Dhe { signed: false };
const ECDHE: KeyExchangeShape = KeyExchangeShape::Ecdhe { signed: true };
const ECDH_ANON: KeyExchangeShape = KeyExchangeShape::Ecdhe { signed: false };

pub(super) fn certificates() -> Vec<MessageSample> {
    vec![
        sample(
            "certificate up to TLS 1.2",
            UP_TO_TLS12,
            OTHER,
            Cuts::Never,
            "000009  000002 3081  000001 30",
            Handshake::Certificate(Certificate::Legacy(vec![vec![0x30, 0x81], vec![0x30]])),
        ),
        sample(
            "no certificate up to TLS 1.2",
            UP_TO_TLS12,
            OTHER,
            Cuts::Never,
            "000000",
            Handshake::Certificate(Certificate::Legacy(vec![])),
        ),
        sample(
            "certificate of TLS 1.3 with status and timestamps",
            TLS13,
            OTHER,
            Cuts::Never,
            "01 C7  000026
             000002 3081  0015  0005 0007 01 000003 616263  0012 0006 0004 0002 5354
             000001 30  0004  FFF0 0000",
            Handshake::Certificate(Certificate::Tls13 {
                context: vec![0xC7],
                entries: vec![
                    CertificateEntry {
                        data: vec![0x30, 0x81],
                        extensions: vec![
                            Extension::CertificateStatus(CertificateStatus::Ocsp(b"abc".to_vec())),
                            Extension::SignedCertificateTimestamps(vec![b"ST".to_vec()]),
                        ],
                    },
                    CertificateEntry {
                        data: vec![0x30],
                        extensions: vec![Extension::Unknown { typ: ExtensionType(0xFFF0), body: vec![] }],
                    },
                ],
            }),
        ),
        sample(
            "compressed certificate",
            TLS13,
            OTHER,
            Cuts::Never,
            "0002  012345  000003 789ABC",
            Handshake::CompressedCertificate(CompressedCertificate {
                algorithm: 2,
                uncompressed_length: 0x01_2345,
                compressed: vec![0x78, 0x9A, 0xBC],
            }),
        ),
        sample(
            "certificate request up to TLS 1.1",
            UP_TO_TLS11,
            OTHER,
            Cuts::Never,
            "02 01 40  0007  0002 3000  0001 31",
            Handshake::CertificateRequest(CertificateRequest::Legacy {
                certificate_types: vec![1, 0x40],
                schemes: None,
                authorities: vec![vec![0x30, 0x00], vec![0x31]],
            }),
        ),
        sample(
            "certificate request of TLS 1.2 that names no authority",
            TLS12,
            OTHER,
            Cuts::Never,
            "01 01  0004 0401 0203  0000",
            Handshake::CertificateRequest(CertificateRequest::Legacy {
                certificate_types: vec![1],
                schemes: Some(vec![SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::ECDSA_SHA1]),
                authorities: vec![],
            }),
        ),
        sample(
            "certificate request of TLS 1.3",
            TLS13,
            OTHER,
            Cuts::Never,
            "00  000C  000D 0004 0002 0804  0012 0000",
            Handshake::CertificateRequest(CertificateRequest::Tls13 {
                context: vec![],
                extensions: vec![
                    Extension::SignatureAlgorithms(vec![SignatureScheme::RSA_PSS_RSAE_SHA256]),
                    Extension::SignedCertificateTimestampRequest,
                ],
            }),
        ),
        sample(
            "certificate status",
            TLS10_TO_12,
            OTHER,
            Cuts::Never,
            "01  000003 616263",
            Handshake::CertificateStatus(CertificateStatus::Ocsp(b"abc".to_vec())),
        ),
        sample(
            "certificate status of a type nobody knows",
            TLS10_TO_12,
            OTHER,
            Cuts::At(&[1, 2], OPAQUE),
            "02  0000",
            Handshake::CertificateStatus(CertificateStatus::Other { status_type: 2, response: vec![0, 0] }),
        ),
    ]
}

pub(super) fn key_exchanges() -> Vec<MessageSample> {
    let dhe = |signature| {
        Handshake::ServerKeyExchange(ServerKeyExchange::Dhe {
            p: vec![0x00, 0x1F, 0x03],
            g: vec![2],
            ys: vec![0x0A, 0x0B],
            signature,
        })
    };
    let ecdhe = |signature| {
        Handshake::ServerKeyExchange(ServerKeyExchange::Ecdhe {
            group: NamedGroup::SECP256R1,
            point: vec![4, 5, 6],
            signature,
        })
    };
    let signature = |scheme| Some(DigitallySigned { scheme, signature: vec![0x51, 0x52] });
    let client = Handshake::ClientKeyExchange;
    let by_scheme = Some(SignatureScheme::RSA_PKCS1_SHA256);
    let rsa = KeyExchangeShape::Rsa;
    let opaque = Cuts::Anywhere(OPAQUE);
    let p_g_ys = "0003 001F03  0001 02  0002 0A0B";
    let with = |tail: &str| format!("{p_g_ys} {tail}");
    vec![
        sample("DHE up to TLS 1.1", UP_TO_TLS11, DHE, Cuts::Never, &with("0002 5152"), dhe(signature(None))),
        sample("DHE", TLS12, DHE, Cuts::Never, &with("0401 0002 5152"), dhe(signature(by_scheme))),
        sample("anonymous DH", UP_TO_TLS12, DH_ANON, Cuts::Never, p_g_ys, dhe(None)),
        sample(
            "ECDHE up to TLS 1.1",
            UP_TO_TLS11,
            ECDHE,
            Cuts::Never,
            "03 0017 03 040506  0002 5152",
            ecdhe(signature(None)),
        ),
        sample(
            "ECDHE",
            TLS12,
            ECDHE,
            Cuts::Never,
            "03 0017 03 040506  0401 0002 5152",
            ecdhe(signature(by_scheme)),
        ),
        sample("anonymous ECDH", UP_TO_TLS12, ECDH_ANON, Cuts::Never, "03 0017 03 040506", ecdhe(None)),
        sample(
            "an explicit curve stays bytes",
            UP_TO_TLS12,
            ECDHE,
            Cuts::At(&[1, 2, 3], OPAQUE),
            "01 020304",
            Handshake::ServerKeyExchange(ServerKeyExchange::Opaque(vec![1, 2, 3, 4])),
        ),
        sample(
            "the key exchange of a PSK suite stays bytes",
            UP_TO_TLS12,
            OTHER,
            opaque,
            "0001 68",
            Handshake::ServerKeyExchange(ServerKeyExchange::Opaque(vec![0, 1, 0x68])),
        ),
        sample(
            "RSA key transport of SSL 3",
            SSL3,
            rsa,
            opaque,
            "E1E2E3",
            client(ClientKeyExchange::RsaSsl3 { encrypted_premaster: vec![0xE1, 0xE2, 0xE3] }),
        ),
        sample(
            "RSA key transport",
            TLS10_TO_12,
            rsa,
            Cuts::Never,
            "0003 E1E2E3",
            client(ClientKeyExchange::Rsa { encrypted_premaster: vec![0xE1, 0xE2, 0xE3] }),
        ),
        sample(
            "DHE from the client",
            UP_TO_TLS12,
            DHE,
            Cuts::Never,
            "0002 0C0D",
            client(ClientKeyExchange::Dhe { yc: vec![0x0C, 0x0D] }),
        ),
        sample(
            "ECDHE from the client",
            UP_TO_TLS12,
            ECDHE,
            Cuts::Never,
            "03 040708",
            client(ClientKeyExchange::Ecdhe { point: vec![4, 7, 8] }),
        ),
        sample(
            "a client's PSK identity stays bytes",
            UP_TO_TLS12,
            OTHER,
            opaque,
            "0002 6964",
            client(ClientKeyExchange::Opaque(vec![0, 2, 0x69, 0x64])),
        ),
    ]
}
