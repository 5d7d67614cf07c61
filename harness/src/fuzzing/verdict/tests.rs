use std::panic::catch_unwind;

use super::*;

/// What is said by hand above is what the floor says, for every suite in every version in which it exists.
#[test]
fn the_floor_by_hand_is_the_floor() {
    let mut weak = 0;
    for facts in registry::suites() {
        for version in ProtocolVersion::ALL.into_iter().filter(|version| facts.played_in(*version)) {
            if kx(facts.suite) == Kx::NotPlayed {
                continue;
            }
            let proposal = proposal(version, facts.suite);
            let broken = breaches(floor(), &proposal);
            let fails = broken.iter().any(|breach| breach.treatment == crate::policy::Treatment::Fail);
            assert_eq!(is_weak(&proposal), fails, "{version} {}: {broken:?}", facts.name);
            weak += usize::from(fails);
        }
    }
    assert!(weak > 100, "{weak}");
}

#[test]
fn every_session_is_wrong_as_it_says() {
    for (version, suite, wrong) in SESSIONS {
        let broken = breaches(floor(), &proposal(version, CipherSuite(suite)));
        let fails = |breach: &&crate::oracle::Breach| breach.treatment == crate::policy::Treatment::Fail;
        let wanted = match wrong {
            Wrong::Nothing => 0..=0,
            Wrong::Both => 2..=9,
            _ => 1..=1,
        };
        let count = broken.iter().filter(fails).count();
        assert!(wanted.contains(&count), "{version} {suite:04X}: {broken:?}");
    }
}

/// A pass that nothing stands behind is found, and an earned one is not.
#[test]
fn a_servers_refusal_is_an_author_only_where_the_session_was_not_offered() {
    let (version, suite) = (ProtocolVersion::TLS1_2, CipherSuite(0x009C));
    let is_found = |forced: bool, change: fn(&mut Offer)| {
        let mut offer = Offer::new(version);
        offer.suites = vec![CipherSuite(0xC02F)];
        change(&mut offer);
        let mut seen = Observation::empty();
        seen.reach = Reach::Offered;
        seen.offer = Some(offer);
        seen.ending = Ending::ServerAlert(AlertDescription::HANDSHAKE_FAILURE);
        catch_unwind(|| {
            let session =
                Session { version, suite, line: RefusalLine::Committed, bad_certificate: false, forced };
            let said = ClientSaid { ended: ClientEnded::Itself, connected: None, unsupported: None };
            let controls = Controls { positive: Ok(()), offer: None, canary: Ok(()) };
            earned(&session, &[seen], &said, &controls);
        })
        .is_err()
    };
    assert!(!is_found(false, |_| {}));
    assert!(is_found(true, |_| {}), "a forced server refuses nothing");
    assert!(is_found(false, |offer| offer.suites.push(CipherSuite(0x009C))), "it was offered");
    let other_version: fn(&mut Offer) = |offer| {
        offer.suites.push(CipherSuite(0x009C));
        offer.supported_versions = Some(vec![ProtocolVersion::TLS1_3]);
    };
    assert!(!is_found(false, other_version));
}

#[test]
fn a_clients_refusal_of_what_is_strong_proves_nothing() {
    let is_found = |suite: u16| {
        let (version, weak) = (ProtocolVersion::TLS1_2, CipherSuite(0x009C));
        let mut seen = Observation::empty();
        seen.reach = Reach::Proposed;
        seen.delivered = true;
        seen.proposal = Some(proposal(version, CipherSuite(suite)));
        seen.ending = Ending::ClientAlert(AlertDescription::HANDSHAKE_FAILURE);
        catch_unwind(|| {
            let session = Session {
                version,
                suite: weak,
                line: RefusalLine::Committed,
                bad_certificate: false,
                forced: false,
            };
            let said = ClientSaid { ended: ClientEnded::Itself, connected: None, unsupported: None };
            let controls = Controls { positive: Ok(()), offer: None, canary: Ok(()) };
            earned(&session, &[seen], &said, &controls);
        })
        .is_err()
    };
    assert!(!is_found(0x009C));
    assert!(is_found(0xC02F));
}
