//! The words of the wire, for libFuzzer's dictionary (`fuzz/tls.dict`).

use std::fmt::Write as _;

use crate::registry::{self, CipherSuite, ProtocolVersion};
use crate::wire::ExtensionType;

/// The dictionary: versions, suites, groups, schemes, extensions with the lengths of their usual bodies, records.
pub fn dictionary() -> String {
    let mut text = String::from("# Written by `make fuzz-seeds`.\n");
    let mut word = |name: &str, bytes: &[u8]| {
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "\\x{byte:02x}");
            hex
        });
        // Names of words may not hold what IANA's do.
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let _ = writeln!(text, "{name}=\"{hex}\"");
    };
    for version in ProtocolVersion::ALL {
        word(&format!("version_{version}"), &version.to_be_bytes());
        word(&format!("handshake_record_{version}"), &[&[22], &version.to_be_bytes()[..]].concat());
        word(
            &format!("supported_versions_{version}"),
            &[&[0, 43, 0, 3, 2], &version.to_be_bytes()[..]].concat(),
        );
    }
    word("change_cipher_spec", &[20, 3, 3, 0, 1, 1]);
    word("fatal_handshake_failure", &[21, 3, 3, 0, 2, 2, 40]);
    word("warning_close_notify", &[21, 3, 3, 0, 2, 1, 0]);
    word("fallback_scsv", &CipherSuite::FALLBACK_SCSV.to_be_bytes());
    word("downgrade_tls12", b"DOWNGRD\x01");
    word("downgrade_tls11", b"DOWNGRD\x00");
    for facts in registry::suites() {
        word(facts.name, &facts.suite.to_be_bytes());
    }
    for facts in registry::groups() {
        word(&format!("group_{}", facts.group), &facts.group.to_be_bytes());
    }
    for facts in registry::schemes() {
        word(&format!("scheme_{}", facts.scheme), &facts.scheme.to_be_bytes());
    }
    for typ in (0..=u16::MAX).map(ExtensionType).filter(|typ| typ.name().is_some()) {
        word(&format!("extension_{typ:?}"), &[&typ.0.to_be_bytes()[..], &[0, 0]].concat());
    }
    text
}
