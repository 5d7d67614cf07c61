//! What a hello states.

use super::*;

const ALL: [ProtocolVersion; 5] = ProtocolVersion::ALL;

#[test]
fn a_hello_before_tls_1_3_states_its_maximum_and_nothing_below() {
    use Stated::{No, NotStated, Yes};
    let rows = [
        (ProtocolVersion::SSL3, [Yes, No, No, No, No]),
        (ProtocolVersion::TLS1_0, [NotStated, Yes, No, No, No]),
        (ProtocolVersion::TLS1_1, [NotStated, NotStated, Yes, No, No]),
        (ProtocolVersion::TLS1_2, [NotStated, NotStated, NotStated, Yes, No]),
        // TLS 1.3 cannot be had by the version field (RFC 8446 4.2.1).
        (ProtocolVersion::TLS1_3, [NotStated, NotStated, NotStated, NotStated, No]),
        (ProtocolVersion(0x0305), [NotStated, NotStated, NotStated, NotStated, No]),
        (ProtocolVersion(0x0200), [No, No, No, No, No]),
    ];
    for (max, expected) in rows {
        let offer = Offer::new(max);
        assert_eq!(ALL.map(|version| offer.states_version(version)), expected, "{max}");
    }
}

#[test]
fn supported_versions_is_exact_and_silences_the_version_field() {
    use Stated::{No, Yes};
    let states = |legacy, list: &[ProtocolVersion]| {
        let offer = Offer { supported_versions: Some(list.to_vec()), ..Offer::new(legacy) };
        ALL.map(|version| offer.states_version(version))
    };
    let (v10, v12, v13) = (ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3);
    assert_eq!(states(v12, &[v13, v12]), [No, No, No, Yes, Yes]);
    assert_eq!(states(v12, &[v13]), [No, No, No, No, Yes]);
    assert_eq!(states(v12, &[ProtocolVersion(0x1A1A), v10, v12]), [No, Yes, No, Yes, No]);
    assert_eq!(states(v12, &[]), [No; 5]);
}

#[test]
fn the_maximum_is_the_highest_version_that_can_be_negotiated() {
    let listed = |list: &[u16]| {
        let list = list.iter().copied().map(ProtocolVersion).collect();
        Offer { supported_versions: Some(list), ..Offer::new(ProtocolVersion::TLS1_2) }.max_version()
    };
    assert_eq!(listed(&[0x0303, 0x0304]), Some(ProtocolVersion::TLS1_3));
    assert_eq!(listed(&[0x7A7A, 0x0301, 0x0302]), Some(ProtocolVersion::TLS1_1), "GREASE is no version");
    assert_eq!(listed(&[0x0305, 0x7F1C]), None, "neither is a version of the future or a draft");
    assert_eq!(listed(&[]), None);
    assert_eq!(Offer::new(ProtocolVersion::TLS1_1).max_version(), Some(ProtocolVersion::TLS1_1));
    assert_eq!(Offer::new(ProtocolVersion::TLS1_3).max_version(), Some(ProtocolVersion::TLS1_2));
}

#[test]
fn normalised_hellos_differ_by_nothing_but_meaning() {
    let plain = Offer {
        psk_modes: Some(vec![1]),
        alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        ..tls13("TLS_AES_128_GCM_SHA256")
    };
    let greased = |value: u16, mode: u8| {
        let mut offer = plain.clone();
        offer.suites.insert(0, CipherSuite(value));
        offer.supported_versions.as_mut().expect("set").insert(0, ProtocolVersion(value));
        offer.groups.as_mut().expect("set").insert(0, NamedGroup(value));
        offer.key_shares.as_mut().expect("set").insert(0, NamedGroup(value));
        offer.schemes.as_mut().expect("set").push(SignatureScheme(value));
        offer.psk_modes.as_mut().expect("set").push(mode);
        offer.alpn.insert(0, value.to_be_bytes().to_vec());
        offer
    };
    // The values of RFC 8701 2, written out.
    let modes = [0x0B, 0x2A, 0x49, 0x68, 0x87, 0xA6, 0xC5, 0xE4];
    for (value, mode) in (0x0A0A..=0xFAFA).step_by(0x1010).zip(modes.iter().cycle()) {
        let offer = greased(value, *mode);
        assert_ne!(offer, plain);
        assert_eq!(offer.normalised(), plain, "{value:04X}");
    }
    assert_eq!(plain.normalised(), plain, "what is not GREASE stays: the ALPN of two bytes, the mode 1");
    for mode in [0, 1, 0x0A, 0x0C, 0xE5, 0xFF] {
        assert_ne!(
            Offer { psk_modes: Some(vec![mode, 1]), ..plain.clone() }.normalised(),
            plain,
            "{mode:#x}"
        );
    }
}
