//! Changes of the two hellos, whose grammar an edit has to know.

use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::handshake::{DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12};
use crate::wire::{ClientHello, Context, Extension, Handshake, ServerHello};

use super::{Change, Sentinel};

/// Hellos read the same in every version.
const CONTEXT: Context = Context::new(ProtocolVersion::TLS1_2);

/// The changed message with its header; `None` if it cannot be read.
pub(super) fn rewrite(message: &[u8], change: &Change) -> Option<Vec<u8>> {
    let mut read = Handshake::decode_message(message, &CONTEXT).ok()?;
    match &mut read {
        Handshake::ClientHello(hello) => change_client_hello(hello, change),
        Handshake::ServerHello(hello) => change_server_hello(hello, change),
        _ => return None,
    }
    Some(read.to_message_bytes())
}

/// Whether a ServerHello chooses TLS 1.3.
pub(super) fn chooses_tls13(message: &[u8]) -> bool {
    let Ok(Handshake::ServerHello(hello)) = Handshake::decode_message(message, &CONTEXT) else {
        return false;
    };
    hello
        .extensions
        .iter()
        .flatten()
        .any(|e| matches!(e, Extension::SelectedVersion(version) if *version >= ProtocolVersion::TLS1_3))
}

fn change_client_hello(hello: &mut ClientHello, change: &Change) {
    match change {
        Change::SetVersion(version) => {
            hello.legacy_version = (*version).min(ProtocolVersion::TLS1_2);
            if *version < ProtocolVersion::TLS1_3 {
                remove(&mut hello.extensions, |e| matches!(e, Extension::SupportedVersions(_)));
            }
        }
        Change::OfferSuites(wanted) => {
            let offered: Vec<_> =
                wanted.iter().copied().filter(|s| hello.cipher_suites.contains(s)).collect();
            // The signal of RFC 5746 stands among the suites and is none. Without it the server would not answer
            // secure renegotiation, and some clients refuse for that alone.
            let signal = CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV;
            let signals = hello.cipher_suites.contains(&signal).then_some(signal);
            hello.cipher_suites = if offered.is_empty() { wanted.clone() } else { offered };
            hello.cipher_suites.extend(signals);
        }
        Change::OfferSchemes(schemes) => offer_schemes(&mut hello.extensions, schemes),
        Change::OfferGroups(groups) => offer_groups(&mut hello.extensions, groups),
        _ => change_extensions(&mut hello.extensions, change),
    }
}

/// A hello without the extension means SHA-1 (RFC 5246 7.4.1.4.1), which an honest server of today does not sign with.
fn offer_schemes(extensions: &mut Option<Vec<Extension>>, schemes: &[SignatureScheme]) {
    let is_list = |e: &Extension| matches!(e, Extension::SignatureAlgorithms(_));
    let is_offered = extensions.iter().flatten().any(
        |e| matches!(e, Extension::SignatureAlgorithms(offered) if offered.iter().any(|s| schemes.contains(s))),
    );
    if !is_offered {
        remove(extensions, is_list);
        extensions.get_or_insert_default().push(Extension::SignatureAlgorithms(schemes.to_vec()));
    }
}

/// In its place, since what comes last has a meaning in TLS 1.3 (RFC 8446 4.2.11).
fn offer_groups(extensions: &mut Option<Vec<Extension>>, groups: &[NamedGroup]) {
    let mut is_stated = false;
    for extension in extensions.iter_mut().flatten() {
        match extension {
            Extension::SupportedGroups(offered) => {
                *offered = groups.to_vec();
                is_stated = true;
            }
            Extension::KeyShareOffer(shares) => shares.retain(|share| groups.contains(&share.group)),
            _ => {}
        }
    }
    if !is_stated {
        extensions.get_or_insert_default().insert(0, Extension::SupportedGroups(groups.to_vec()));
    }
}

fn change_server_hello(hello: &mut ServerHello, change: &Change) {
    match change {
        Change::SetVersion(version) => {
            hello.legacy_version = *version;
            if *version < ProtocolVersion::TLS1_3 {
                remove(&mut hello.extensions, |e| matches!(e, Extension::SelectedVersion(_)));
            }
        }
        Change::SetSuite(suite) => hello.cipher_suite = *suite,
        Change::SetSentinel(sentinel) => set_sentinel(&mut hello.random, *sentinel),
        _ => change_extensions(&mut hello.extensions, change),
    }
}

fn change_extensions(extensions: &mut Option<Vec<Extension>>, change: &Change) {
    match change {
        Change::RemoveExtension(typ) => remove(extensions, |e| e.typ() == *typ),
        Change::InsertExtension(typ, body) => {
            extensions.get_or_insert_default().push(Extension::Unknown { typ: *typ, body: body.clone() });
        }
        _ => {}
    }
}

fn set_sentinel(random: &mut [u8; 32], sentinel: Sentinel) {
    let end = &mut random[24..];
    match sentinel {
        Sentinel::Tls12 => end.copy_from_slice(&DOWNGRADE_TO_TLS12),
        Sentinel::Tls11 => end.copy_from_slice(&DOWNGRADE_TO_TLS11),
        Sentinel::Absent if end.starts_with(&DOWNGRADE_TO_TLS12[..7]) => end[0] ^= 0xFF,
        Sentinel::Absent => {}
    }
}

fn remove(extensions: &mut Option<Vec<Extension>>, unwanted: impl Fn(&Extension) -> bool) {
    if let Some(list) = extensions {
        list.retain(|e| !unwanted(e));
    }
}
