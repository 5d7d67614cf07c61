//! What `serve` tells, one JSON object per line (`schema/serve-1.json`). Keys never vanish: unknown is `null`.

use std::collections::HashSet;
use std::hash::Hash;

use serde::Serialize;

use crate::judge::Verdict;
use crate::observe::{Ending, Observation, Reach, ja4};
use crate::oracle::Offer;
use crate::run::events::Side;
use crate::run::one::alert;
use crate::wire::ClientHello;

use super::judged::Judged;

/// A line.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Line {
    Ready(Ready),
    Connection(Box<ConnectionLine>),
    Reloaded(Reloaded),
    Stopped(Stopped),
}

/// The server listens.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    pub shakedown: String,
    pub pid: u32,
    /// The first of the addresses.
    pub address: String,
    /// File of the CA's certificate, for the client to trust.
    pub ca_pem: String,
    /// Policy id, case id, or `forced`.
    pub policy: String,
    /// Whether its suites are borrowed from another policy because AWS publishes no list.
    pub stand_in: bool,
    /// What the stack cannot play and `--partial` left out.
    pub left_out: Vec<String>,
    /// Name and version of the stack.
    pub backend: String,
    pub certificates: Vec<String>,
    pub floor: String,
    /// Page and date of the text that the floor follows.
    pub source: String,
}

/// The policy was read again (SIGHUP); new connections get the new one.
#[derive(Clone, Debug, Serialize)]
pub struct Reloaded {
    pub policy: String,
    pub left_out: Vec<String>,
}

/// The last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// Connections, each of which has had its line.
    pub connections: u64,
    /// Of these, how many were cut off by the stop.
    pub unfinished: u64,
    /// Of these, how many were lost in a fault of the harness (outcome `harness-panic`): exit code 3.
    pub panicked: u64,
    /// Of these, how many were never served (outcome `unserved`): exit code 3.
    pub unserved: u64,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The answer to a request was begun: bytes of it were handed to the system. Whether the client has read all of it, no
    /// server can know.
    Completed,
    /// The handshake was completed, and the client closed without a whole request.
    Closed,
    RefusedByClient,
    RefusedByServer,
    NotTls,
    /// Handshake or request did not come to an end in time.
    Timeout,
    /// The client went away in the middle, or never said anything.
    Disconnected,
    /// The server's own stack gave up, without an alert or after the client had accepted the session: a forced session
    /// cannot be completed.
    Failed,
    /// The harness itself failed: nothing is known of the client.
    HarnessPanic,
    /// It waited until the server had stopped, and there was no descriptor for it.
    Unserved,
}

/// What a ClientHello offers. Names are IANA's; unknown values are hex; GREASE is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offers {
    pub versions: Vec<String>,
    pub suites: Vec<String>,
    pub groups: Vec<String>,
    pub schemes: Vec<String>,
    /// `signature_algorithms_cert` (RFC 8446 4.2.3).
    pub cert_schemes: Vec<String>,
    pub alpn: Vec<String>,
    /// Its first 255 characters, which is all that a host name may have (RFC 1035 2.3.4).
    pub server_name: Option<String>,
    /// How many values the lists have no room for.
    pub left_out: usize,
}

/// Different values per list. No stack offers half as many; a hello of 256 KiB can.
const MOST_OFFERED: usize = 1024;
/// Characters of a server name.
const LONGEST_NAME: usize = 255;

/// The names of a list, each value once and only so many; the rest is counted. A name is made for what is kept only.
fn names<T: Clone + Eq + Hash + ToString>(
    values: impl IntoIterator<Item = T>,
    left_out: &mut usize,
) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for value in values {
        if !seen.insert(value.clone()) {
            continue;
        }
        if names.len() < MOST_OFFERED {
            names.push(value.to_string());
        } else {
            *left_out += 1;
        }
    }
    names
}

impl Offers {
    pub fn of(offer: &Offer, hello: Option<&ClientHello>) -> Self {
        let offer = offer.normalised();
        let for_chains = hello.and_then(ClientHello::certificate_signature_schemes).unwrap_or_default();
        let mut left_out = 0;
        Self {
            versions: match &offer.supported_versions {
                Some(versions) => names(versions, &mut left_out),
                None => vec![offer.legacy_version.to_string()],
            },
            suites: names(&offer.suites, &mut left_out),
            groups: names(offer.groups.iter().flatten(), &mut left_out),
            schemes: names(offer.schemes.iter().flatten(), &mut left_out),
            cert_schemes: names(for_chains.iter().filter(|scheme| !scheme.is_grease()), &mut left_out),
            alpn: names(offer.alpn.iter().map(|name| String::from_utf8_lossy(name)), &mut left_out),
            server_name: offer.server_name.map(|name| name.chars().take(LONGEST_NAME).collect()),
            left_out,
        }
    }
}

/// One connection, when it is over.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionLine {
    pub peer: String,
    pub outcome: Outcome,
    pub reach: Reach,
    pub version: Option<String>,
    pub suite: Option<String>,
    pub group: Option<String>,
    pub alert: Option<String>,
    pub alert_by: Option<Side>,
    pub ja4: Option<String>,
    /// `null` unless the client accepted a session.
    pub verdict: Option<Verdict>,
    /// Codes of findings, as `explain` knows them.
    pub findings: Vec<String>,
    pub offers: Option<Offers>,
    /// Decoded, both directions; with `--transcript`.
    pub transcript: Option<String>,
    /// Milliseconds from its acceptance to its end.
    pub ms: f64,
}

impl ConnectionLine {
    /// Of a connection of which nothing was seen.
    pub fn unseen(peer: String, outcome: Outcome, ms: f64) -> Self {
        Self { outcome, ..Self::of(peer, &Observation::empty(), &Judged::default(), false, ms, false) }
    }

    pub fn of(
        peer: String,
        seen: &Observation,
        judged: &Judged,
        bad_certificate: bool,
        ms: f64,
        transcript: bool,
    ) -> Self {
        let proposal = seen.proposal.as_ref();
        let (alert, alert_by) = alert(Some(seen));
        let hello = seen.transcript.client_hello();
        Self {
            peer,
            outcome: outcome(seen, bad_certificate),
            reach: seen.reach,
            version: proposal.map(|p| p.version.to_string()),
            suite: proposal.map(|p| p.suite.to_string()),
            group: proposal.and_then(|p| p.group).map(|group| group.to_string()),
            alert: alert.map(|alert| alert.to_string()),
            alert_by,
            ja4: hello.as_ref().map(ja4),
            verdict: judged.verdict,
            findings: judged.findings.iter().map(|finding| finding.code.to_string()).collect(),
            offers: seen.offer.as_ref().map(|offer| Offers::of(offer, hello.as_ref())),
            transcript: transcript.then(|| seen.transcript.to_string()),
            ms,
        }
    }
}

/// A refusal has an author: the client's is one in the face of a whole proposing flight. After the handshake it is one
/// only of a certificate that was wrong on purpose: some clients look at it then.
fn outcome(seen: &Observation, bad_certificate: bool) -> Outcome {
    if seen.not_tls.is_some() {
        return Outcome::NotTls;
    }
    if seen.disagreement.is_some() {
        return Outcome::Failed;
    }
    let has_refused = seen.reach == Reach::Proposed && seen.delivered;
    match &seen.ending {
        Ending::Completed => Outcome::Completed,
        Ending::ClientAlert(_) if seen.reach == Reach::Finished && bad_certificate => {
            Outcome::RefusedByClient
        }
        Ending::ClientAlert(_) if seen.reach == Reach::Committed => {
            if bad_certificate {
                Outcome::RefusedByClient
            } else {
                Outcome::Failed
            }
        }
        ending if ending.by_client() && has_refused => Outcome::RefusedByClient,
        Ending::Deadline => Outcome::Timeout,
        Ending::ServerAlert(_) if seen.reach < Reach::Committed => Outcome::RefusedByServer,
        Ending::ServerAlert(_) | Ending::ServerFailed(_) => Outcome::Failed,
        _ if seen.reach >= Reach::Finished => Outcome::Closed,
        _ => Outcome::Disconnected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::offer_of;
    use crate::registry::{CipherSuite, ProtocolVersion, SignatureScheme};
    use crate::wire::Extension;

    #[test]
    fn a_list_of_thousands_is_cut_and_what_is_cut_is_counted() {
        let mut offer = Offer::new(ProtocolVersion::TLS1_2);
        // 3000 suites that nobody has registered (0xD300 to 0xDEB7), each twice.
        let unknown = (0xD300..0xD300 + 3000).map(CipherSuite);
        offer.suites = unknown.clone().chain(unknown).collect();
        offer.alpn = vec![b"h2".to_vec(), b"h2".to_vec()];
        offer.server_name = Some("x".repeat(60_000));
        let offers = Offers::of(&offer, None);
        assert_eq!((offers.suites.len(), offers.left_out), (1024, 3000 - 1024 - GREASE_BETWEEN));
        assert_eq!(offers.alpn, ["h2"]);
        assert_eq!(offers.server_name.map(|name| name.len()), Some(255));
    }

    #[test]
    fn the_schemes_of_chains_are_told_apart_from_those_of_handshakes() {
        let schemes = |codes: &[u16]| codes.iter().copied().map(SignatureScheme).collect::<Vec<_>>();
        let hello = ClientHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: [0; 32],
            session_id: Vec::new(),
            cipher_suites: vec![CipherSuite(0x1301)],
            compression_methods: vec![0],
            extensions: Some(vec![
                Extension::SignatureAlgorithms(schemes(&[0x0804])),
                // 0x1A1A is GREASE.
                Extension::SignatureAlgorithmsCert(schemes(&[0x0201, 0x1A1A, 0x0804])),
            ]),
        };
        let offers = Offers::of(&offer_of(&hello), Some(&hello));
        assert_eq!(offers.schemes, ["rsa_pss_rsae_sha256"]);
        assert_eq!(offers.cert_schemes, ["rsa_pkcs1_sha1", "rsa_pss_rsae_sha256"]);
    }

    /// RFC 8701 2: 0xDADA is the one in between.
    const GREASE_BETWEEN: usize = 1;
}
