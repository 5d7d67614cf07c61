//! `--listen`: one connection of whoever comes.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::edit::Edit;
use crate::net::{Limits, Listener, serve};
use crate::observe::Observation;
use crate::pki::{Pki, ca_pem};
use crate::replay::{Play, Seen};
use crate::run::stage::Stage;

use super::super::exit::Exit;
use super::super::serve::loopback;
use super::{Replay, opener, turned};

/// Connections that may wait: only the first is played.
const BACKLOG: u32 = 1;
/// How often the end of the connection is looked for.
const TICK: Duration = Duration::from_millis(20);

pub(super) async fn one(
    options: &Replay,
    pki: &Pki,
    stage: &Arc<Stage>,
    edits: &[Edit],
) -> Result<Vec<(Observation, Seen)>, Exit> {
    let asked = options.listen.as_deref().unwrap_or_default();
    let addresses = loopback(asked).await?;
    let listener = Listener::bind(&addresses, BACKLOG)
        .map_err(|error| Exit::usage(format!("{error}: {}; choose another port, or 0", error.source)))?;
    let address = listener.address().map_err(|e| Exit::harness(e.to_string()))?;
    let folder = tempfile::Builder::new()
        .prefix("shakedown-replay-")
        .tempdir()
        .map_err(|e| Exit::harness(format!("cannot make a temporary folder: {e}")))?;
    let ca_file = options.ca_pem.clone().unwrap_or_else(|| folder.path().join("ca.pem"));
    std::fs::write(&ca_file, ca_pem(pki))
        .map_err(|e| Exit::usage(format!("cannot write {}: {e}", ca_file.display())))?;
    let play = Play::default();
    let open = opener(&play, stage, edits);
    let (ended, ended_rx) = watch::channel(false);
    let (first, first_rx) = watch::channel(false);
    let deadline = Duration::from_secs(options.timeout.into());
    let limits = Limits { connection: deadline };
    let server = tokio::spawn(async move { serve(listener, || open(), limits, ended_rx, first).await });
    let wait = Duration::from_secs(options.wait.into());
    let _ = writeln!(
        std::io::stderr(),
        "shakedown: waiting {} s for a connection to {address}, CA in {}",
        options.wait,
        ca_file.display()
    );
    if tokio::time::timeout(wait, turned(first_rx)).await == Ok(true) {
        // Bounded by the connection's own deadline.
        let is_over = || play.seen().first().is_some_and(|seen| seen.is_over);
        let over = async {
            while !is_over() {
                tokio::time::sleep(TICK).await;
            }
        };
        let _ = tokio::time::timeout(deadline + TICK, over).await;
    }
    ended.send_replace(true);
    let served = server.await.map_err(|e| Exit::harness(e.to_string()))?;
    if served.panicked {
        return Err(Exit::harness("a task of the harness panicked"));
    }
    Ok(served.observations.into_iter().zip(play.seen()).collect())
}
