//! A client program, by its adapter or command line, against the strong server of one version.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Backend;
use crate::judge::ClientEnded;
use crate::observe::Observation;
use crate::pki::{KeyKind, Pki};
use crate::registry::ProtocolVersion;
use crate::run::client::{Client, Play};
use crate::run::controls::{Positive, is_completed};
use crate::run::play::{Ground, Played, play, run_alone, start_alone};
use crate::run::stage::Stage;

use super::usage::{children, tree};
use super::{NoRound, Round};

/// How often a program is started without a handshake, for a mean.
const STARTS: i32 = 4;

/// One client and version.
pub struct Program {
    client: Arc<Client>,
    version: ProtocolVersion,
    stage: Arc<Stage>,
}

impl Program {
    /// The server is the positive control of `check`, held to one version.
    ///
    /// # Errors
    /// If the stack cannot play it.
    pub fn prepare(
        client: Arc<Client>,
        version: ProtocolVersion,
        backend: &Arc<dyn Backend>,
        pki: &Pki,
    ) -> Result<Self, String> {
        let stage = Stage::control_of(version, KeyKind::EcdsaP256, backend, pki);
        Ok(Self { client, version, stage: Arc::new(stage.map_err(|error| error.to_string())?) })
    }

    /// One after the other: whatever this process waits for meanwhile is the client's.
    ///
    /// # Errors
    /// At the first handshake that is not completed, or where the time cannot be told.
    pub async fn round(
        &self,
        ground: &Arc<Ground>,
        handshakes: u32,
        done: &dyn Fn(),
    ) -> Result<Round, NoRound> {
        let start = self.start(ground).await?;
        // A worker starts with its first handshake, which is therefore in no round; one that lives gets one more.
        let worker = match &self.client.play {
            Play::Worker { .. } => {
                self.handshake(ground).await?;
                Some(self.worker().await?)
            }
            _ => None,
        };
        let before = used(worker)?;
        for number in 1..=handshakes {
            self.handshake(ground).await.map_err(|error| match error {
                NoRound::Failed(why) => NoRound::Failed(format!("handshake {number} of the round: {why}")),
                error => error,
            })?;
            done();
        }
        if worker.is_some() && self.worker().await.ok() != worker {
            return Err(NoRound::Failed("the worker ended within the round and was replaced".to_owned()));
        }
        let used = used(worker)?.saturating_sub(before);
        Ok(Round { client: micros(used) / f64::from(handshakes.max(1)), server: None, start })
    }

    /// Ends what waits for a next handshake.
    pub async fn stop(&self) {
        self.client.stop_workers().await;
    }

    async fn worker(&self) -> Result<u32, NoRound> {
        let pid = self.client.idle_worker().await;
        pid.ok_or_else(|| NoRound::Failed("the worker ended behind its answer".to_owned()))
    }

    /// What it takes to start the client without a handshake: its adapter's `detect` command, or a worker until it is ready.
    /// `None` for a command of the user's, and where that fails: it is no client that failed.
    async fn start(&self, ground: &Arc<Ground>) -> Result<Option<f64>, NoRound> {
        // A program that was just read from the disk takes longer; a worker starts so slowly that it makes no difference.
        let (mut sum, mut count) = (Duration::ZERO, 0);
        let starts = if matches!(self.client.play, Play::Worker { .. }) { 0..1 } else { -1..STARTS };
        for number in starts {
            let before = used(None)?;
            let result = match (&self.client.play, &self.client.detect) {
                (Play::Worker { client, .. }, _) => start_alone(ground, client).await,
                (Play::Command(_), Some(detect)) => run_alone(ground, detect).await,
                _ => return Ok(None),
            };
            if ground.is_interrupted() {
                return Err(NoRound::Interrupted);
            }
            if result.is_err() {
                return Ok(None);
            }
            if number >= 0 {
                sum += used(None)?.saturating_sub(before);
                count += 1;
            }
        }
        Ok(Some(micros(sum) / f64::from(count)))
    }

    async fn handshake(&self, ground: &Arc<Ground>) -> Result<(), NoRound> {
        let stage = Arc::clone(&self.stage);
        let open = Arc::new(move || stage.open());
        let played = play(ground, &self.client, "bench", open, None).await;
        if played.said.ended == ClientEnded::Interrupted || ground.is_interrupted() {
            return Err(NoRound::Interrupted);
        }
        if played.panicked {
            return Err(NoRound::Harness("a task of the harness panicked".to_owned()));
        }
        self.counts(&played).map_err(NoRound::Failed)
    }

    /// A handshake counts if the server saw it completed, with data both ways, and the client says no other thing.
    fn counts(&self, played: &Played) -> Result<(), String> {
        let spoke: Vec<&Observation> = played.connections.iter().filter(|seen| !seen.is_silent()).collect();
        let name = format!("ecdsa-p256 and {} alone", self.version.title());
        Positive::of(&name, played)
            .result
            .map_err(|finding| format!("{}: {}", finding.code, finding.detail))?;
        match spoke[..] {
            [one] if is_completed(one) => {}
            _ => return Err(format!("{} connections for one handshake", spoke.len())),
        }
        match &played.said {
            said if said.ended != ClientEnded::Itself => {
                Err(format!("the client did not end well: {:?}", said.ended))
            }
            said if said.connected == Some(false) => {
                Err("the server completed the handshake, and the client says that it failed".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Of a worker while it lives; else of what has ended.
fn used(worker: Option<u32>) -> Result<Duration, NoRound> {
    let used = worker.map_or_else(children, tree);
    used.map_err(|error| NoRound::Harness(format!("the system does not tell the processor time: {error}")))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
