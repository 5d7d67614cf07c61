//! What must hold for every row of both tables.

use crate::wire::codec::{DecodeError, Encode};
use crate::wire::extension::{Extension, ExtensionContext, ExtensionType};
use crate::wire::handshake::{Context, Handshake, HandshakeType};
use crate::wire::samples::{Cuts, extensions, messages};

/// Values that break lengths, counts and enumerations alike.
fn disturbed(byte: u8) -> [u8; 6] {
    [0x00, 0xFF, 0x7F, byte ^ 0x01, byte ^ 0x80, byte.wrapping_add(1)]
}

fn framed(typ: HandshakeType, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[typ.0, len[1], len[2], len[3]], body].concat()
}

#[test]
fn every_message_decodes_to_its_value_and_encodes_to_its_bytes() {
    for sample in messages() {
        for context in sample.contexts() {
            let what = format!("{} in {}", sample.name, context.version);
            let decoded = Handshake::decode(sample.typ, &sample.body, &context);
            assert_eq!(decoded.as_ref(), Ok(&sample.message), "{what}");
            let bytes = framed(sample.typ, &sample.body);
            assert_eq!(sample.message.to_message_bytes(), bytes, "{what}");
            assert_eq!(Handshake::decode_message(&bytes, &context), decoded, "{what}");
        }
    }
}

#[test]
fn a_message_cut_short_anywhere_is_an_error() {
    for sample in messages() {
        let bytes = framed(sample.typ, &sample.body);
        for context in sample.contexts() {
            for len in 0..bytes.len() {
                let decoded = Handshake::decode_message(&bytes[..len], &context);
                assert!(
                    matches!(decoded, Err(DecodeError::Truncated { .. })),
                    "{} in {} at {len}: {decoded:?}",
                    sample.name,
                    context.version
                );
            }
        }
    }
}

#[test]
fn a_body_cut_short_behind_an_honest_length_is_an_error_except_where_the_table_says() {
    for sample in messages() {
        for context in sample.contexts() {
            for len in 0..sample.body.len() {
                let decoded = Handshake::decode(sample.typ, &sample.body[..len], &context);
                let what = format!("{} in {} at {len}: {decoded:?}", sample.name, context.version);
                assert_eq!(decoded.is_ok(), sample.cuts.allow(len), "{what}");
                assert_ne!(decoded.as_ref(), Ok(&sample.message), "{what}");
            }
        }
    }
}

#[test]
fn a_byte_after_a_message_is_an_error() {
    for sample in messages() {
        for context in sample.contexts() {
            let what = format!("{} in {}", sample.name, context.version);
            let mut bytes = framed(sample.typ, &sample.body);
            bytes.push(0);
            assert_eq!(
                Handshake::decode_message(&bytes, &context),
                Err(DecodeError::Trailing { what: "handshake message", extra: 1 }),
                "{what}"
            );
        }
    }
}

#[test]
fn a_byte_after_a_body_is_an_error_except_where_the_body_has_no_end_of_its_own() {
    for sample in messages() {
        let mut body = sample.body.clone();
        body.push(0);
        for context in sample.contexts() {
            let decoded = Handshake::decode(sample.typ, &body, &context);
            let what = format!("{} in {}: {decoded:?}", sample.name, context.version);
            assert_eq!(decoded.is_ok(), ends_open(&sample.message, &context, sample.cuts), "{what}");
        }
    }
}

/// Messages whose last part runs to the end of the body.
fn ends_open(message: &Handshake, context: &Context, cuts: Cuts) -> bool {
    use crate::registry::ProtocolVersion;
    use crate::wire::extension::CertificateStatus;
    use crate::wire::handshake::ServerKeyExchange;
    match message {
        // 12 bytes in TLS 1.2 and the hash's length in TLS 1.3 are customs of the suite, not of the message.
        Handshake::Finished(_) => context.version >= ProtocolVersion::TLS1_2,
        Handshake::CertificateStatus(CertificateStatus::Other { .. })
        | Handshake::ServerKeyExchange(ServerKeyExchange::Opaque(_)) => true,
        _ => matches!(cuts, Cuts::Anywhere(_)),
    }
}

#[test]
fn a_disturbed_byte_never_panics_and_what_still_decodes_encodes_to_the_same_bytes() {
    let mut survivors = 0;
    for sample in messages() {
        for context in sample.contexts() {
            for at in 0..sample.body.len() {
                for value in disturbed(sample.body[at]) {
                    let mut body = sample.body.clone();
                    body[at] = value;
                    if let Ok(decoded) = Handshake::decode(sample.typ, &body, &context) {
                        assert_eq!(decoded.to_message_bytes(), framed(sample.typ, &body), "{}", sample.name);
                        survivors += 1;
                    }
                }
            }
        }
    }
    assert!(survivors > 1000, "only {survivors} disturbed messages decoded: the samples test too little");
}

#[test]
fn a_body_under_a_wrong_type_or_version_never_panics_and_is_kept_exactly_if_it_decodes() {
    let samples = messages();
    for sample in &samples {
        for other in &samples {
            for context in other.contexts() {
                if let Ok(decoded) = Handshake::decode(other.typ, &sample.body, &context) {
                    assert_eq!(decoded.to_message_bytes(), framed(other.typ, &sample.body));
                }
            }
        }
    }
}

#[test]
fn every_extension_decodes_to_its_value_and_encodes_to_its_bytes() {
    for sample in extensions() {
        let what = format!("{} in {:?}", sample.typ, sample.context);
        let decoded = Extension::decode_body(sample.typ, &sample.body, sample.context);
        assert_eq!(decoded.as_ref(), Ok(&sample.extension), "{what}");
        let [high, low] = sample.typ.0.to_be_bytes();
        let len = u8::try_from(sample.body.len()).unwrap();
        let bytes = [&[high, low, 0, len], sample.body.as_slice()].concat();
        assert_eq!(sample.extension.to_bytes(), bytes, "{what}");
    }
}

#[test]
fn an_extension_cut_short_is_an_error_except_where_the_table_says() {
    for sample in extensions() {
        for len in 0..sample.body.len() {
            let decoded = Extension::decode_body(sample.typ, &sample.body[..len], sample.context);
            let what = format!("{} in {:?} at {len}: {decoded:?}", sample.typ, sample.context);
            assert_eq!(decoded.is_ok(), sample.cuts.allow(len), "{what}");
        }
    }
}

#[test]
fn a_byte_after_an_extension_is_an_error_except_where_the_table_says() {
    for sample in extensions() {
        let mut body = sample.body.clone();
        body.push(0);
        let decoded = Extension::decode_body(sample.typ, &body, sample.context);
        let open = !matches!(sample.cuts, Cuts::Never);
        assert_eq!(decoded.is_ok(), open, "{} in {:?}: {decoded:?}", sample.typ, sample.context);
    }
}

#[test]
fn a_disturbed_extension_never_panics_and_what_still_decodes_encodes_to_the_same_bytes() {
    for sample in extensions() {
        for at in 0..sample.body.len() {
            for value in disturbed(sample.body[at]) {
                let mut body = sample.body.clone();
                body[at] = value;
                if let Ok(decoded) = Extension::decode_body(sample.typ, &body, sample.context) {
                    let mut encoded = Vec::new();
                    decoded.encode_body(&mut encoded);
                    assert_eq!(encoded, body, "{} in {:?}", sample.typ, sample.context);
                }
            }
        }
    }
}

#[test]
fn every_form_is_kept_in_every_message_even_where_it_does_not_belong() {
    for sample in extensions() {
        for context in ExtensionContext::ALL {
            if let Ok(decoded) = Extension::decode_body(sample.typ, &sample.body, context) {
                let mut encoded = Vec::new();
                decoded.encode_body(&mut encoded);
                assert_eq!((decoded.typ(), encoded), (sample.typ, sample.body.clone()), "{context:?}");
            }
        }
    }
}

#[test]
fn grease_is_kept_in_every_message() {
    for high in 0..16_u16 {
        let typ = ExtensionType(high << 12 | high << 4 | 0x0A0A);
        assert!(typ.is_grease(), "{typ}");
        for context in ExtensionContext::ALL {
            let kept = Extension::Unknown { typ, body: vec![0] };
            assert_eq!(Extension::decode_body(typ, &[0], context), Ok(kept));
        }
    }
    assert!(!ExtensionType(0x0A1A).is_grease() && !ExtensionType(0x0B0B).is_grease());
}
