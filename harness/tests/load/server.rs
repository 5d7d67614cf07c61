//! A TLS server on threads of the test, which does as it is told.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use shakedown::engine::{EndpointSpec, Engine, Prepared, Resumption, Role, Status, backends};
use shakedown::pki::{CertificateKind, Pki, ca_pem};
use shakedown::registry::ProtocolVersion;

pub fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| Pki::mint().unwrap())
}

/// A file with the CA's certificate, in a folder that goes with the returned value.
pub fn ca_file(pki: &Pki) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, ca_pem(pki)).unwrap();
    (folder, file)
}

/// Listens on a free port and gives every connection, with its number, to a thread. Returns the address.
pub fn listen(serve: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("localhost:{}", listener.local_addr().unwrap().port());
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(number, stream));
        }
    });
    address
}

/// OpenSSL with an ECDSA certificate.
pub fn openssl(versions: &[ProtocolVersion], resumption: Resumption) -> Box<dyn Prepared> {
    let spec = EndpointSpec {
        versions: versions.to_vec(),
        identities: vec![pki().identity(CertificateKind::EcdsaP256).unwrap()],
        resumption,
        ..EndpointSpec::default()
    };
    backends()["openssl"].prepare(Role::Server, &spec).unwrap()
}

pub const BOTH: [ProtocolVersion; 2] = [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3];
pub const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n";

/// A server's end of a connection.
pub struct End {
    pub stream: TcpStream,
    pub engine: Box<dyn Engine>,
}

impl End {
    pub fn new(stream: TcpStream, engine: Box<dyn Engine>) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, engine }
    }

    pub fn flush(&mut self) {
        let mut out = Vec::new();
        self.engine.drain(&mut out);
        let _ = self.stream.write_all(&out);
    }

    /// Reads once and answers; whether something came.
    pub fn step(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let count = self.stream.read(&mut buffer).unwrap_or(0);
        self.engine.feed(&buffer[..count]);
        self.flush();
        count > 0
    }

    pub fn handshake(&mut self) -> bool {
        while self.engine.status() == Status::Running && self.step() {}
        self.engine.status() == Status::Done
    }

    /// Waits for the request.
    pub fn request(&mut self) -> bool {
        let mut request = Vec::new();
        loop {
            self.engine.receive(&mut request);
            if request.windows(4).any(|four| four == b"\r\n\r\n") {
                return true;
            }
            if !self.step() {
                return false;
            }
        }
    }

    pub fn answer(&mut self, with: &[u8]) {
        self.engine.send(with);
        self.engine.close();
        self.flush();
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

/// A whole and honest connection.
pub fn answer(stream: TcpStream, server: &dyn Prepared) {
    let mut end = End::new(stream, server.open().unwrap());
    if end.handshake() && end.request() {
        end.answer(PAGE);
        // Its close_notify.
        let _ = end.stream.read(&mut [0; 64]);
    }
}
