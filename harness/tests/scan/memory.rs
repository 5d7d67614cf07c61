//! A server in memory: an engine for every connection, with edits on the way.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use shakedown::edit::{Edit, Editor};
use shakedown::engine::openssl::OpenSsl;
use shakedown::engine::{Backend, EndpointSpec, Engine, Role, Status};
use shakedown::pki::{CertificateKind, Identity, Pki};
use shakedown::probe::{FlightReader, records as records_of};
use shakedown::registry::{self, CipherSuite, ProtocolVersion, SuiteKind};
use shakedown::scan::{End, Found, Options, Patience, Peer, Server, Trouble, scan};
use shakedown::wire::{Context, Handshake, HandshakeDeframer, RecordDeframer};

pub struct Memory {
    pub backend: Arc<dyn Backend>,
    pub spec: EndpointSpec,
    pub edits: Vec<Edit>,
    /// Rewrites what the server sends.
    pub rewrite: fn(&mut [u8]),
    /// Longer hellos get no answer.
    pub most_bytes: usize,
    /// Suites of a hello behind so many are not read.
    pub most_suites: usize,
}

/// The hello with its first suites only.
fn shortened(bytes: &[u8], most: usize) -> Vec<u8> {
    let mut records = RecordDeframer::new();
    let mut messages = HandshakeDeframer::new();
    records.push(bytes);
    while let Ok(Some(record)) = records.next() {
        messages.push(&record.payload);
    }
    let (kind, body) = messages.next().unwrap().unwrap();
    let context = Context::new(ProtocolVersion::TLS1_2);
    let Handshake::ClientHello(mut hello) = Handshake::decode(kind, &body, &context).unwrap() else {
        panic!()
    };
    hello.cipher_suites.truncate(most);
    records_of(&hello)
}

impl Server for Memory {
    fn peer(&self) -> Result<Box<dyn Peer + '_>, Trouble> {
        Ok(Box::new(Connections(self)))
    }
}

struct Connections<'a>(&'a Memory);

impl Connections<'_> {
    fn open(&self) -> (Box<dyn Engine>, Editor) {
        let Memory { backend, spec, edits, .. } = self.0;
        (backend.open(Role::Server, spec).expect("the server can be played"), Editor::new(edits))
    }
}

impl Peer for Connections<'_> {
    fn hello(&mut self, bytes: &[u8], reader: &mut FlightReader) -> End {
        if bytes.len() > self.0.most_bytes {
            return End::Trouble(Trouble::Silent);
        }
        let (mut server, mut editor) = self.open();
        let (mut there, mut sent, mut back) = (Vec::new(), Vec::new(), Vec::new());
        let short = (self.0.most_suites < usize::MAX).then(|| shortened(bytes, self.0.most_suites));
        editor.client_to_server(short.as_deref().unwrap_or(bytes), &mut there);
        server.feed(&there);
        server.drain(&mut sent);
        (self.0.rewrite)(&mut sent);
        editor.server_to_client(&sent, &mut back);
        reader.push(&back);
        match server.status() {
            Status::Failed(_) => End::Closed,
            _ if reader.is_over() => End::Enough,
            _ => End::Trouble(Trouble::Silent),
        }
    }

    fn handshake(&mut self, client: &mut dyn Engine, reader: &mut FlightReader) -> End {
        let (mut server, mut editor) = self.open();
        let mut has_closed = false;
        for _ in 0..32 {
            let (mut out, mut there, mut sent, mut back) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            if client.status() == Status::Done && !has_closed {
                client.drain(&mut out);
                client.close();
                has_closed = true;
            }
            client.drain(&mut out);
            editor.client_to_server(&out, &mut there);
            server.feed(&there);
            server.drain(&mut sent);
            editor.server_to_client(&sent, &mut back);
            reader.push(&back);
            client.feed(&back);
            if there.is_empty() && back.is_empty() {
                break;
            }
        }
        let end = match (client.status(), server.status()) {
            (Status::Failed(_), _) => End::Enough,
            (Status::Running, Status::Running) => End::Trouble(Trouble::Silent),
            _ => End::Closed,
        };
        // Otherwise OpenSSL forgets the session.
        server.close();
        end
    }
}

pub fn openssl() -> Arc<dyn Backend> {
    static OPENSSL: OnceLock<Arc<dyn Backend>> = OnceLock::new();
    Arc::clone(OPENSSL.get_or_init(|| Arc::new(OpenSsl::new())))
}

pub fn identity(kind: CertificateKind) -> Arc<Identity> {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| Pki::mint().unwrap()).identity(kind).unwrap()
}

/// TLS 1.2 and 1.3 with a few suites and an RSA certificate, in the server's order.
pub fn plain() -> EndpointSpec {
    EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_1, ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3],
        suites: [0x1302, 0x1301, 0xC030, 0xC014, 0x009E, 0x002F].map(CipherSuite).to_vec(),
        server_order: true,
        identities: vec![identity(CertificateKind::Rsa2048)],
        dh_bits: 2048,
        ..EndpointSpec::default()
    }
}

pub fn server(spec: EndpointSpec) -> Memory {
    Memory {
        backend: openssl(),
        spec,
        edits: Vec::new(),
        rewrite: |_| {},
        most_bytes: usize::MAX,
        most_suites: usize::MAX,
    }
}

pub fn options() -> Options {
    Options {
        server_name: None,
        jobs: 1,
        patience: Patience { retries: 1, pause: Duration::from_millis(1) },
        client: openssl(),
        confirm: false,
        suites_only: false,
    }
}

pub fn scanned(server: &Memory) -> Found {
    let found = scan(server, &options());
    assert_eq!(found.troubles(), []);
    found
}

/// Every suite of the registry: what is not a signal.
pub fn every_suite() -> Vec<CipherSuite> {
    registry::suites()
        .iter()
        .filter(|facts| facts.kind == SuiteKind::Suite)
        .map(|facts| facts.suite)
        .collect()
}
