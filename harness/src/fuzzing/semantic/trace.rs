//! What the connections of a case showed, what the program said and what the controls came to, as `verdict` has it judged.

use serde::{Deserialize, Serialize};

use crate::judge::{ClientEnded, ClientSaid, RefusalLine};
use crate::observe::{Ending, NotTls, Observation, Reach};
use crate::registry::{AlertDescription, CipherSuite, ProtocolVersion};

use super::super::verdict::{Session, Trace, drawn, is_known, play, proposal};
use super::super::{Seen, Target};
use super::world::SavedOffer;
use super::{Code, SavedError};

/// A saved trace.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedTrace {
    target: String,
    version: Code,
    suite: Code,
    /// Refused is what stops before its data, and not only before its key exchange.
    until_data: bool,
    bad_certificate: bool,
    forced: bool,
    positive_control: bool,
    canary: bool,
    said: SavedSaid,
    #[serde(default, rename = "connection", skip_serializing_if = "Vec::is_empty")]
    connections: Vec<SavedConnection>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedSaid {
    ended: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connected: Option<bool>,
    unsupported: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedConnection {
    reach: String,
    ending: String,
    /// Of an ending by alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alert: Option<u8>,
    delivered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_alert: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server_alert: Option<u8>,
    application_bytes: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_tls: Option<String>,
    disagreement: bool,
    /// Version and suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proposal: Option<[Code; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offer: Option<SavedOffer>,
}

const REACHES: [Reach; 6] =
    [Reach::Connected, Reach::Offered, Reach::Proposed, Reach::Committed, Reach::Finished, Reach::Data];

/// What stands for a text of which nothing but its presence counts.
const SAID: &str = "drawn";

/// The saved form of an input of `verdict`.
pub(super) fn of(target: &Target, input: &[u8]) -> SavedTrace {
    let Trace { session, connections, said, positive, canary } =
        drawn(&input[..input.len().min(target.max_len)]);
    SavedTrace {
        target: target.name.to_owned(),
        version: Code(session.version.0),
        suite: Code(session.suite.0),
        until_data: session.line == RefusalLine::Data,
        bad_certificate: session.bad_certificate,
        forced: session.forced,
        positive_control: positive,
        canary,
        said: SavedSaid {
            ended: match said.ended {
                ClientEnded::Itself => "itself",
                ClientEnded::Crashed(_) => "crashed",
                ClientEnded::AtDeadline => "at-deadline",
                ClientEnded::Interrupted => "interrupted",
                ClientEnded::NotStarted(_) => "not-started",
            }
            .to_owned(),
            connected: said.connected,
            unsupported: said.unsupported.is_some(),
        },
        connections: connections.iter().map(connection).collect(),
    }
}

fn connection(seen: &Observation) -> SavedConnection {
    let (ending, alert) = match &seen.ending {
        Ending::Open => ("open", None),
        Ending::ClientAlert(alert) => ("client-alert", Some(alert.0)),
        Ending::ClientCloseNotify => ("client-close-notify", None),
        Ending::ClientFin => ("client-fin", None),
        Ending::ClientReset => ("client-reset", None),
        Ending::ServerAlert(alert) => ("server-alert", Some(alert.0)),
        Ending::ServerFailed(_) => ("server-failed", None),
        Ending::Deadline => ("deadline", None),
        Ending::Completed => ("completed", None),
    };
    SavedConnection {
        reach: seen.reach.as_str().to_owned(),
        ending: ending.to_owned(),
        alert,
        delivered: seen.delivered,
        client_alert: seen.client_alert.map(|alert| alert.0),
        server_alert: seen.server_alert.map(|alert| alert.0),
        application_bytes: seen.application_bytes,
        not_tls: seen.not_tls.as_ref().map(|what| {
            match what {
                NotTls::Http => "http",
                NotTls::Ssl2 => "ssl2",
                NotTls::Other => "other",
            }
            .to_owned()
        }),
        disagreement: seen.disagreement.is_some(),
        proposal: seen.proposal.as_ref().map(|p| [Code(p.version.0), Code(p.suite.0)]),
        offer: seen.offer.as_ref().map(SavedOffer::from),
    }
}

fn unknown(what: &'static str, name: &str) -> SavedError {
    SavedError::Unknown { what, name: name.to_owned() }
}

impl SavedTrace {
    pub(super) fn play(&self) -> Result<Seen, SavedError> {
        Ok(play(&self.trace()?))
    }

    fn trace(&self) -> Result<Trace, SavedError> {
        let session = Session {
            version: ProtocolVersion(self.version.0),
            suite: CipherSuite(self.suite.0),
            line: if self.until_data { RefusalLine::Data } else { RefusalLine::Committed },
            bad_certificate: self.bad_certificate,
            forced: self.forced,
        };
        if !is_known(&session) {
            return Err(unknown("session", &format!("{} {}", session.version, session.suite)));
        }
        let said = ClientSaid {
            ended: match self.said.ended.as_str() {
                "itself" => ClientEnded::Itself,
                "crashed" => ClientEnded::Crashed(SAID.to_owned()),
                "at-deadline" => ClientEnded::AtDeadline,
                "interrupted" => ClientEnded::Interrupted,
                "not-started" => ClientEnded::NotStarted(SAID.to_owned()),
                other => return Err(unknown("end of the client", other)),
            },
            connected: self.said.connected,
            unsupported: self.said.unsupported.then(|| SAID.to_owned()),
        };
        let connections: Result<Vec<_>, _> = self.connections.iter().map(SavedConnection::seen).collect();
        Ok(Trace {
            session,
            connections: connections?,
            said,
            positive: self.positive_control,
            canary: self.canary,
        })
    }
}

impl SavedConnection {
    fn seen(&self) -> Result<Observation, SavedError> {
        let alert = || self.alert.map(AlertDescription).ok_or_else(|| unknown("alert", "none"));
        let reach = REACHES.into_iter().find(|reach| reach.as_str() == self.reach);
        let mut seen = Observation::empty();
        seen.reach = reach.ok_or_else(|| unknown("reach", &self.reach))?;
        seen.ending = match self.ending.as_str() {
            "open" => Ending::Open,
            "client-alert" => Ending::ClientAlert(alert()?),
            "client-close-notify" => Ending::ClientCloseNotify,
            "client-fin" => Ending::ClientFin,
            "client-reset" => Ending::ClientReset,
            "server-alert" => Ending::ServerAlert(alert()?),
            "server-failed" => Ending::ServerFailed(SAID.to_owned()),
            "deadline" => Ending::Deadline,
            "completed" => Ending::Completed,
            other => return Err(unknown("ending", other)),
        };
        seen.delivered = self.delivered;
        seen.client_alert = self.client_alert.map(AlertDescription);
        seen.server_alert = self.server_alert.map(AlertDescription);
        seen.application_bytes = self.application_bytes;
        seen.not_tls = match self.not_tls.as_deref() {
            None => None,
            Some("http") => Some(NotTls::Http),
            Some("ssl2") => Some(NotTls::Ssl2),
            Some("other") => Some(NotTls::Other),
            Some(other) => return Err(unknown("protocol", other)),
        };
        seen.disagreement = self.disagreement.then(|| SAID.to_owned());
        seen.proposal =
            self.proposal.map(|[version, suite]| proposal(ProtocolVersion(version.0), CipherSuite(suite.0)));
        seen.offer = self.offer.as_ref().map(SavedOffer::offer);
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::VERDICT;

    /// Nothing that is drawn gets lost, whether or not it decides anything.
    #[test]
    fn a_saved_trace_is_the_trace() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..2000 {
            let input: Vec<u8> = (0..rng.usize(..=VERDICT.max_len)).map(|_| rng.u8(..)).collect();
            let form = of(&VERDICT, &input);
            let read: SavedTrace = toml::from_str(&toml::to_string(&form).unwrap()).unwrap();
            assert_eq!(format!("{:?}", read.trace().unwrap()), format!("{:?}", drawn(&input)));
        }
    }
}
