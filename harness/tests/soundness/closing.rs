//! Rule 3 and s2n, which refuses with close_notify for most reasons: only the hello can say what it was about.

use std::io::Write;
use std::sync::Arc;

use shakedown::judge::{FindingCode, Verdict};
use shakedown::observe::Reach;
use shakedown::registry::ProtocolVersion;
use shakedown::run::events::{CaseFinished, Side};
use shakedown::wire::record::write_records;
use shakedown::wire::{
    ClientHello, ContentType, Decode, Extension, ExtensionType, Handshake, Reader, RecordDeframer,
};

use crate::support::drive::{is_control, permissive, read_flight, strict, v4, visit};
use crate::support::{STATIC_RSA, Setting, forge_in, has, show, world};

fn on_s2n(client: impl Fn(&shakedown::client::CaseAddress) -> bool + Send + Sync + 'static) -> CaseFinished {
    let setting = Setting {
        cases: vec![world().case(STATIC_RSA)],
        partial: true,
        backend: Arc::clone(&world().backends["s2n"]),
        ..Setting::default()
    };
    let told = forge_in(setting, client);
    assert_eq!(told.control("rsa2048"), "completed");
    told.case(STATIC_RSA).clone()
}

/// The hello with its extended_master_secret extension twice, which no server may take (RFC 8446 4.2, RFC 5246 7.4.1.4).
/// What it offers is the same.
fn spoilt(bytes: &[u8]) -> Vec<u8> {
    let mut records = RecordDeframer::new();
    records.push(bytes);
    let record = records.next().unwrap().unwrap();
    let mut hello = ClientHello::decode(&mut Reader::new(&record.payload[4..])).unwrap();
    let extensions = hello.extensions.as_mut().unwrap();
    let at = extensions.iter().position(|e| e.typ() == ExtensionType::EXTENDED_MASTER_SECRET).unwrap();
    let again: Extension = extensions[at].clone();
    extensions.insert(at, again);
    let (mut message, mut out) = (Vec::new(), Vec::new());
    Handshake::ClientHello(hello).encode_message(&mut message);
    write_records(ContentType::HANDSHAKE, ProtocolVersion::TLS1_0, &message, &mut out);
    out
}

#[test]
fn a_close_notify_to_a_hello_without_the_weakness_is_a_refusal_of_it() {
    let case = on_s2n(|address| visit(v4(address.port), strict()));
    assert_eq!(case.verdict, Verdict::Pass, "{}", show(&case));
    assert_eq!((case.reach, case.alert_by), (Some(Reach::Offered), Some(Side::Server)), "{}", show(&case));
    assert_eq!(case.alert.as_deref(), Some("close_notify"), "{}", show(&case));
}

#[test]
fn a_close_notify_to_a_hello_with_the_weakness_is_none() {
    let case = on_s2n(|address| {
        if is_control(address) {
            return visit(v4(address.port), permissive());
        }
        let (mut stream, mut engine) = (v4(address.port), permissive());
        let mut hello = Vec::new();
        engine.drain(&mut hello);
        stream.write_all(&spoilt(&hello)).unwrap();
        // An alert record with the level "warning" and the description 0 (RFC 5246 7.2), and nothing else.
        let flight = read_flight(&mut stream);
        assert_eq!(flight.get(5..), Some(&[1, 0][..]), "{flight:?}");
        false
    });
    assert_eq!(case.verdict, Verdict::Inconclusive, "{}", show(&case));
    assert!(has(&case, FindingCode::ServerEndedIt), "{}", show(&case));
    assert!(case.findings[0].detail.contains("refused (close_notify) where"), "{}", show(&case));
}
