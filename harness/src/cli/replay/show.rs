//! What `replay` prints.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::edit::Fate;
use crate::judge::ClientEnded;
use crate::observe::{Ending, Observation, Reach};
use crate::replay::Seen;
use crate::report::printable;

use super::Told;

pub(super) fn text(told: &Told) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let edits = told.saved.edits.len();
    let oracle = told.saved.oracle.as_deref().map(|label| format!(", oracle {label}")).unwrap_or_default();
    writeln!(out, "replay   {}: {edits} edits{}", printable(&told.file), printable(&oracle))?;
    writeln!(out, "server   {}, policy {}", told.server, told.policy)?;
    if !told.left_out.is_empty() {
        writeln!(out, "left out {}", told.left_out.join(", "))?;
    }
    writeln!(
        out,
        "client   {}",
        told.client.as_deref().map_or_else(|| "whoever came".to_owned(), printable)
    )?;
    let control = match &told.control {
        None => "not played: a refusal alone proves nothing".to_owned(),
        Some(Ok(())) => "the unedited handshake was completed".to_owned(),
        Some(Err(why)) => format!("the unedited handshake was not completed: {}", printable(why)),
    };
    writeln!(out, "control  {control}")?;
    if told.connections.is_empty() {
        writeln!(out, "\nno connection came")?;
    }
    for (at, connection) in told.connections.iter().enumerate() {
        let (outcome, (observation, seen)) = (told.outcome(connection), connection);
        writeln!(out, "\nconnection {}: {}", at + 1, outcome.as_str())?;
        for (edit, fate) in &seen.fates {
            let (word, why) = match fate {
                Fate::Applied => ("applied", String::new()),
                skipped => ("skipped", format!(" ({skipped})")),
            };
            writeln!(out, "  {word}  {}{why}", printable(&edit.to_string()))?;
        }
        writeln!(out, "  ended    {}", printable(&ending(observation)))?;
        writeln!(out, "  reach    {}", observation.reach.as_str())?;
        if seen.data.is_none() && has_committed(observation) {
            writeln!(out, "  note     the client had committed itself: it went past the ServerHello")?;
        }
        for (who, alert) in [("client", observation.client_alert), ("server", observation.server_alert)] {
            if let Some(alert) = alert {
                writeln!(out, "  alert    {alert}, by the {who}")?;
            }
        }
        if let Some(failure) = &seen.server_failure {
            writeln!(out, "  server   {}", printable(failure))?;
        }
        for line in observation.transcript.to_string().lines() {
            writeln!(out, "    {}", printable(line))?;
        }
    }
    if told.unserved > 0 {
        writeln!(out, "\nunserved {} more connections, which nobody answered", told.unserved)?;
    }
    if let Some(ended) = told.ended.as_ref().filter(|ended| **ended != ClientEnded::Itself) {
        writeln!(out, "\nprogram  {}", printable(&self::ended(ended)))?;
    }
    let output = told.output.trim();
    if !output.is_empty() {
        writeln!(out, "\nthe program's last output:")?;
        for line in output.lines() {
            writeln!(out, "    {}", printable(line))?;
        }
    }
    writeln!(out, "\nresult   {}", result(told))
}

fn result(told: &Told) -> &'static str {
    let outcomes = told.outcomes();
    let has_refused = outcomes.iter().any(|outcome| outcome.is_refusal());
    let is_late = || told.connections.iter().any(|c| told.outcome(c).is_refusal() && has_committed(&c.0));
    match (told.exit(), &told.control) {
        (0, _) if is_late() => {
            "refused, but only after the client had committed itself to the edited handshake"
        }
        (0, _) => "no handshake was completed that the edits had changed",
        (1, _) => "the client went on in a handshake that was not the server's",
        (_, Some(Err(_))) => "inconclusive: the client does not complete the unedited handshake either",
        (_, None) if has_refused => {
            "inconclusive: a refusal without a control proves nothing; use --client or a command behind --"
        }
        _ if told.ended.as_ref().is_some_and(|ended| *ended != ClientEnded::Itself) => {
            "inconclusive: the client did not end by itself"
        }
        _ if told.unserved > 0 => "inconclusive: there were connections that nobody answered",
        _ => "inconclusive: nobody ended it, nothing was applied, or it was ended without a refusal",
    }
}

/// Whether the client went past the ServerHello that it was shown.
fn has_committed(observation: &Observation) -> bool {
    observation.reach >= Reach::Committed
}

pub(super) fn json(told: &Told) -> io::Result<()> {
    let connections: Vec<Value> = told.connections.iter().map(|c| connection(told, c)).collect();
    let object = json!({
        "type": "replay",
        "schema": 1,
        "shakedown": env!("CARGO_PKG_VERSION"),
        "file": told.file,
        "oracle": told.saved.oracle,
        "server": told.server,
        "policy": told.policy,
        "left_out": told.left_out,
        "client": told.client,
        "control": told.control.as_ref().map(|control| match control {
            Ok(()) => json!({"completed": true, "ending": null}),
            Err(why) => json!({"completed": false, "ending": why}),
        }),
        "client_ended": told.ended.as_ref().map(ended),
        "connections": connections,
        "unserved": told.unserved,
        "output": told.output,
        "exit": told.exit(),
    });
    writeln!(io::stdout().lock(), "{object}")
}

fn connection(told: &Told, connection: &(Observation, Seen)) -> Value {
    let (observation, seen) = connection;
    let edits: Vec<Value> = seen
        .fates
        .iter()
        .map(|(edit, fate)| json!({"at": edit.at.to_string(), "change": edit.change.to_string(), "fate": fate.as_str()}))
        .collect();
    let transcript = observation.transcript.to_string();
    json!({
        "outcome": told.outcome(connection).as_str(),
        "edits": edits,
        "reach": observation.reach.as_str(),
        "committed": has_committed(observation),
        "version": seen.negotiated.map(|negotiated| negotiated.version.to_string()),
        "suite": seen.negotiated.map(|negotiated| negotiated.suite.to_string()),
        "ending": ending(observation),
        "client_alert": observation.client_alert.map(|alert| alert.to_string()),
        "server_alert": observation.server_alert.map(|alert| alert.to_string()),
        "server_failure": seen.server_failure,
        "transcript": transcript.lines().collect::<Vec<_>>(),
    })
}

/// Who ended a connection, in words.
pub(super) fn ending(observation: &Observation) -> String {
    match &observation.ending {
        Ending::Open => "nobody ended it".to_owned(),
        Ending::ClientAlert(alert) => format!("the client, with alert {alert}"),
        Ending::ClientCloseNotify => "the client, with close_notify".to_owned(),
        Ending::ClientFin => "the client closed".to_owned(),
        Ending::ClientReset => "the client reset it".to_owned(),
        Ending::ServerAlert(alert) => format!("the server, with alert {alert}"),
        Ending::ServerFailed(text) => format!("the server gave up: {text}"),
        Ending::Deadline => "nobody, within the time".to_owned(),
        Ending::Completed => "request and answer were exchanged".to_owned(),
    }
}

/// How the program ended, in words.
pub(super) fn ended(ended: &ClientEnded) -> String {
    match ended {
        ClientEnded::Itself => "it ended by itself".to_owned(),
        ClientEnded::Crashed(how) => format!("it crashed: {how}"),
        ClientEnded::AtDeadline => "it ran out of time".to_owned(),
        ClientEnded::Interrupted => "it was interrupted".to_owned(),
        ClientEnded::NotStarted(why) => format!("it did not start: {why}"),
    }
}
