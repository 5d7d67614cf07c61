//! A stack that is built in: both ends in memory, on one thread, so that each end's processor time and what it sends are known.

use crate::bench::{Cell, Cost, Exchange, Keys, Kind, Pair, golden};
use crate::engine::Backend;
use crate::pki::CertificateKind;
use crate::registry::ProtocolVersion;

use super::record::Figures;
use super::usage::this_thread;
use super::{NoRound, Round};

/// After so many the longest was among them, but for one run in millions: an ECDSA signature is at its longest in one of four.
const FOR_FIGURES: usize = 64;

/// Both ends of a handshake that was proven to be the one that is meant.
pub struct InProcess {
    pair: Pair,
    pub figures: Figures,
}

impl InProcess {
    /// X25519 with an ECDSA certificate on P-256: a row of `benches/golden.txt`.
    ///
    /// # Errors
    /// If the stack does not complete it.
    pub fn prepare(
        backend: &dyn Backend,
        other: &dyn Backend,
        version: ProtocolVersion,
        keys: &Keys,
    ) -> Result<Self, String> {
        let cell = Cell {
            version,
            exchange: Exchange::X25519,
            certificate: CertificateKind::EcdsaP256,
            kind: Kind::Full,
        };
        let pair = Pair::prepare(backend, other, cell, keys).map_err(|error| error.to_string())?;
        let costs: Result<Vec<Cost>, _> = (0..FOR_FIGURES).map(|_| pair.handshake()).collect();
        let costs = costs.map_err(|error| error.to_string())?;
        let exact = golden::Figures::of(&costs).ok_or("no handshake")?;
        let golden::Figures { flights, records, to_server, to_client, .. } = exact;
        Ok(Self { pair, figures: Figures { flights, records, to_server, to_client } })
    }

    /// # Errors
    /// At the first handshake that is not completed.
    pub fn round(
        &self,
        handshakes: u32,
        is_interrupted: &dyn Fn() -> bool,
        done: &dyn Fn(),
    ) -> Result<Round, NoRound> {
        let (mut client, mut server) = (0, 0);
        for number in 1..=handshakes {
            if is_interrupted() {
                return Err(NoRound::Interrupted);
            }
            let cost = self.pair.measure(&this_thread);
            let cost =
                cost.map_err(|error| NoRound::Failed(format!("handshake {number} of the round: {error}")))?;
            (client, server) = (client + cost.client, server + cost.server);
            done();
        }
        let each = |nanos: u64| nanos as f64 / 1000.0 / f64::from(handshakes.max(1));
        Ok(Round { client: each(client), server: Some(each(server)), start: None })
    }
}
