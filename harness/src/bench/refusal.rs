//! What a refusal costs the side that refuses, from opening it to its last word.

use std::fmt;
use std::sync::Arc;

use crate::edit::{Change, Edit, Editor, Place};
use crate::engine::{Backend, CannotPlay, EndpointSpec, Prepared, Role, Status};
use crate::pki::CertificateKind;
use crate::registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion};

use super::drive::{Cost, Ended, Meter, clock, drive};
use super::keys::Keys;

/// Why a handshake is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A server of TLS 1.2 and 1.3 is asked for TLS 1.1 (RFC 8446 4.2.1, RFC 5246 E.1).
    OldHello,
    /// A server of ECDHE is asked for RSA key transport only.
    NoForwardSecrecy,
    /// A server of TLS 1.3 and X25519 is offered P-384 only.
    NoCommonGroup,
    /// A client of TLS 1.2 and 1.3 is answered in TLS 1.1: the version in the ServerHello is changed on its way.
    OldServer,
    /// A client that trusts another CA is shown a certificate.
    UnknownIssuer,
    /// A client that wants another host is shown a certificate for this one (RFC 9525 6).
    WrongHost,
}

impl Reason {
    pub const ALL: [Self; 6] = [
        Self::OldHello,
        Self::NoForwardSecrecy,
        Self::NoCommonGroup,
        Self::OldServer,
        Self::UnknownIssuer,
        Self::WrongHost,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OldHello => "old-hello",
            Self::NoForwardSecrecy => "no-forward-secrecy",
            Self::NoCommonGroup => "no-common-group",
            Self::OldServer => "old-server",
            Self::UnknownIssuer => "unknown-issuer",
            Self::WrongHost => "wrong-host",
        }
    }

    /// Who refuses.
    pub const fn side(self) -> Role {
        match self {
            Self::OldHello | Self::NoForwardSecrecy | Self::NoCommonGroup => Role::Server,
            Self::OldServer | Self::UnknownIssuer | Self::WrongHost => Role::Client,
        }
    }

    /// What the other side is told. Before it looks at the version rustls misses the signature schemes, which a client of TLS 1.1
    /// does not send; s2n has no fatal alert for most faults.
    fn alert(self, stack: &str) -> AlertDescription {
        use AlertDescription as A;
        match (self, stack) {
            (Self::OldHello, "rustls") => A::HANDSHAKE_FAILURE,
            (Self::OldHello | Self::OldServer, _) => A::PROTOCOL_VERSION,
            (_, "s2n") => A::CLOSE_NOTIFY,
            (Self::NoForwardSecrecy | Self::NoCommonGroup, _) => A::HANDSHAKE_FAILURE,
            (Self::UnknownIssuer, _) => A::UNKNOWN_CA,
            (Self::WrongHost, _) => A::BAD_CERTIFICATE,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Two ends of which one refuses.
pub struct Refusal {
    reason: Reason,
    backend: &'static str,
    client: Box<dyn Prepared>,
    server: Box<dyn Prepared>,
}

/// Why a refusal cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum NoRefusal {
    #[error(transparent)]
    CannotPlay(#[from] CannotPlay),
    /// Not what was to be measured: a bench of it would lie.
    #[error("{backend}, {reason}: {text}")]
    Other { backend: &'static str, reason: Reason, text: String },
}

impl Refusal {
    /// Builds `backend`'s side, which refuses, and `other`'s, which gives it the reason; and proves with one handshake that it
    /// is refused by that side and by the alert that belongs to the reason.
    ///
    /// # Errors
    /// If a stack does not have it, or if it comes to anything else.
    pub fn prepare(
        backend: &dyn Backend,
        other: &dyn Backend,
        reason: Reason,
        keys: &Keys,
    ) -> Result<Self, NoRefusal> {
        let (client, server) = specs(reason, keys);
        let (client, server) = match reason.side() {
            Role::Server => (other.prepare(Role::Client, &client)?, backend.prepare(Role::Server, &server)?),
            Role::Client => (backend.prepare(Role::Client, &client)?, other.prepare(Role::Server, &server)?),
        };
        let refusal = Self { reason, backend: backend.id(), client, server };
        refusal.prove()?;
        Ok(refusal)
    }

    fn other(&self, text: String) -> NoRefusal {
        NoRefusal::Other { backend: self.backend, reason: self.reason, text }
    }

    fn prove(&self) -> Result<(), NoRefusal> {
        let refuses_as_client = self.reason.side() == Role::Client;
        let mut last = Vec::new();
        let ended = self.drive(&clock, |is_clients, bytes| {
            if is_clients == refuses_as_client {
                last = bytes.to_vec();
            }
        })?;
        let (refusing, told) = match self.reason.side() {
            Role::Server => (&ended.server, &ended.client),
            Role::Client => (&ended.client, &ended.server),
        };
        match refusing.status() {
            Status::Failed(failure) if failure.alert_received.is_none() => {}
            status => return Err(self.other(format!("the side that is to refuse is {status:?}"))),
        }
        // In the clear it is read from the wire: a server that is done with the connection for another reason does not tell.
        let alert = match (&*last, told.status()) {
            ([21, _, _, 0, 2, _, description], _) => Some(AlertDescription(*description)),
            (_, Status::Failed(failure)) => failure.alert_received,
            _ => None,
        };
        if alert != Some(self.reason.alert(self.backend)) {
            return Err(self.other(format!("by {alert:?}")));
        }
        Ok(())
    }

    /// One refusal, by any meter. The refusing side's share is that of [`Reason::side`].
    ///
    /// # Errors
    /// If it is not refused by that side.
    pub fn measure(&self, meter: Meter) -> Result<Cost, NoRefusal> {
        let ended = self.drive(meter, |_, _| ())?;
        let refusing = if self.reason.side() == Role::Server { &ended.server } else { &ended.client };
        if !matches!(refusing.status(), Status::Failed(_)) {
            return Err(self.other(format!("not refused: {:?}", refusing.status())));
        }
        Ok(ended.cost)
    }

    fn drive(&self, meter: Meter, mut seen: impl FnMut(bool, &[u8])) -> Result<Ended, NoRefusal> {
        if self.reason != Reason::OldServer {
            return Ok(drive(&*self.client, &*self.server, meter, |is_clients, bytes| {
                seen(is_clients, bytes)
            })?);
        }
        let change = Change::SetVersion(ProtocolVersion::TLS1_1);
        let mut editor = Editor::new(&[Edit { at: Place::SERVER_HELLO, change }]);
        Ok(drive(&*self.client, &*self.server, meter, |is_clients, bytes| {
            seen(is_clients, bytes);
            let sent = std::mem::take(bytes);
            if is_clients {
                editor.client_to_server(&sent, bytes);
            } else {
                editor.server_to_client(&sent, bytes);
            }
        })?)
    }
}

/// Client and server of a reason. What is not part of the reason is a usual handshake of ECDSA P-256 and X25519.
fn specs(reason: Reason, keys: &Keys) -> (EndpointSpec, EndpointSpec) {
    use ProtocolVersion as V;
    let (gcm13, ecdhe, rsa) = (CipherSuite(0x1301), CipherSuite(0xC02B), CipherSuite(0x009C));
    // With CBC, for versions before TLS 1.2.
    let old = CipherSuite(0xC009);
    let strong = EndpointSpec {
        versions: vec![V::TLS1_2, V::TLS1_3],
        suites: vec![gcm13, ecdhe],
        groups: vec![NamedGroup::X25519, NamedGroup::SECP256R1],
        ..EndpointSpec::default()
    };
    let mut client = EndpointSpec {
        trust: Some(Arc::clone(keys.ca())),
        server_name: "localhost".to_owned(),
        ..strong.clone()
    };
    let mut server = EndpointSpec {
        identities: keys.identity(CertificateKind::EcdsaP256).into_iter().collect(),
        server_order: true,
        ..strong
    };
    match reason {
        Reason::OldHello => (client.versions, client.suites) = (vec![V::TLS1_1], vec![old]),
        Reason::NoForwardSecrecy => (client.versions, client.suites) = (vec![V::TLS1_2], vec![rsa]),
        Reason::NoCommonGroup => {
            (client.versions, server.versions) = (vec![V::TLS1_3], vec![V::TLS1_3]);
            (client.suites, server.suites) = (vec![gcm13], vec![gcm13]);
            (client.groups, server.groups) = (vec![NamedGroup::SECP384R1], vec![NamedGroup::X25519]);
        }
        Reason::OldServer => server.versions = vec![V::TLS1_2],
        Reason::UnknownIssuer => {
            let stranger = keys.identity(CertificateKind::EcdsaP384);
            client.trust = stranger.and_then(|identity| identity.chain.first().cloned()).map(Arc::new);
        }
        Reason::WrongHost => client.server_name = "elsewhere.invalid".to_owned(),
    }
    (client, server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::backends;

    /// Every stack refuses for every reason, the one that is to, in as many flights as it takes; what it cannot be set to
    /// is written down.
    #[test]
    fn every_reason_is_the_reason() {
        let (stacks, keys) = (backends(), Keys::fixed());
        let mut rows = Vec::new();
        for backend in stacks.values() {
            for reason in Reason::ALL {
                let row = match Refusal::prepare(&**backend, &*stacks["openssl"], reason, &keys) {
                    Ok(refusal) => refusal.measure(&clock).unwrap().flights.to_string(),
                    Err(NoRefusal::CannotPlay(why)) => why.to_string(),
                    Err(error) => error.to_string(),
                };
                rows.push(format!("{} {reason} {row}", backend.id()));
            }
        }
        // A server refuses in the second flight, a client in the third.
        let all = "openssl rustls s2n".split(' ').flat_map(|id| {
            Reason::ALL
                .map(|reason| format!("{id} {reason} {}", if reason.side() == Role::Server { 2 } else { 3 }))
        });
        assert_eq!(rows, all.collect::<Vec<_>>());
    }
}
