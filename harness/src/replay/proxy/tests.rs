//! A stack that believes everything, behind edits: what it went on with has to be told from what was sent.

use super::*;
use crate::edit::parse_list;
use crate::observe::{Ending, Observation, Reach};
use crate::replay::Outcome;

/// Takes bytes that end in a record of application data for a handshake and a request.
#[derive(Default)]
struct Credulous {
    bytes: Vec<u8>,
    flight: Vec<u8>,
    is_done: bool,
}

const HELLO: [u8; 9] = [22, 3, 1, 0, 4, 1, 0, 0, 0];
const ANSWER: [u8; 9] = [22, 3, 3, 0, 4, 14, 0, 0, 0];
const DATA: [u8; 7] = [23, 3, 3, 0, 2, 7, 7];

impl Engine for Credulous {
    fn feed(&mut self, from_peer: &[u8]) {
        if self.bytes.is_empty() {
            self.flight = ANSWER.to_vec();
        }
        self.bytes.extend_from_slice(from_peer);
        self.is_done |= self.bytes.ends_with(&DATA);
    }
    fn drain(&mut self, to_peer: &mut Vec<u8>) {
        to_peer.append(&mut self.flight);
    }
    fn status(&self) -> Status {
        if self.is_done { Status::Done } else { Status::Running }
    }
    fn was_done(&self) -> bool {
        self.bytes.ends_with(&DATA)
    }
    fn send(&mut self, _: &[u8]) {}
    fn receive(&mut self, plaintext: &mut Vec<u8>) {
        if std::mem::take(&mut self.is_done) {
            plaintext.extend_from_slice(b"GET");
        }
    }
    fn close(&mut self) {}
    fn peer_closed(&self) -> bool {
        false
    }
    fn negotiated(&self) -> Option<Negotiated> {
        None
    }
}

fn observation(reach: Reach, ending: Ending) -> Observation {
    let client_alert = if let Ending::ClientAlert(alert) = ending { Some(alert) } else { None };
    Observation {
        reach,
        offer: None,
        proposal: None,
        delivered: true,
        ending,
        client_alert,
        server_alert: None,
        application_bytes: 3,
        not_tls: None,
        disagreement: None,
        transcript: crate::observe::Transcript::default(),
    }
}

/// What a client gets whose every flight comes at once, or in chunks.
fn played(edits: &str, flights: &[&[u8]]) -> Seen {
    let edits = parse_list(edits).unwrap();
    let play = Play::default();
    let mut proxy = play.open(Box::new(Credulous::default()), &edits);
    for flight in flights {
        proxy.feed(flight);
        proxy.drain(&mut Vec::new());
    }
    assert!(!play.seen()[0].is_over);
    drop(proxy);
    play.seen()[0].clone()
}

fn edit(at: &str, change: &str, value: &str) -> String {
    format!("[[edit]]\nat = \"{at}\"\nchange = \"{change}\"\n{value}\n")
}

#[test]
fn who_goes_on_in_another_handshake_has_survived_and_who_does_not_has_not() {
    let rows = [
        (String::new(), Outcome::Unchanged),
        (edit("record:client:1", "split", "value = 2"), Outcome::Unchanged),
        (edit("record:server:1", "set-version", "value = \"TLSv1.1\""), Outcome::Unchanged),
        // Twice the same is nothing.
        (edit("record:server:1", "xor", "value = [0, 2]").repeat(2), Outcome::Unchanged),
        (edit("record:server:1", "xor", "value = [0, 2]"), Outcome::Survived),
        (edit("server-hello-done", "drop", ""), Outcome::Survived),
        (edit("server-hello-done", "duplicate", ""), Outcome::Survived),
        (edit("client-hello", "replay", "value = \"01000000ff\""), Outcome::Survived),
        (edit("record:client:1", "xor", "value = [1, 1]"), Outcome::Survived),
        // Something that never came; something that came behind the data.
        (edit("record:server:7", "drop", ""), Outcome::Undecided),
        (edit("record:client:3", "drop", ""), Outcome::Unchanged),
        (edit("record:client:3", "xor", "value = [0, 1]"), Outcome::Unchanged),
    ];
    for (edits, outcome) in rows {
        // What follows comes in the same segment as the data, or later.
        let ends: [&[&[u8]]; 2] = [&[&HELLO, &[DATA, DATA].concat()], &[&HELLO, &DATA, &DATA]];
        for flights in ends {
            let seen = played(&edits, flights);
            let told = Outcome::of(&observation(Reach::Data, Ending::Completed), &seen, true);
            assert_eq!(told, outcome, "{edits}{seen:?}");
        }
    }
}

#[test]
fn without_data_it_counts_who_ended_it() {
    let applied = played(&edit("record:client:1", "drop", ""), &[&HELLO]);
    assert_eq!(applied.data, None);
    let nothing = played(&edit("record:client:2", "drop", ""), &[&HELLO]);
    let alert = crate::registry::AlertDescription::DECODE_ERROR;
    for (ending, outcome) in [
        (Ending::ClientAlert(alert), Outcome::RefusedByClient),
        (Ending::ClientCloseNotify, Outcome::RefusedByClient),
        (Ending::ClientFin, Outcome::RefusedByClient),
        (Ending::ClientReset, Outcome::RefusedByClient),
        (Ending::ServerAlert(alert), Outcome::RefusedByServer),
        (Ending::ServerFailed(String::new()), Outcome::Undecided),
        (Ending::Deadline, Outcome::Undecided),
        (Ending::Open, Outcome::Undecided),
        (Ending::Completed, Outcome::Undecided),
    ] {
        let observation = observation(Reach::Proposed, ending);
        assert_eq!(Outcome::of(&observation, &applied, true), outcome, "{:?}", observation.ending);
        // Nothing was applied: whoever ended it did so for another reason.
        assert_eq!(Outcome::of(&observation, &nothing, true), Outcome::Undecided);
    }
    // Whoever was killed or crashed has refused nothing, whatever its socket looked like.
    for ending in
        [Ending::ClientAlert(alert), Ending::ClientFin, Ending::ClientReset, Ending::ServerAlert(alert)]
    {
        let observation = observation(Reach::Proposed, ending);
        assert_eq!(Outcome::of(&observation, &applied, false), Outcome::Undecided);
    }
    let early = observation(Reach::Connected, Ending::ClientFin);
    assert_eq!(Outcome::of(&early, &applied, true), Outcome::Undecided);
}

/// A client says with an alert that it did not just give up waiting; and nobody refuses what it was never shown.
#[test]
fn a_client_refuses_a_flight_that_was_delivered_and_a_close_counts_only_where_it_had_to_decide() {
    use Outcome::{RefusedByClient, Undecided};
    let alert = || Ending::ClientAlert(crate::registry::AlertDescription::DECODE_ERROR);
    let canceled = || Ending::ClientAlert(crate::registry::AlertDescription(90));
    let hello = edit("record:client:1", "set-version", "value = \"TLSv1.1\"");
    let server = edit("record:server:1", "split", "value = 2");
    for (edits, reach, delivered, ending, outcome) in [
        (&hello, Reach::Offered, false, alert(), Undecided),
        (&hello, Reach::Offered, true, alert(), Undecided),
        (&hello, Reach::Offered, false, Ending::ClientFin, Undecided),
        (&hello, Reach::Proposed, false, alert(), Undecided),
        (&hello, Reach::Proposed, false, Ending::ClientReset, Undecided),
        (&hello, Reach::Proposed, true, alert(), RefusedByClient),
        (&hello, Reach::Proposed, true, canceled(), RefusedByClient),
        (&hello, Reach::Proposed, true, Ending::ClientFin, RefusedByClient),
        (&hello, Reach::Committed, true, alert(), RefusedByClient),
        (&hello, Reach::Committed, true, canceled(), Undecided),
        (&hello, Reach::Committed, true, Ending::ClientFin, Undecided),
        (&hello, Reach::Finished, true, Ending::ClientCloseNotify, Undecided),
        // A part of the flight may be held back.
        (&server, Reach::Proposed, true, alert(), RefusedByClient),
        (&server, Reach::Proposed, true, canceled(), Undecided),
        (&server, Reach::Proposed, true, Ending::ClientFin, Undecided),
        (&server, Reach::Proposed, true, Ending::ClientReset, Undecided),
    ] {
        let seen = played(edits, &[&HELLO]);
        let observation = Observation { delivered, ..observation(reach, ending) };
        assert_eq!(Outcome::of(&observation, &seen, true), outcome, "{edits}{observation:?}");
    }
}

#[test]
fn an_alert_that_was_edited_in_is_nobodys_refusal() {
    let alert = crate::registry::AlertDescription::HANDSHAKE_FAILURE;
    for edits in [
        edit("record:client:1", "inject-alert", "value = [\"fatal\", \"handshake_failure\"]"),
        edit("record:server:1", "inject-alert", "value = [\"fatal\", \"handshake_failure\"]"),
        edit("record:server:1", "retype", "value = \"alert\""),
    ] {
        let seen = played(&edits, &[&HELLO]);
        assert_eq!(seen.fates[0].1, Fate::Applied, "{edits}");
        for ending in [Ending::ClientAlert(alert), Ending::ServerAlert(alert), Ending::ClientFin] {
            let observation = observation(Reach::Proposed, ending);
            assert_eq!(Outcome::of(&observation, &seen, true), Outcome::Undecided, "{edits}");
        }
    }
}

#[test]
fn what_is_too_long_to_be_compared_is_undecided() {
    let long = [&HELLO[..], &[22, 3, 3, 0x40, 0], &vec![0; 0x4000]].concat().repeat(33);
    let seen = played("", &[&[&long[..], &DATA].concat()]);
    assert_eq!(seen.data, Some(Capture::TooLong));
    assert_eq!(Outcome::of(&observation(Reach::Data, Ending::Completed), &seen, true), Outcome::Undecided);
}
