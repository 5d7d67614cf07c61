//! Rules 1 to 5 at once, for whatever could be seen: a pass has both controls, an author, and nothing worse beside.

use proptest::collection::vec;
use proptest::prelude::*;
use shakedown::judge::{
    ClientEnded, ClientSaid, Controls, Finding, FindingCode, RefusalLine, Refuser, Verdict, judge,
};
use shakedown::observe::{Ending, NotTls, Observation, Reach};
use shakedown::oracle::{Offer, Proposal, Rule};
use shakedown::registry::{AlertDescription, CipherSuite, ProtocolVersion};

use crate::support::made::{ECDHE_GCM, Made, RSA_CBC, RSA_GCM, TLS13_GCM, modern, states_a_maximum};

const ALERTS: [AlertDescription; 4] = [
    AlertDescription::HANDSHAKE_FAILURE,
    AlertDescription::PROTOCOL_VERSION,
    AlertDescription::INTERNAL_ERROR,
    AlertDescription::BAD_CERTIFICATE,
];

fn ending() -> impl Strategy<Value = Ending> {
    let alert = prop::sample::select(ALERTS.to_vec());
    prop_oneof![
        1 => Just(Ending::Open),
        4 => alert.clone().prop_map(Ending::ClientAlert),
        1 => Just(Ending::ClientCloseNotify),
        2 => Just(Ending::ClientFin),
        1 => Just(Ending::ClientReset),
        3 => alert.prop_map(Ending::ServerAlert),
        1 => Just(Ending::ServerFailed("no".to_owned())),
        1 => Just(Ending::Deadline),
        1 => Just(Ending::Completed),
    ]
}

fn offer() -> impl Strategy<Value = Offer> {
    prop_oneof![
        3 => Just(modern()),
        1 => Just(Offer { suites: vec![TLS13_GCM, ECDHE_GCM, RSA_GCM], ..modern() }),
        1 => Just(states_a_maximum(ProtocolVersion::TLS1_2, &[ECDHE_GCM])),
        1 => Just(states_a_maximum(ProtocolVersion::TLS1_2, &[CipherSuite(0xC013), ECDHE_GCM])),
        1 => Just(states_a_maximum(ProtocolVersion::TLS1_1, &[RSA_CBC])),
    ]
}

fn proposal() -> impl Strategy<Value = Proposal> {
    let versions = [ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3];
    (
        prop::sample::select(versions.to_vec()),
        prop::sample::select(vec![RSA_GCM, RSA_CBC, ECDHE_GCM, TLS13_GCM]),
    )
        .prop_map(|(version, suite)| Proposal::new(version, suite))
}

fn reach() -> impl Strategy<Value = Reach> {
    prop_oneof![
        1 => Just(Reach::Connected),
        3 => Just(Reach::Offered),
        6 => Just(Reach::Proposed),
        1 => Just(Reach::Committed),
        1 => Just(Reach::Finished),
        1 => Just(Reach::Data),
    ]
}

/// A connection of the case: mostly with the case's own proposal.
fn connection(own: Proposal) -> impl Strategy<Value = Observation> {
    let rare = |p: f64| prop::bool::weighted(p);
    (
        reach(),
        ending(),
        offer(),
        prop_oneof![4 => Just(own), 1 => proposal()],
        rare(0.85),
        rare(0.05),
        rare(0.05),
    )
        .prop_map(|(reach, ending, offer, proposal, delivered, not_tls, disagrees)| {
            let not_tls = (not_tls && reach == Reach::Connected).then_some(NotTls::Http);
            Observation {
                reach,
                offer: (reach >= Reach::Offered).then_some(offer),
                proposal: (reach >= Reach::Proposed).then_some(proposal),
                delivered: delivered && reach >= Reach::Proposed,
                client_alert: if let Ending::ClientAlert(alert) = &ending { Some(*alert) } else { None },
                server_alert: if let Ending::ServerAlert(alert) = &ending { Some(*alert) } else { None },
                ending,
                not_tls,
                disagreement: disagrees.then(|| "suite".to_owned()),
                ..Observation::empty()
            }
        })
}

fn case() -> impl Strategy<Value = Made> {
    let kinds = prop_oneof![
        1 => Just(Made::static_rsa()),
        1 => Just(Made::new(ProtocolVersion::TLS1_0, RSA_CBC, &[Rule::Version, Rule::ForwardSecrecy])),
        1 => Just(Made {
            bad_certificate: true,
            line: RefusalLine::Data,
            ..Made::new(ProtocolVersion::TLS1_2, ECDHE_GCM, &[])
        }),
        1 => Just(Made { refuser: Refuser::Server, ..Made::static_rsa() }),
    ];
    (kinds, any::<bool>())
        .prop_map(|(made, forced)| Made { forced: forced && made.refuser == Refuser::Client, ..made })
}

fn said() -> impl Strategy<Value = ClientSaid> {
    let ended = prop_oneof![
        8 => Just(ClientEnded::Itself),
        1 => Just(ClientEnded::Crashed("signal 6".to_owned())),
        1 => Just(ClientEnded::AtDeadline),
        1 => Just(ClientEnded::Interrupted),
    ];
    let unsupported = prop::option::weighted(0.1, Just("no".to_owned()));
    (ended, any::<Option<bool>>(), unsupported).prop_map(|(ended, connected, unsupported)| ClientSaid {
        ended,
        connected,
        unsupported,
    })
}

#[derive(Clone, Debug)]
struct Play {
    made: Made,
    seen: Vec<Observation>,
    said: ClientSaid,
    positive: bool,
    canary: bool,
}

fn play() -> impl Strategy<Value = Play> {
    case()
        .prop_flat_map(|made| {
            // Mostly one, or there would be few passes to look at.
            let own = made.proposal();
            let connections = prop_oneof![
                4 => vec(connection(own.clone()), 1..2),
                2 => vec(connection(own), 0..4),
                2 => Just(vec![made.seen(Reach::Proposed, Ending::ClientAlert(ALERTS[0]), true)]),
                1 => Just(vec![made.seen(Reach::Offered, Ending::ServerAlert(ALERTS[0]), false)]),
            ];
            (Just(made), connections, said(), prop::bool::weighted(0.8), prop::bool::weighted(0.8))
        })
        .prop_map(|(made, seen, said, positive, canary)| Play { made, seen, said, positive, canary })
}

impl Play {
    fn judged(&self, seen: &[Observation]) -> shakedown::judge::Judgement {
        let (offer, why) = (modern(), Finding::new(FindingCode::ControlRefused, "no"));
        let controls = Controls {
            positive: if self.positive { Ok(()) } else { Err(&why) },
            offer: Some(&offer),
            canary: if self.canary { Ok(()) } else { Err("no".to_owned()) },
        };
        judge(&self.made.facts(), seen, &self.said, &controls)
    }

    fn line(&self) -> Reach {
        match (self.made.refuser, self.made.line) {
            (Refuser::Server, _) => Reach::Proposed,
            (_, RefusalLine::Committed) => Reach::Committed,
            (_, RefusalLine::Data) => Reach::Data,
        }
    }

    /// Somebody ended it who had a choice: the client, in the face of the whole proposal; or the honest server, at a
    /// hello that does not offer what the case proposes.
    fn is_author(&self, seen: &Observation) -> bool {
        let made = &self.made;
        let client = seen.ending.by_client() && seen.delivered && seen.proposal.is_some();
        let server =
            seen.reach == Reach::Offered && matches!(seen.ending, Ending::ServerAlert(_)) && !made.forced;
        client || server
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pass_has_both_controls_an_author_and_nothing_worse(play in play()) {
        let judged = play.judged(&play.seen);
        if matches!(judged.verdict, Verdict::Pass | Verdict::Warn) {
            prop_assert!(play.positive, "without the positive control");
            prop_assert!(play.canary, "without the canary");
            prop_assert_eq!(&play.said.ended, &ClientEnded::Itself);
            prop_assert!(play.seen.iter().all(|c| c.reach < play.line()), "past the line");
            prop_assert!(play.seen.iter().any(|c| play.is_author(c)), "no author");
            prop_assert!(play.seen.iter().all(|c| !matches!(c.ending, Ending::Deadline | Ending::Open)));
            prop_assert!(play.seen.iter().all(|c| c.not_tls.is_none() && c.disagreement.is_none()));
        }
        if judged.proven.is_some() {
            prop_assert!(matches!(judged.verdict, Verdict::Pass | Verdict::Warn));
        }
    }

    #[test]
    fn a_skip_is_only_for_a_client_that_never_said_hello(play in play()) {
        if play.judged(&play.seen).verdict == Verdict::Skipped {
            prop_assert!(play.said.unsupported.is_some());
            prop_assert!(play.seen.iter().all(|c| c.reach == Reach::Connected && c.not_tls.is_none()));
        }
    }

    #[test]
    fn one_weak_session_more_is_a_failure_whatever_else_was_seen(play in play(), at in 0_usize..4) {
        let made = &play.made;
        let accepted = made.seen(Reach::Data, Ending::Completed, true);
        let mut seen = play.seen.clone();
        seen.insert(at.min(seen.len()), accepted);
        prop_assert_eq!(play.judged(&seen).verdict, Verdict::Fail);
    }

    #[test]
    fn one_connection_more_never_makes_it_better(play in play(), more in offer()) {
        let made = &play.made;
        let worse = play.judged(&play.seen).verdict;
        let refusal = Observation {
            offer: Some(more),
            ..made.seen(Reach::Proposed, Ending::ClientAlert(ALERTS[0]), true)
        };
        let mut seen = play.seen.clone();
        seen.push(refusal);
        // A refusal beside it heals nothing that was doubtful, except that nobody had come, and never a failure.
        let now = play.judged(&seen).verdict;
        let has_hello = play.seen.iter().any(|c| c.reach > Reach::Connected);
        if worse == Verdict::Fail || (has_hello && play.made.facts().must_refuse()) {
            prop_assert!(now >= worse.min(Verdict::Fail), "{worse:?} became {now:?}");
        }
    }
}

#[test]
fn passes_are_among_what_the_property_sees() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let passes = (0..4000).filter(|_| {
        let play = play().new_tree(&mut runner).unwrap().current();
        play.judged(&play.seen).verdict == Verdict::Pass
    });
    let count = passes.count();
    assert!(count > 100, "only {count} passes: the property would hold of nothing");
}
