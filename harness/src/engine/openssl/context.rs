//! From an [`EndpointSpec`] to an `SSL_CTX`.

use std::fmt::Write as _;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{
    AlpnError, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode,
    SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

use crate::registry::{self, ProtocolVersion};

use super::super::{CannotPlay, EndpointSpec, ExternalPsk, Resumption, Role};
use super::{ID, configuration, known, params};

/// `SSL_OP_ALLOW_NO_DHE_KEX`: accept and offer `psk_ke`.
const ALLOW_NO_DHE_KEX: u64 = 1 << 10;
/// `SSL_OP_PREFER_NO_DHE_KEX` (3.3 and later): a server then takes `psk_ke` where it is offered.
const PREFER_NO_DHE_KEX: u64 = 1 << 35;
/// `SSL_OP_LEGACY_SERVER_CONNECT`: a client must not refuse for want of secure renegotiation here.
const LEGACY_SERVER_CONNECT: u64 = 1 << 2;

/// Everything that the context depends on, as text.
pub(super) fn cache_key(role: Role, spec: &EndpointSpec) -> String {
    let mut key = format!(
        "{role:?} {:?} {:?} {:?} {:?} {} {} {:?} {} {:?} {:?} ",
        spec.versions,
        spec.suites,
        spec.groups,
        spec.schemes,
        spec.server_order,
        spec.asks_client,
        spec.alpn,
        spec.dh_bits,
        spec.psk,
        spec.resumption
    );
    // Identities are shared, and held by the cache, so their address names them.
    let _ = write!(key, "{:?} ", spec.identities.iter().map(Arc::as_ptr).collect::<Vec<_>>());
    let _ = write!(key, "{:?}", spec.trust.as_ref().map(Arc::as_ptr));
    key
}

pub(super) fn build(role: Role, spec: &EndpointSpec) -> Result<SslContext, CannotPlay> {
    let method = match role {
        Role::Client => SslMethod::tls_client(),
        Role::Server => SslMethod::tls_server(),
    };
    let mut builder = SslContextBuilder::new(method).map_err(|e| configuration(&e))?;
    // Level 0 on the context *and* in the cipher string, and before set_tmp_dh.
    builder.set_security_level(0);
    set_versions(&mut builder, spec)?;
    set_suites(&mut builder, spec)?;
    set_groups_and_schemes(&mut builder, spec)?;
    builder.set_options(SslOptions::NO_COMPRESSION);
    set_resumption(&mut builder, role, spec.resumption).map_err(|e| configuration(&e))?;
    if let Some(psk) = &spec.psk {
        set_psk(&mut builder, role, psk);
    }
    match role {
        Role::Server => {
            set_finite_field(&mut builder, spec.dh_bits)?;
            set_server(&mut builder, spec)
        }
        Role::Client => set_client(&mut builder, spec),
    }
    .map_err(|e| configuration(&e))?;
    Ok(builder.build())
}

/// A client keeps its session by hand, so it needs no cache.
fn set_resumption(
    builder: &mut SslContextBuilder,
    role: Role,
    resumption: Resumption,
) -> Result<(), ErrorStack> {
    let is_cached = role == Role::Server && resumption.ids;
    builder.set_session_cache_mode(if is_cached {
        SslSessionCacheMode::SERVER
    } else {
        SslSessionCacheMode::OFF
    });
    if !resumption.tickets {
        builder.set_options(SslOptions::NO_TICKET);
    }
    if role == Role::Server {
        builder.set_num_tickets(usize::from(resumption.tickets))?;
        // Without a name for its sessions a server resumes none.
        builder.set_session_id_context(b"shakedown")?;
    }
    Ok(())
}

fn set_versions(builder: &mut SslContextBuilder, spec: &EndpointSpec) -> Result<(), CannotPlay> {
    let (Some(&oldest), Some(&newest)) = (spec.versions.first(), spec.versions.last()) else {
        return Ok(());
    };
    let (min, max) = (ssl_version(oldest)?, ssl_version(newest)?);
    let set =
        builder.set_min_proto_version(Some(min)).and_then(|()| builder.set_max_proto_version(Some(max)));
    set.map_err(|e| configuration(&e))?;
    // Holes in the range.
    for version in ProtocolVersion::ALL {
        if version > oldest && version < newest && !spec.versions.contains(&version) {
            builder.set_options(match version {
                ProtocolVersion::TLS1_0 => SslOptions::NO_TLSV1,
                ProtocolVersion::TLS1_1 => SslOptions::NO_TLSV1_1,
                _ => SslOptions::NO_TLSV1_2,
            });
        }
    }
    Ok(())
}

fn ssl_version(version: ProtocolVersion) -> Result<SslVersion, CannotPlay> {
    Ok(match version {
        ProtocolVersion::SSL3 => SslVersion::SSL3,
        ProtocolVersion::TLS1_0 => SslVersion::TLS1,
        ProtocolVersion::TLS1_1 => SslVersion::TLS1_1,
        ProtocolVersion::TLS1_2 => SslVersion::TLS1_2,
        ProtocolVersion::TLS1_3 => SslVersion::TLS1_3,
        _ => return Err(CannotPlay::Version { backend: ID.to_owned(), version }),
    })
}

fn set_suites(builder: &mut SslContextBuilder, spec: &EndpointSpec) -> Result<(), CannotPlay> {
    if spec.suites.is_empty() {
        let tls13: Vec<&str> = registry::suites()
            .iter()
            .filter(|facts| facts.usable_in(ProtocolVersion::TLS1_3))
            .filter_map(|facts| known::suite(facts.suite))
            .collect();
        return builder
            .set_ciphersuites(&tls13.join(":"))
            .and_then(|()| builder.set_cipher_list("ALL:COMPLEMENTOFALL:@SECLEVEL=0"))
            .map_err(|e| configuration(&e));
    }
    let (mut tls13, mut older) = (Vec::new(), Vec::new());
    for &suite in &spec.suites {
        let name = known::suite(suite).ok_or(CannotPlay::Suite { backend: ID.to_owned(), suite })?;
        if registry::suite(suite).is_some_and(|facts| facts.usable_in(ProtocolVersion::TLS1_3)) {
            tls13.push(name);
        } else {
            older.push(name);
        }
    }
    let names_13 = tls13.join(":");
    builder.set_ciphersuites(&names_13).map_err(|e| configuration(&e))?;
    if older.is_empty() {
        // An empty list is refused; without TLS 1.2 and older the list is not used.
        if spec.versions.iter().any(|v| *v < ProtocolVersion::TLS1_3) {
            return Err(CannotPlay::Feature {
                backend: ID.to_owned(),
                what: "TLS 1.2 or older without a suite for it",
            });
        }
        return Ok(());
    }
    builder.set_cipher_list(&format!("{}:@SECLEVEL=0", older.join(":"))).map_err(|e| configuration(&e))
}

fn set_groups_and_schemes(builder: &mut SslContextBuilder, spec: &EndpointSpec) -> Result<(), CannotPlay> {
    if !spec.groups.is_empty() {
        let name = |group| known::group(group).ok_or(CannotPlay::Group { backend: ID.to_owned(), group });
        let names: Vec<&str> = spec.groups.iter().map(|group| name(*group)).collect::<Result<_, _>>()?;
        builder.set_groups_list(&names.join(":")).map_err(|e| configuration(&e))?;
    }
    // SHA-1 and DSA are not in OpenSSL's default list at any level; the old suites need them.
    let schemes: Vec<String> = if spec.schemes.is_empty() {
        DEFAULT_SCHEMES.split(':').map(str::to_owned).collect()
    } else {
        let name =
            |scheme| known::scheme(scheme).ok_or(CannotPlay::Scheme { backend: ID.to_owned(), scheme });
        spec.schemes.iter().map(|scheme| name(*scheme).map(str::to_owned)).collect::<Result<_, _>>()?
    };
    builder.set_sigalgs_list(&schemes.join(":")).map_err(|e| configuration(&e))
}

/// No MD5, and SHA-1 last: our own flights must not be refused for their signature (design 1, rule 9).
const DEFAULT_SCHEMES: &str = "ECDSA+SHA256:ed25519:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:\
ECDSA+SHA512:RSA-PSS+SHA512:RSA+SHA512:DSA+SHA256:RSA+SHA1:ECDSA+SHA1:DSA+SHA1";

fn set_psk(builder: &mut SslContextBuilder, role: Role, psk: &ExternalPsk) {
    if psk.without_dhe {
        builder.set_options(SslOptions::from_bits_retain(ALLOW_NO_DHE_KEX | PREFER_NO_DHE_KEX));
    }
    let ExternalPsk { identity, key, .. } = psk.clone();
    match role {
        Role::Server => builder.set_psk_server_callback(move |_, offered, out| {
            let known = offered == Some(identity.as_bytes());
            Ok(if known { copy_into(out, &key) } else { 0 })
        }),
        Role::Client => builder.set_psk_client_callback(move |_, _, identity_out, key_out| {
            let written = copy_into(identity_out, identity.as_bytes());
            if let Some(end) = identity_out.get_mut(written) {
                *end = 0; // a C string
            }
            Ok(copy_into(key_out, &key))
        }),
    }
}

/// Copies as much as fits; the number of bytes copied.
fn copy_into(out: &mut [u8], bytes: &[u8]) -> usize {
    let length = bytes.len().min(out.len());
    out[..length].copy_from_slice(&bytes[..length]);
    length
}

fn set_finite_field(builder: &mut SslContextBuilder, bits: u16) -> Result<(), CannotPlay> {
    if bits == 0 {
        return Ok(());
    }
    // Without a group the DHE suites would be there and never be chosen.
    let dh = params::dh(bits)
        .map_err(|e| configuration(&e))?
        .ok_or(CannotPlay::FiniteField { backend: ID.to_owned(), bits })?;
    builder.set_tmp_dh(&dh).map_err(|e| configuration(&e))
}

fn set_server(builder: &mut SslContextBuilder, spec: &EndpointSpec) -> Result<(), ErrorStack> {
    if spec.server_order {
        builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
    }
    // Ten thousand idle connections would keep some 34 KiB of record buffers each.
    builder.set_mode(SslMode::RELEASE_BUFFERS);
    match &spec.trust {
        Some(ca) if spec.asks_client => {
            set_trust(builder, ca)?;
            builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        }
        // Who the client is decides nothing here.
        None if spec.asks_client => builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true),
        _ => {}
    }
    set_identities(builder, spec)?;
    if !spec.alpn.is_empty() {
        let ours = spec.alpn.clone();
        builder.set_alpn_select_callback(move |_, offered| {
            ours.iter()
                .find_map(|wanted| alpn_names(offered).find(|name| name == wanted))
                .ok_or(AlpnError::NOACK)
        });
    }
    Ok(())
}

fn set_identities(builder: &mut SslContextBuilder, spec: &EndpointSpec) -> Result<(), ErrorStack> {
    for identity in &spec.identities {
        for (i, der) in identity.chain.iter().enumerate() {
            let certificate = X509::from_der(der)?;
            if i == 0 {
                builder.set_certificate(&certificate)?;
            } else {
                builder.add_extra_chain_cert(certificate)?;
            }
        }
        let key = PKey::private_key_from_der(&identity.key)?;
        builder.set_private_key(&key)?;
    }
    Ok(())
}

/// The protocol names of a client's list; ends where the list is broken.
fn alpn_names(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = list.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        list = rest;
        Some(name)
    })
}

fn set_client(builder: &mut SslContextBuilder, spec: &EndpointSpec) -> Result<(), ErrorStack> {
    builder.set_options(SslOptions::from_bits_retain(LEGACY_SERVER_CONNECT));
    match &spec.trust {
        Some(ca) => {
            set_trust(builder, ca)?;
            builder.set_verify(SslVerifyMode::PEER);
        }
        None => builder.set_verify(SslVerifyMode::NONE),
    }
    set_identities(builder, spec)?;
    let protocols = wire_alpn(&spec.alpn);
    if !protocols.is_empty() {
        builder.set_alpn_protos(&protocols)?;
    }
    Ok(())
}

fn set_trust(builder: &mut SslContextBuilder, ca: &[u8]) -> Result<(), ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    store.add_cert(X509::from_der(ca)?)?;
    builder.set_cert_store(store.build());
    // Else the library shows that CA behind its own certificate.
    builder.set_mode(SslMode::NO_AUTO_CHAIN);
    Ok(())
}

/// RFC 7301 3.1: each name behind its length in one byte. Longer names cannot exist.
fn wire_alpn(protocols: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for protocol in protocols {
        if let Ok(length) = u8::try_from(protocol.len()) {
            out.push(length);
            out.extend_from_slice(protocol);
        }
    }
    out
}
