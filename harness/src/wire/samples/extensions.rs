//! Samples of extensions, each in every message where it has a form.

use super::{Cuts, ExtensionSample, OPAQUE, hex};
use crate::registry::{NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::extension::{
    CertificateStatus, CertificateStatusRequest, Extension, ExtensionContext as In, KeyShareEntry,
    OfferedPsks, PSK_DHE_KE, PSK_KE, PskIdentity, ServerName,
};

/// Every form that an extension has, in every message that it may stand in.
pub fn extensions() -> Vec<ExtensionSample> {
    let mut samples = general();
    samples.extend(authentication());
    samples.extend(tls13());
    samples.extend(status_and_transparency());
    samples
}

/// One sample for each of the messages.
fn form<const N: usize>(
    contexts: [In; N],
    body: &str,
    extension: Extension,
    cuts: Cuts,
) -> Vec<ExtensionSample> {
    contexts
        .iter()
        .map(|context| ExtensionSample {
            context: *context,
            typ: extension.typ(),
            body: hex(body),
            extension: extension.clone(),
            cuts,
        })
        .collect()
}

fn exact<const N: usize>(contexts: [In; N], body: &str, extension: Extension) -> Vec<ExtensionSample> {
    form(contexts, body, extension, Cuts::Never)
}

fn general() -> Vec<ExtensionSample> {
    let names = vec![
        ServerName { name_type: 7, name: vec![0xFF] },
        ServerName { name_type: ServerName::HOST_NAME, name: b"a.b".to_vec() },
    ];
    [
        exact([In::ClientHello], "000A  07 0001 FF  00 0003 612E62", Extension::ServerName(names)),
        exact([In::ServerHello, In::EncryptedExtensions], "", Extension::ServerNameAck),
        exact(
            [In::ClientHello, In::ServerHello, In::EncryptedExtensions],
            "02",
            Extension::MaxFragmentLength(2),
        ),
        exact(
            [In::ClientHello, In::EncryptedExtensions],
            "0006 001D 2A2A 0017",
            Extension::SupportedGroups(vec![NamedGroup::X25519, NamedGroup(0x2A2A), NamedGroup::SECP256R1]),
        ),
        exact([In::ClientHello, In::ServerHello], "02 00 01", Extension::EcPointFormats(vec![0, 1])),
        exact(
            [In::ClientHello, In::ServerHello, In::EncryptedExtensions],
            "000C  02 6832  08 687474702F312E31",
            Extension::Alpn(vec![b"h2".to_vec(), b"http/1.1".to_vec()]),
        ),
        exact([In::ClientHello, In::ServerHello], "", Extension::EncryptThenMac),
        exact([In::ClientHello, In::ServerHello], "", Extension::ExtendedMasterSecret),
        exact(
            [In::ClientHello, In::ServerHello, In::EncryptedExtensions],
            "4001",
            Extension::RecordSizeLimit(0x4001),
        ),
        form(
            [In::ClientHello],
            "7475",
            Extension::SessionTicket(b"tu".to_vec()),
            Cuts::Anywhere("a ticket has no length of its own"),
        ),
        exact([In::ServerHello], "", Extension::SessionTicket(vec![])),
        exact([In::ClientHello, In::ServerHello], "00", Extension::RenegotiationInfo(vec![])),
        exact([In::ClientHello, In::ServerHello], "02 5657", Extension::RenegotiationInfo(vec![0x56, 0x57])),
    ]
    .concat()
}

fn authentication() -> Vec<ExtensionSample> {
    let schemes = vec![SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme(0xFAFA)];
    [
        exact(
            [In::ClientHello, In::CertificateRequest],
            "0004 0804 FAFA",
            Extension::SignatureAlgorithms(schemes.clone()),
        ),
        exact(
            [In::ClientHello, In::CertificateRequest],
            "0004 0804 FAFA",
            Extension::SignatureAlgorithmsCert(schemes),
        ),
        exact(
            [In::ClientHello, In::CertificateRequest],
            "04 0002 0001",
            Extension::CompressCertificate(vec![2, 1]),
        ),
        exact(
            [In::ClientHello, In::CertificateRequest],
            "0007  0002 3000  0001 31",
            Extension::CertificateAuthorities(vec![vec![0x30, 0x00], vec![0x31]]),
        ),
        exact([In::ClientHello], "", Extension::PostHandshakeAuth),
    ]
    .concat()
}

fn tls13() -> Vec<ExtensionSample> {
    let psks = OfferedPsks {
        identities: vec![
            PskIdentity { identity: b"id".to_vec(), obfuscated_ticket_age: 0x0102_0304 },
            PskIdentity { identity: b"x".to_vec(), obfuscated_ticket_age: 0 },
        ],
        binders: vec![vec![0xB1; 32], vec![0xB2; 33]],
    };
    let two_psks = format!(
        "000F  0002 6964 01020304  0001 78 00000000  0043  20 {}  21 {}",
        "B1".repeat(32),
        "B2".repeat(33)
    );
    let share = |group, key_exchange| KeyShareEntry { group, key_exchange };
    [
        exact([In::ClientHello], &two_psks, Extension::PreSharedKeyOffer(psks)),
        exact([In::ServerHello], "0001", Extension::PreSharedKeySelected(1)),
        exact([In::ClientHello, In::EncryptedExtensions], "", Extension::EarlyData),
        exact([In::NewSessionTicket], "00004000", Extension::EarlyDataLimit(16384)),
        exact(
            [In::ClientHello],
            "06 8A8A 0304 0303",
            Extension::SupportedVersions(vec![
                ProtocolVersion(0x8A8A),
                ProtocolVersion::TLS1_3,
                ProtocolVersion::TLS1_2,
            ]),
        ),
        exact(
            [In::ServerHello, In::HelloRetryRequest],
            "0304",
            Extension::SelectedVersion(ProtocolVersion::TLS1_3),
        ),
        exact([In::ClientHello, In::HelloRetryRequest], "0002 C0C1", Extension::Cookie(vec![0xC0, 0xC1])),
        exact([In::ClientHello], "02 01 00", Extension::PskKeyExchangeModes(vec![PSK_DHE_KE, PSK_KE])),
        exact(
            [In::ClientHello],
            "000B  5A5A 0001 00  001D 0002 7172",
            Extension::KeyShareOffer(vec![
                share(NamedGroup(0x5A5A), vec![0]),
                share(NamedGroup::X25519, vec![0x71, 0x72]),
            ]),
        ),
        exact([In::ClientHello], "0000", Extension::KeyShareOffer(vec![])),
        exact(
            [In::ServerHello],
            "0017 0003 040506",
            Extension::KeyShareServer(share(NamedGroup::SECP256R1, vec![4, 5, 6])),
        ),
        exact([In::HelloRetryRequest], "0018", Extension::KeyShareRetry(NamedGroup::SECP384R1)),
    ]
    .concat()
}

fn status_and_transparency() -> Vec<ExtensionSample> {
    let ocsp = CertificateStatusRequest::Ocsp {
        responder_ids: vec![vec![0xA2, 0x00], vec![0xA1]],
        request_extensions: vec![0x30],
    };
    let other = CertificateStatusRequest::Other { status_type: 2, request: vec![0xEE] };
    let unknown = CertificateStatus::Other { status_type: 9, response: vec![0xEE] };
    let may_end_after_type = Cuts::At(&[1], OPAQUE);
    [
        exact([In::ClientHello], "01  0007  0002 A200  0001 A1  0001 30", Extension::StatusRequest(ocsp)),
        form([In::ClientHello], "02 EE", Extension::StatusRequest(other), may_end_after_type),
        exact([In::ServerHello, In::CertificateRequest], "", Extension::StatusRequestAck),
        exact(
            [In::Certificate],
            "01  000002 3003",
            Extension::CertificateStatus(CertificateStatus::Ocsp(vec![0x30, 0x03])),
        ),
        form([In::Certificate], "09 EE", Extension::CertificateStatus(unknown), may_end_after_type),
        exact([In::ClientHello, In::CertificateRequest], "", Extension::SignedCertificateTimestampRequest),
        exact(
            [In::ServerHello, In::Certificate],
            "0007  0001 53  0002 5455",
            Extension::SignedCertificateTimestamps(vec![b"S".to_vec(), b"TU".to_vec()]),
        ),
    ]
    .concat()
}
