//! What a client says along with the end of its handshake: a stack that reads both at once says only that it failed.

use std::collections::BTreeMap;

use shakedown::engine::{Backend, EndpointSpec, Engine, Role, backends};
use shakedown::net::{ClientEnd, Setup, Tapped};
use shakedown::observe::{Ending, Observation, Reach};
use shakedown::pki::{CertificateKind, Pki};
use shakedown::registry::{AlertDescription, ProtocolVersion};

use crate::suite;

const V10: ProtocolVersion = ProtocolVersion::TLS1_0;
const V11: ProtocolVersion = ProtocolVersion::TLS1_1;
const V12: ProtocolVersion = ProtocolVersion::TLS1_2;
const V13: ProtocolVersion = ProtocolVersion::TLS1_3;

/// Every version of every stack, by hand.
const STACKS: [(&str, &[ProtocolVersion]); 3] =
    [("openssl", &[V10, V11, V12, V13]), ("rustls", &[V12, V13]), ("s2n", &[V10, V11, V12, V13])];

/// Application data that no key has made: a client ends at it with an alert of its own.
const GARBAGE: [u8; 25] = {
    let mut record = [7; 25];
    (record[0], record[1], record[2], record[3], record[4]) = (23, 3, 3, 0, 20);
    record
};

fn spec(versions: &[ProtocolVersion]) -> EndpointSpec {
    let of = |version: &ProtocolVersion| match *version {
        V13 => suite("TLS_AES_128_GCM_SHA256"),
        V12 => suite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        _ => suite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    };
    let mut suites: Vec<_> = versions.iter().rev().map(of).collect();
    suites.dedup();
    EndpointSpec { versions: versions.to_vec(), suites, ..EndpointSpec::default() }
}

/// s2n has ranges up to TLS 1.2 or 1.3 only; the client decides on the version.
fn server_spec(version: ProtocolVersion) -> EndpointSpec {
    match version {
        V10 => spec(&[V10, V11, V12]),
        V11 => spec(&[V11, V12]),
        V12 => spec(&[V12]),
        _ => spec(&[V12, V13]),
    }
}

/// The last record of a flight apart.
fn split_last(flight: &[u8]) -> (&[u8], &[u8]) {
    let (mut start, mut next) = (0, 0);
    while next < flight.len() {
        start = next;
        next += 5 + usize::from(u16::from_be_bytes([flight[next + 3], flight[next + 4]]));
    }
    assert_eq!(next, flight.len());
    flight.split_at(start)
}

struct Play {
    client: Box<dyn Engine>,
    server: Tapped,
    plaintext: Vec<u8>,
}

impl Play {
    fn new(
        all: &BTreeMap<&'static str, std::sync::Arc<dyn Backend>>,
        stack: &str,
        version: ProtocolVersion,
        pki: &Pki,
    ) -> Self {
        let identities = vec![pki.identity(CertificateKind::Rsa2048).unwrap()];
        let engine =
            all[stack].open(Role::Server, &EndpointSpec { identities, ..server_spec(version) }).unwrap();
        Self {
            client: all["openssl"].open(Role::Client, &spec(&[version])).unwrap(),
            server: Tapped::new(Setup { engine, edits: Vec::new() }),
            plaintext: Vec::new(),
        }
    }

    /// What the server answers to what the client has to say.
    fn turn(&mut self) -> Vec<u8> {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        self.client.drain(&mut there);
        self.server.client_bytes(&there, &mut self.plaintext, &mut back);
        self.server.mark_delivered();
        back
    }

    /// The client says these segments and leaves.
    fn end(mut self, segments: &[&[u8]]) -> (Observation, Vec<u8>) {
        for segment in segments {
            self.server.client_bytes(segment, &mut self.plaintext, &mut Vec::new());
            self.server.note_ending();
            self.server.mark_delivered();
        }
        self.server.client_ended(ClientEnd::Fin);
        (self.server.into_observation(), self.plaintext)
    }
}

#[test]
fn a_finished_is_seen_with_an_alert_right_behind_it() {
    let (all, pki) = (backends(), Pki::mint().unwrap());
    let mut wrong = Vec::new();
    for (stack, versions) in STACKS {
        for &version in versions {
            for in_one in [false, true] {
                let mut play = Play::new(&all, stack, version, &pki);
                let flight = play.turn();
                play.client.feed(&[&flight[..], &GARBAGE].concat());
                let mut words = Vec::new();
                play.client.drain(&mut words);
                let (finished, alert) = split_last(&words);
                let segments: &[&[u8]] = if in_one { &[&words] } else { &[finished, alert] };
                let (seen, _) = play.end(segments);
                let place = format!("{stack} {version}, in one segment: {in_one}");
                // bad_record_mac; unexpected_message; protocol_version, for the record has that of TLS 1.2.
                let said = AlertDescription(match version {
                    V13 => 20,
                    V12 => 10,
                    _ => 70,
                });
                if (seen.reach, seen.ending.clone()) != (Reach::Finished, Ending::ClientAlert(said)) {
                    wrong.push(format!("{place}: {:?} {:?}", seen.reach, seen.ending));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_request_is_seen_with_an_alert_right_behind_it() {
    let (all, pki) = (backends(), Pki::mint().unwrap());
    let mut wrong = Vec::new();
    for (stack, versions) in STACKS {
        for &version in versions {
            let mut play = Play::new(&all, stack, version, &pki);
            let flight = play.turn();
            play.client.feed(&flight);
            let mut words = Vec::new();
            if version != V13 {
                let finished = play.turn();
                play.client.feed(&finished);
            }
            play.client.send(b"GET / HTTP/1.1\r\n\r\n");
            play.client.feed(&GARBAGE);
            play.client.drain(&mut words);
            let (seen, plaintext) = play.end(&[&words]);
            if (seen.reach, &plaintext[..]) != (Reach::Data, b"GET / HTTP/1.1\r\n\r\n") {
                wrong.push(format!(
                    "{stack} {version}: {:?} {:?}, {} bytes",
                    seen.reach,
                    seen.ending,
                    plaintext.len()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
