//! A refused hello with one fault mended: what a reason for a refusal is put to the test with.

use crate::oracle::RefusalReason;
use crate::pki::CertificateKind;
use crate::policy::Policy;
use crate::registry::{CipherSuite, NamedGroup, SignatureScheme};
use crate::wire::{ClientHello, Extension, ExtensionType};

/// The hello without the fault that a server of this policy refuses it for; else it stays as it is. `None` where that
/// takes another hello altogether.
pub(super) fn mended(
    reason: RefusalReason,
    (policy, certificate): (&Policy, CertificateKind),
    hello: &ClientHello,
) -> Option<ClientHello> {
    let mut hello = hello.clone();
    match reason {
        RefusalReason::InappropriateFallback => {
            hello.cipher_suites.retain(|suite| *suite != CipherSuite::FALLBACK_SCSV);
        }
        RefusalReason::Compression => hello.compression_methods = vec![0],
        RefusalReason::PointFormats => set(&mut hello, Extension::EcPointFormats(vec![0]))?,
        RefusalReason::Renegotiation => set(&mut hello, Extension::RenegotiationInfo(Vec::new()))?,
        RefusalReason::MissingExtension => {
            if hello.groups().is_none() {
                set(&mut hello, Extension::SupportedGroups(policy.groups.clone()))?;
            }
            if !hello.has(ExtensionType::KEY_SHARE) {
                set(&mut hello, Extension::KeyShareOffer(Vec::new()))?;
            }
            if hello.signature_schemes().is_none() {
                set(&mut hello, Extension::SignatureAlgorithms(policy.schemes.clone()))?;
            }
        }
        RefusalReason::NoCommonSuite => {
            hello.cipher_suites = with(Some(&hello.cipher_suites), &policy.suites);
        }
        // A key that goes with none of the server's own schemes is no fault of the hello.
        RefusalReason::NoCommonScheme if can_sign(policy, certificate) => {
            let schemes = with(hello.signature_schemes(), &policy.schemes);
            set(&mut hello, Extension::SignatureAlgorithms(schemes))?;
        }
        RefusalReason::NoCommonGroup | RefusalReason::NoCommonFiniteField => {
            let mut groups = with(hello.groups(), &policy.groups);
            // RFC 8422 5.3: up to TLS 1.2 the curve of the certificate has to be there, too.
            if !groups.contains(&NamedGroup::SECP256R1) {
                groups.push(NamedGroup::SECP256R1);
            }
            set(&mut hello, Extension::SupportedGroups(groups))?;
        }
        // Another version asks for other extensions, and the server's certificate and keys are its own.
        RefusalReason::NoCommonVersion
        | RefusalReason::NoCommonScheme
        | RefusalReason::NoUsableCertificate
        | RefusalReason::NoPsk => return None,
    }
    Some(hello)
}

/// The client's list with what it lacks of the server's behind it.
fn with<T: Copy + PartialEq>(theirs: Option<&[T]>, ours: &[T]) -> Vec<T> {
    let theirs = theirs.unwrap_or_default();
    theirs.iter().chain(ours.iter().filter(|item| !theirs.contains(item))).copied().collect()
}

/// Whether the server has a scheme that its key can sign with in TLS 1.2 and 1.3.
fn can_sign(policy: &Policy, certificate: CertificateKind) -> bool {
    let schemes: &[SignatureScheme] = match certificate {
        CertificateKind::EcdsaP256 => &[SignatureScheme::ECDSA_SECP256R1_SHA256],
        _ => &[SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme(0x0805), SignatureScheme(0x0806)],
    };
    schemes.iter().any(|scheme| policy.schemes.contains(scheme))
}

/// Puts an extension into the place of the one of its kind, else at the end. `None` if the hello has no room for
/// extensions: SSL 3.
fn set(hello: &mut ClientHello, extension: Extension) -> Option<()> {
    let all = hello.extensions.as_mut()?;
    match all.iter_mut().find(|other| other.typ() == extension.typ()) {
        Some(place) => *place = extension,
        None => all.push(extension),
    }
    Some(())
}
