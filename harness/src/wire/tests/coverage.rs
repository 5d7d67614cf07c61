//! The tables against the registry and against the decoder: nothing is missing from either.

use std::collections::BTreeSet;

use crate::registry::ProtocolVersion;
use crate::wire::extension::{Extension, ExtensionContext, ExtensionType};
use crate::wire::handshake::{Context, Handshake, HandshakeType};
use crate::wire::samples::{OMITTED, extensions, messages};

/// The assigned rows of IANA's "TLS HandshakeType" registry.
const IANA: &str = include_str!("../testdata/handshake-types.csv");

fn assigned() -> Vec<(HandshakeType, &'static str)> {
    let row = |line: &'static str| {
        let (value, name) = line.split_once(',').unwrap();
        (HandshakeType(value.parse().unwrap()), name)
    };
    IANA.lines().skip(1).map(row).collect()
}

#[test]
fn every_assigned_type_is_sampled_or_omitted_with_a_reason_in_every_version() {
    let sampled: BTreeSet<_> =
        messages().iter().flat_map(|s| s.versions.iter().map(|v| (s.typ, *v)).collect::<Vec<_>>()).collect();
    let mut omitted = BTreeSet::new();
    for (typ, versions, reason) in OMITTED {
        assert!(reason.len() > 10, "{typ} is omitted without a reason");
        for version in *versions {
            assert!(omitted.insert((*typ, *version)), "{typ} in {version} is omitted twice");
        }
    }
    for (typ, _) in assigned() {
        for version in ProtocolVersion::ALL {
            let (in_samples, in_omitted) =
                (sampled.contains(&(typ, version)), omitted.remove(&(typ, version)));
            assert!(in_samples || in_omitted, "{typ} in {version} has neither sample nor reason");
            assert!(!(in_samples && in_omitted), "{typ} in {version} has both a sample and a reason");
        }
    }
    assert!(omitted.is_empty(), "omitted, but not assigned: {omitted:?}");
}

#[test]
fn only_an_unassigned_type_is_sampled_as_unknown() {
    for sample in messages() {
        let is_unknown = matches!(sample.message, Handshake::Unknown { .. });
        let is_assigned = assigned().iter().any(|(typ, _)| *typ == sample.typ);
        assert_eq!(is_unknown, !is_assigned, "{}", sample.name);
    }
}

#[test]
fn an_omitted_message_keeps_its_bytes() {
    for (typ, versions, _) in OMITTED {
        for version in *versions {
            let decoded = Handshake::decode(*typ, &[0, 1, 2], &Context::new(*version));
            assert_eq!(decoded, Ok(Handshake::Unknown { typ: *typ, body: vec![0, 1, 2] }), "{version}");
        }
    }
}

#[test]
fn the_names_of_types_are_those_of_the_registry() {
    let assigned = assigned();
    assert_eq!(assigned.len(), 25);
    for value in 0..=u8::MAX {
        let expected = assigned.iter().find(|(typ, _)| typ.0 == value);
        let expected = expected.map(|(_, name)| name.trim_end_matches("_RESERVED"));
        assert_eq!(HandshakeType(value).name(), expected, "{value}");
    }
}

#[test]
fn every_extension_has_a_sample_in_every_message_where_it_has_a_form_and_no_other() {
    let sampled: BTreeSet<_> = extensions().iter().map(|s| (s.typ, format!("{:?}", s.context))).collect();
    let mut typed = BTreeSet::new();
    for value in 0..=u16::MAX {
        for context in ExtensionContext::ALL {
            let typ = ExtensionType(value);
            // A type without a form takes any body; one with a form takes it apart, or refuses it.
            let body = [0xFF; 3];
            match Extension::decode_body(typ, &body, context) {
                Ok(Extension::Unknown { typ: kept, body: bytes }) => {
                    assert_eq!((kept, bytes.as_slice()), (typ, body.as_slice()));
                }
                _ => assert!(typed.insert((typ, format!("{context:?}")))),
            }
        }
    }
    assert_eq!(typed, sampled);
}
