//! OpenSSL's names of what this build has. Each is tried once, since a list with an unknown name is refused as a whole,
//! or silently drops it.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslMethod};

use crate::registry::{self, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

/// The name that works, if one does.
type Name = Option<&'static str>;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Suite,
    Group,
    Scheme,
}

/// Some suites were renamed, and the old name is then one that OpenSSL reads and finds nothing under.
pub(super) fn suite(suite: CipherSuite) -> Option<&'static str> {
    let facts = registry::suite(suite)?;
    let names = [facts.openssl_name, facts.openssl_alias];
    tried(Kind::Suite, suite.0, names.into_iter().flatten(), |probe, name| {
        if facts.usable_in(ProtocolVersion::TLS1_3) {
            probe.set_ciphersuites(name)
        } else {
            // The TLS 1.3 suites would be there all the same and hide that the list is empty.
            probe.set_ciphersuites("").and_then(|()| probe.set_cipher_list(&format!("{name}:@SECLEVEL=0")))
        }
    })
}

pub(super) fn group(group: NamedGroup) -> Option<&'static str> {
    let name = registry::group(group)?.openssl_name?.split(' ').next();
    tried(Kind::Group, group.0, name, SslContextBuilder::set_groups_list)
}

pub(super) fn scheme(scheme: SignatureScheme) -> Option<&'static str> {
    let name = registry::scheme(scheme)?.openssl_name;
    tried(Kind::Scheme, scheme.0, name, SslContextBuilder::set_sigalgs_list)
}

/// The first of the names that works.
fn tried(
    kind: Kind,
    value: u16,
    names: impl IntoIterator<Item = &'static str>,
    attempt: impl Fn(&mut SslContextBuilder, &str) -> Result<(), ErrorStack>,
) -> Option<&'static str> {
    static TRIED: OnceLock<Mutex<HashMap<(Kind, u16), Name>>> = OnceLock::new();
    let mut tried = TRIED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    *tried.entry((kind, value)).or_insert_with(|| {
        names.into_iter().find(|name| {
            SslContextBuilder::new(SslMethod::tls()).is_ok_and(|mut probe| {
                probe.set_security_level(0);
                attempt(&mut probe, name).is_ok()
            })
        })
    })
}
