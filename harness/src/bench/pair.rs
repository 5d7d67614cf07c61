//! Two ends that are ready for a handshake, and what one costs.

use std::sync::Arc;

use crate::engine::pair::handshake;
use crate::engine::{Backend, CannotPlay, EndpointSpec, Prepared, Resumption, Role, Status};
use crate::observe::Tap;
use crate::oracle::Proposal;
use crate::pki::Identity;
use crate::registry::{CipherSuite, ProtocolVersion};

use super::cell::{Cell, Exchange, Kind};
use super::drive::{Cost, Ended, Meter, clock, drive};
use super::keys::Keys;

/// Why a cell cannot be measured on a stack.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error(transparent)]
    CannotPlay(#[from] CannotPlay),
    #[error("{cell} is no handshake of the protocol")]
    NoSuite { cell: Cell },
    /// s2n keeps leading zeros of the secret, against RFC 5246 8.1.2 (docs/findings.md, L1).
    #[error("{backend} with a finite field and another stack's client: one handshake in 256 fails")]
    Unsteady { backend: &'static str },
    /// Not what was to be measured: a bench of it would lie.
    #[error("{backend}, {cell}: {text}")]
    Other { backend: &'static str, cell: Cell, text: String },
}

/// What both ends of a cell are set to.
struct Specs {
    client: EndpointSpec,
    server: EndpointSpec,
}

impl Specs {
    fn new(cell: Cell, suite: CipherSuite, identity: &Arc<Identity>, keys: &Keys) -> Self {
        let is_mutual = cell.kind == Kind::Mutual;
        let common = EndpointSpec {
            versions: vec![cell.version],
            suites: vec![suite],
            groups: cell.groups(),
            resumption: Resumption { ids: false, tickets: cell.kind == Kind::Resumed },
            ..EndpointSpec::default()
        };
        let server = EndpointSpec {
            identities: vec![Arc::clone(identity)],
            dh_bits: if cell.exchange == Exchange::Dhe2048 { 2048 } else { 0 },
            server_order: true,
            asks_client: is_mutual,
            trust: is_mutual.then(|| Arc::clone(keys.ca())),
            ..common.clone()
        };
        let client = EndpointSpec {
            trust: Some(Arc::clone(keys.ca())),
            server_name: "localhost".to_owned(),
            identities: if is_mutual { vec![Arc::clone(identity)] } else { Vec::new() },
            ..common
        };
        Self { client, server }
    }
}

/// Both ends of a cell on one stack.
pub struct Pair {
    cell: Cell,
    backend: &'static str,
    client: Box<dyn Prepared>,
    server: Box<dyn Prepared>,
    has_own_client: bool,
    /// The server's certificate, DER.
    leaf: Vec<u8>,
}

impl Pair {
    /// Builds both ends and proves with one handshake that version, suite, group, key exchange, certificates and resumption are
    /// the cell's.
    ///
    /// A stack that cannot be held to an old version alone plays the server of `other`'s client: [`Pair::has_own_client`].
    ///
    /// # Errors
    /// If the stack does not have it, or if it comes to another handshake.
    pub fn prepare(
        backend: &dyn Backend,
        other: &dyn Backend,
        cell: Cell,
        keys: &Keys,
    ) -> Result<Self, Unfit> {
        let (Some(suite), Some(identity)) = (cell.suite(), keys.identity(cell.certificate)) else {
            return Err(Unfit::NoSuite { cell });
        };
        let specs = Specs::new(cell, suite, &identity, keys);
        let own = backend
            .prepare(Role::Server, &specs.server)
            .and_then(|server| Ok((server, backend.prepare(Role::Client, &specs.client)?)));
        let (server, client, clients) = match own {
            Ok((server, client)) => (server, client, backend),
            Err(error) if cell.version < ProtocolVersion::TLS1_2 => {
                let (server, client) = foreign(backend, other, cell, &specs).map_err(|_| error)?;
                if cell.exchange == Exchange::Dhe2048 {
                    return Err(Unfit::Unsteady { backend: backend.id() });
                }
                (server, client, other)
            }
            Err(error) => return Err(error.into()),
        };
        let has_own_client = clients.id() == backend.id();
        let leaf = identity.chain.first().cloned().unwrap_or_default();
        let mut pair = Self { cell, backend: backend.id(), client, server, has_own_client, leaf };
        if cell.kind == Kind::Resumed {
            let first = pair.drive(&clock, |_, _| ())?;
            let session = first.client.session();
            drop(first);
            let session = Some(session.ok_or_else(|| pair.unfit("the first handshake brought no session"))?);
            pair.client = clients.prepare(Role::Client, &EndpointSpec { session, ..specs.client.clone() })?;
        }
        pair.prove()?;
        pair.shows_its_certificate(other, &specs.client)?;
        Ok(pair)
    }

    /// Whether both ends are of the stack; else the client's time says nothing of it.
    pub const fn has_own_client(&self) -> bool {
        self.has_own_client
    }

    fn unfit(&self, text: impl Into<String>) -> Unfit {
        Unfit::Other { backend: self.backend, cell: self.cell, text: text.into() }
    }

    /// What the wire says of one handshake.
    fn prove(&self) -> Result<(), Unfit> {
        let mut tap = Tap::new();
        let ended =
            self.drive(
                &clock,
                |from_client, bytes| {
                    if from_client { tap.from_client(bytes) } else { tap.from_server(bytes) }
                },
            )?;
        for (who, end) in [("client", &ended.client), ("server", &ended.server)] {
            if let Status::Failed(failure) = end.status() {
                return Err(self.unfit(format!("the {who} failed: {}", failure.text)));
            }
            let said = end.negotiated().map(|negotiated| (negotiated.version, Some(negotiated.suite)));
            if end.status() != Status::Done || said != Some((self.cell.version, self.cell.suite())) {
                return Err(self.unfit(format!("the {who} came to {said:?}, {:?}", end.status())));
            }
            if end.is_resumed() != (self.cell.kind == Kind::Resumed) {
                return Err(self.unfit(format!("to the {who} it is resumed: {}", end.is_resumed())));
            }
        }
        let Some(proposal) = &tap.proposal else { return Err(self.unfit("no ServerHello was seen")) };
        if !self.is_meant(proposal) {
            return Err(self.unfit(format!("proposed was {proposal:?}")));
        }
        if self.cell.kind == Kind::Mutual && ended.server.peer_chain().first() != Some(&self.leaf) {
            return Err(self.unfit("the client showed another certificate, or none"));
        }
        Ok(())
    }

    /// To a client of `other`, which has to tell: s2n's does not.
    fn shows_its_certificate(&self, other: &dyn Backend, client: &EndpointSpec) -> Result<(), Unfit> {
        let mut client = other.open(Role::Client, client)?;
        let mut server = self.server.open()?;
        handshake(&mut *client, &mut *server);
        if client.peer_chain().first() != Some(&self.leaf) {
            return Err(self.unfit("another certificate was shown, or none"));
        }
        Ok(())
    }

    fn is_meant(&self, proposal: &Proposal) -> bool {
        let Cell { version, exchange, .. } = self.cell;
        let is_exchange = match exchange {
            _ if !self.cell.has_exchange() || exchange == Exchange::Rsa => {
                proposal.group.is_none() && proposal.dh_bits.is_none()
            }
            Exchange::Dhe2048 => proposal.dh_bits == Some(2048),
            _ => proposal.group == exchange.group(),
        };
        proposal.version == version && Some(proposal.suite) == self.cell.suite() && is_exchange
    }

    /// One handshake, timed in nanoseconds.
    ///
    /// # Errors
    /// If it is not completed.
    pub fn handshake(&self) -> Result<Cost, Unfit> {
        self.measure(&clock)
    }

    /// One handshake, by any meter.
    ///
    /// # Errors
    /// If it is not completed.
    pub fn measure(&self, meter: Meter) -> Result<Cost, Unfit> {
        let completed = self.drive(meter, |_, _| ())?.completed();
        completed.map_err(|(client, server)| self.unfit(format!("client {client:?}, server {server:?}")))
    }

    fn drive(&self, meter: Meter, way: impl FnMut(bool, &mut Vec<u8>)) -> Result<Ended, Unfit> {
        Ok(drive(&*self.client, &*self.server, meter, way)?)
    }
}

/// Server and client.
type Sides = (Box<dyn Prepared>, Box<dyn Prepared>);

/// For a stack whose own client cannot be held to the version: its server, up to TLS 1.2, and the other's client.
fn foreign(
    backend: &dyn Backend,
    other: &dyn Backend,
    cell: Cell,
    specs: &Specs,
) -> Result<Sides, CannotPlay> {
    let all = ProtocolVersion::ALL.into_iter();
    let versions = all.filter(|v| (cell.version..=ProtocolVersion::TLS1_2).contains(v)).collect();
    let server = backend.prepare(Role::Server, &EndpointSpec { versions, ..specs.server.clone() })?;
    Ok((server, other.prepare(Role::Client, &specs.client)?))
}

#[cfg(test)]
mod tests;
