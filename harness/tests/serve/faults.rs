//! Faults of the server itself: they are told, and cost nobody else anything.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use shakedown::engine::{
    Backend, CannotPlay, EndpointSpec, Engine, Negotiated, Prepared, Role, Status, backends,
};
use shakedown::net::Listener;
use shakedown::pki::{CertificateKind, Pki};
use shakedown::policy::Catalogue;
use shakedown::run::catalogue::Catalogue as Data;
use shakedown::run::stage::Stage;
use shakedown::serve::{Limits, Line, Server as InProcess, Staged};
use tokio::sync::{mpsc, watch};

use crate::client::*;
use crate::server::*;

/// OpenSSL whose first connection panics.
struct Panicking {
    inner: Arc<dyn Backend>,
    has_panicked: Arc<AtomicBool>,
}

impl Backend for Panicking {
    fn id(&self) -> &'static str {
        self.inner.id()
    }

    fn version(&self) -> String {
        self.inner.version()
    }

    fn prepare(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Prepared>, CannotPlay> {
        let inner = self.inner.prepare(role, spec)?;
        Ok(Box::new(PreparedToPanic { inner, has_panicked: Arc::clone(&self.has_panicked) }))
    }
}

struct PreparedToPanic {
    inner: Box<dyn Prepared>,
    has_panicked: Arc<AtomicBool>,
}

impl Prepared for PreparedToPanic {
    fn open(&self) -> Result<Box<dyn Engine>, CannotPlay> {
        let inner = self.inner.open()?;
        Ok(Box::new(PanickingEngine { inner, has_panicked: Arc::clone(&self.has_panicked) }))
    }
}

struct PanickingEngine {
    inner: Box<dyn Engine>,
    has_panicked: Arc<AtomicBool>,
}

impl Engine for PanickingEngine {
    fn feed(&mut self, from_peer: &[u8]) {
        assert!(self.has_panicked.swap(true, Ordering::SeqCst), "planted by the test");
        self.inner.feed(from_peer);
    }

    fn drain(&mut self, to_peer: &mut Vec<u8>) {
        self.inner.drain(to_peer);
    }

    fn status(&self) -> Status {
        self.inner.status()
    }

    fn was_done(&self) -> bool {
        self.inner.was_done()
    }

    fn send(&mut self, plaintext: &[u8]) {
        self.inner.send(plaintext);
    }

    fn receive(&mut self, plaintext: &mut Vec<u8>) {
        self.inner.receive(plaintext);
    }

    fn close(&mut self) {
        self.inner.close();
    }

    fn peer_closed(&self) -> bool {
        self.inner.peer_closed()
    }

    fn negotiated(&self) -> Option<Negotiated> {
        self.inner.negotiated()
    }
}

#[test]
fn a_panic_in_a_connection_has_its_line_and_is_counted_and_the_next_one_is_served() {
    let pki = Pki::mint().unwrap();
    let policy = Catalogue::embedded().unwrap().find("harness/strong").unwrap();
    let spec = EndpointSpec {
        identities: vec![pki.identity(CertificateKind::EcdsaP256).unwrap()],
        ..EndpointSpec::default()
    };
    let inner = Arc::clone(&backends()["openssl"]);
    let backend: Arc<dyn Backend> =
        Arc::new(Panicking { inner, has_panicked: Arc::new(AtomicBool::new(false)) });
    let staged = Staged {
        stage: Stage::of_policy(policy, spec, Some(CertificateKind::EcdsaP256), &backend).unwrap(),
        certificates: vec![CertificateKind::EcdsaP256],
        floor: Data::load(&[]).unwrap().floor("aws").unwrap().clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let listener = Listener::bind(&["127.0.0.1:0".parse().unwrap()], 8).unwrap();
    let port = listener.port();
    let second = Duration::from_secs(20);
    let limits = Limits { handshake: second, request: second, grace: second, connections: 8 };
    let (stop, stopping) = watch::channel(false);
    let (lines, mut told) = mpsc::channel(16);
    let clients = std::thread::spawn(move || {
        let answers = [visit(port, permissive()), visit(port, permissive())];
        stop.send_replace(true);
        answers.map(|answer| answer.is_some())
    });
    let served = runtime.block_on(InProcess::new(listener, staged, limits, false).run(stopping, lines));
    assert_eq!(clients.join().unwrap(), [false, true]);
    let mut lines = Vec::new();
    while let Ok(line) = told.try_recv() {
        assert!(matches!(line, Line::Connection(_)));
        let line = serde_json::to_value(line).unwrap();
        assert!(validator().is_valid(&line), "{line}");
        lines.push(line);
    }
    let outcomes: Vec<&Value> = lines.iter().map(|line| &line["outcome"]).collect();
    assert_eq!(outcomes, ["harness-panic", "completed"]);
    assert!(lines[0]["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{}", lines[0]);
    assert_eq!((&lines[0]["verdict"], &lines[0]["offers"]), (&Value::Null, &Value::Null));
    assert_eq!((served.connections, served.panicked, served.unfinished, served.unserved), (2, 1, 0, 0));
}

#[test]
fn who_waits_in_vain_for_a_descriptor_has_its_line_and_is_counted() {
    const CLIENTS: usize = 100;
    // 64 descriptors and the harness's own: it has room for one at a time, and serves the others at its stop.
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 65; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_shakedown")]);
    let mut server = Server::start_with(&mut shell, &["--policy", "harness/strong", "--grace", "1"]);
    let idle: Vec<_> = (0..CLIENTS).map(|_| connect(server.port)).collect();
    server.signal(Signal::TERM);
    let mut outcomes = std::collections::BTreeMap::<String, usize>::new();
    let stopped = loop {
        let line = server.line();
        if line["type"] == "stopped" {
            break line;
        }
        *outcomes.entry(line["outcome"].as_str().unwrap().to_owned()).or_default() += 1;
    };
    assert_eq!(server.exit_code(), Some(3));
    assert_eq!(stopped["connections"], json!(CLIENTS), "{outcomes:?}");
    let unserved = outcomes["unserved"];
    assert!(unserved > CLIENTS - 65 && unserved < CLIENTS, "{outcomes:?}");
    assert_eq!(stopped["unserved"], json!(unserved));
    assert_eq!(
        (&stopped["unfinished"], outcomes["timeout"]),
        (&json!(CLIENTS - unserved), CLIENTS - unserved)
    );
    let complaints = server.complaints();
    assert!(complaints.contains("waited in vain") && complaints.contains("ulimit -n"), "{complaints}");
    // Whoever was not served has been hung up on.
    for mut stream in idle {
        let _ = stream.write_all(b"x");
        assert!(!matches!(stream.read(&mut [0; 1]), Ok(1..)));
    }
}
