//! Two ends that are ready for a handshake, and what one costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::pair::handshake;
use crate::engine::{Backend, CannotPlay, EndpointSpec, Engine, Prepared, Role, Status};
use crate::observe::Tap;
use crate::oracle::Proposal;
use crate::pki::{MintError, Pki};
use crate::registry::ProtocolVersion;
use crate::wire::RecordDeframer;

use super::cell::{Cell, Exchange};

/// Flights that a handshake can need, and then some.
const FLIGHTS: u32 = 16;

/// What one handshake took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// From opening the client to its last step.
    pub client: Duration,
    pub server: Duration,
    /// How often the direction changed.
    pub flights: u32,
    pub records: u32,
    /// Bytes on the wire.
    pub to_server: usize,
    pub to_client: usize,
}

/// Why a cell cannot be measured on a stack.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error(transparent)]
    CannotPlay(#[from] CannotPlay),
    #[error(transparent)]
    Mint(#[from] MintError),
    #[error("{cell} is no handshake of the protocol")]
    NoSuite { cell: Cell },
    /// s2n keeps leading zeros of the secret, against RFC 5246 8.1.2 (docs/findings.md, L1).
    #[error("{backend} with a finite field and another stack's client: one handshake in 256 fails")]
    Unsteady { backend: &'static str },
    /// Not what was to be measured: a bench of it would lie.
    #[error("{backend}, {cell}: {text}")]
    Other { backend: &'static str, cell: Cell, text: String },
}

/// Both ends behind a handshake.
struct Ended {
    client: Box<dyn Engine>,
    server: Box<dyn Engine>,
    cost: Cost,
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
    /// Builds both ends and proves with one handshake that version, suite, group, certificate and key exchange are the cell's.
    ///
    /// A stack that cannot be held to an old version alone plays the server of `other`'s client: [`Pair::has_own_client`].
    ///
    /// # Errors
    /// If the stack does not have it, or if it comes to another handshake.
    pub fn prepare(backend: &dyn Backend, other: &dyn Backend, cell: Cell, pki: &Pki) -> Result<Self, Unfit> {
        let suite = cell.suite().ok_or(Unfit::NoSuite { cell })?;
        let identity = pki.identity(cell.certificate)?;
        let leaf = identity.chain.first().cloned().unwrap_or_default();
        let common = EndpointSpec {
            versions: vec![cell.version],
            suites: vec![suite],
            groups: cell.groups(),
            ..EndpointSpec::default()
        };
        let server = EndpointSpec {
            identities: vec![identity],
            dh_bits: if cell.exchange == Exchange::Dhe2048 { 2048 } else { 0 },
            server_order: true,
            ..common.clone()
        };
        let client_spec = EndpointSpec {
            trust: Some(Arc::new(pki.ca_der().to_vec())),
            server_name: "localhost".to_owned(),
            ..common
        };
        let own = backend
            .prepare(Role::Server, &server)
            .and_then(|server| Ok((server, backend.prepare(Role::Client, &client_spec)?)));
        let (server, client, has_own_client) = match own {
            Ok((server, client)) => (server, client, true),
            Err(error) if cell.version < ProtocolVersion::TLS1_2 => {
                let all = ProtocolVersion::ALL.into_iter();
                let versions = all.filter(|v| (cell.version..=ProtocolVersion::TLS1_2).contains(v)).collect();
                let server =
                    backend.prepare(Role::Server, &EndpointSpec { versions, ..server }).map_err(|_| error)?;
                if cell.exchange == Exchange::Dhe2048 {
                    return Err(Unfit::Unsteady { backend: backend.id() });
                }
                (server, other.prepare(Role::Client, &client_spec)?, false)
            }
            Err(error) => return Err(error.into()),
        };
        let pair = Self { cell, backend: backend.id(), client, server, has_own_client, leaf };
        pair.prove()?;
        pair.shows_its_certificate(other, &client_spec)?;
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
        let Ended { client, server, .. } =
            self.drive(
                |from_client, bytes| {
                    if from_client { tap.from_client(bytes) } else { tap.from_server(bytes) }
                },
            )?;
        for (who, end) in [("client", &client), ("server", &server)] {
            if let Status::Failed(failure) = end.status() {
                return Err(self.unfit(format!("the {who} failed: {}", failure.text)));
            }
            let said = end.negotiated().map(|negotiated| (negotiated.version, Some(negotiated.suite)));
            if end.status() != Status::Done || said != Some((self.cell.version, self.cell.suite())) {
                return Err(self.unfit(format!("the {who} came to {said:?}, {:?}", end.status())));
            }
        }
        let Some(proposal) = &tap.proposal else { return Err(self.unfit("no ServerHello was seen")) };
        if !self.is_meant(proposal) {
            return Err(self.unfit(format!("proposed was {proposal:?}")));
        }
        if client.is_resumed() || server.is_resumed() {
            return Err(self.unfit("an abbreviated handshake"));
        }
        Ok(())
    }

    /// To a client of `other`, which has to tell: OpenSSL's alone does.
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
            Exchange::Rsa => proposal.group.is_none() && proposal.dh_bits.is_none(),
            Exchange::Dhe2048 => proposal.dh_bits == Some(2048),
            _ => proposal.group == exchange.group(),
        };
        proposal.version == version && Some(proposal.suite) == self.cell.suite() && is_exchange
    }

    /// One handshake.
    ///
    /// # Errors
    /// If it is not completed.
    pub fn handshake(&self) -> Result<Cost, Unfit> {
        let Ended { client, server, cost } = self.drive(|_, _| ())?;
        if client.status() != Status::Done || server.status() != Status::Done {
            return Err(self.unfit(format!("client {:?}, server {:?}", client.status(), server.status())));
        }
        Ok(cost)
    }

    fn drive(&self, mut seen: impl FnMut(bool, &[u8])) -> Result<Ended, Unfit> {
        let mut cost = Cost::default();
        let began = Instant::now();
        let mut client = self.client.open()?;
        cost.client += began.elapsed();
        let began = Instant::now();
        let mut server = self.server.open()?;
        cost.server += began.elapsed();
        let mut bytes = Vec::with_capacity(4096);
        let began = Instant::now();
        client.drain(&mut bytes);
        cost.client += began.elapsed();
        let mut is_clients = true;
        while !bytes.is_empty() && cost.flights < FLIGHTS {
            cost.flights += 1;
            seen(is_clients, &bytes);
            cost.records += records(&bytes);
            let (end, spent, crossed) = if is_clients {
                (&mut server, &mut cost.server, &mut cost.to_server)
            } else {
                (&mut client, &mut cost.client, &mut cost.to_client)
            };
            *crossed += bytes.len();
            let began = Instant::now();
            end.feed(&bytes);
            bytes.clear();
            end.drain(&mut bytes);
            *spent += began.elapsed();
            is_clients = !is_clients;
        }
        Ok(Ended { client, server, cost })
    }
}

fn records(bytes: &[u8]) -> u32 {
    let mut deframer = RecordDeframer::new();
    deframer.push(bytes);
    let mut count = 0;
    while let Ok(Some(_)) = deframer.next() {
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests;
