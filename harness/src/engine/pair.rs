//! Drives a client and a server engine in memory, with a bound on the steps.

use super::{Engine, EngineFailure, Status};

/// Flights a TLS handshake can need, with room to spare: a full TLS 1.2 handshake takes four.
pub const STEP_LIMIT: usize = 32;

/// What came of driving a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairOutcome {
    /// Both sides say that the handshake is done.
    Done,
    ClientFailed(EngineFailure),
    ServerFailed(EngineFailure),
    /// Nothing moves any more, and not both are done.
    Stalled,
    /// [`STEP_LIMIT`] was reached.
    StepLimit,
}

/// Bytes that crossed, for measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossed {
    pub to_server: usize,
    pub to_client: usize,
    pub steps: usize,
}

/// Drives both engines until the handshake is done, has failed or no longer moves.
///
/// A failed side's last bytes (its alert) are still delivered, so that the other side can say what it saw.
pub fn handshake(client: &mut dyn Engine, server: &mut dyn Engine) -> (PairOutcome, Crossed) {
    let mut crossed = Crossed::default();
    let mut buffer = Vec::new();
    while crossed.steps < STEP_LIMIT {
        crossed.steps += 1;
        client.drain(&mut buffer);
        let to_server = buffer.len();
        if to_server > 0 {
            server.feed(&buffer);
            buffer.clear();
        }
        server.drain(&mut buffer);
        let to_client = buffer.len();
        if to_client > 0 {
            client.feed(&buffer);
            buffer.clear();
        }
        crossed.to_server += to_server;
        crossed.to_client += to_client;
        if to_server + to_client == 0 {
            return (settle(client, server), crossed);
        }
    }
    (PairOutcome::StepLimit, crossed)
}

fn settle(client: &dyn Engine, server: &dyn Engine) -> PairOutcome {
    match (client.status(), server.status()) {
        (Status::Done, Status::Done) => PairOutcome::Done,
        // The side that failed of itself is named before the side that only got the other's alert.
        (Status::Failed(failure), _) if failure.alert_received.is_none() => {
            PairOutcome::ClientFailed(failure)
        }
        (_, Status::Failed(failure)) => PairOutcome::ServerFailed(failure),
        (Status::Failed(failure), _) => PairOutcome::ClientFailed(failure),
        _ => PairOutcome::Stalled,
    }
}
