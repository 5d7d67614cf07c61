//! What an open connection costs a server.

use std::net::TcpStream;

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shakedown::bench::Keys;
use shakedown::pki::CertificateKind;

use super::page::{section, table};
use super::peers::Server;
use super::plot::{Line, Plots};
use super::rounds::figure;
use super::servers::BACKENDS;

/// Made and ended before anything is measured, for what is allocated once.
const WARM_UP: usize = 20;
/// Descriptors of this process that are not connections.
const OTHER_DESCRIPTORS: u64 = 256;

pub fn memory(out: &mut String, plots: &Plots, sizes: &[usize]) {
    section(
        out,
        "Memory of a connection",
        "Growth of the server's resident set, divided by the connections that are open: TLS 1.3 handshakes that were completed, and no \
         request yet.",
    );
    let most = sizes.last().copied().unwrap_or(0);
    if !has_descriptors(most as u64 + OTHER_DESCRIPTORS) {
        out.push_str("Left out: the limit of open files is too low (`ulimit -Hn`).\n\n");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kind = CertificateKind::EcdsaP256;
    let identity = Keys::fixed().identity(kind).expect("every kind has a key");
    let room = (most + 2 * WARM_UP).to_string();
    let more = ["--request-timeout", "3600", "--max-connections", &room];
    let nginx = Server::nginx(&identity, folder.path());
    if nginx.is_none() {
        out.push_str("Absent on this machine: nginx.\n\n");
    }
    let ours = BACKENDS.iter().map(|backend| Server::serve(backend, kind.as_str(), &more));
    let lines: Vec<Line> = nginx.into_iter().chain(ours).map(|server| of_server(&server, sizes)).collect();
    let mut rows = Vec::new();
    for line in &lines {
        let figures = line.points.iter().map(|(_, kib)| figure(*kib));
        rows.push([line.name.clone()].into_iter().chain(figures).collect::<Vec<String>>());
    }
    let titles: Vec<String> = sizes.iter().map(|size| format!("{size} open, KiB each")).collect();
    let columns: Vec<&str> = ["server"].into_iter().chain(titles.iter().map(String::as_str)).collect();
    table(out, &columns, &rows);
    plots.lines(out, "memory.svg", "Memory of an open connection", ["connections", "KiB"], &lines);
}

/// Raises the limit, if it can be.
fn has_descriptors(wanted: u64) -> bool {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|have| have >= wanted) {
        return true;
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).is_ok()
}

fn of_server(server: &Server, sizes: &[usize]) -> Line {
    for _ in 0..WARM_UP {
        drop(connection(server.port));
    }
    let before = server.resident();
    let mut open = Vec::new();
    let mut points = Vec::new();
    for size in sizes {
        while open.len() < *size {
            open.push(connection(server.port));
        }
        // The last of them may still be at work.
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(server.descriptors() >= *size, "{} has closed some of {size}", server.name);
        points.push((*size as f64, (server.resident() - before) / *size as f64));
    }
    Line { name: server.name.replace('`', ""), points }
}

/// The socket alone: what our end would hold is nobody's concern.
fn connection(port: u16) -> TcpStream {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).expect("OpenSSL has a client");
    connector.set_verify(SslVerifyMode::NONE);
    connector.set_min_proto_version(Some(SslVersion::TLS1_3)).expect("it has TLS 1.3");
    let socket = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let other = socket.try_clone().expect("a descriptor");
    let stream = connector.build().connect("localhost", other).expect("a handshake");
    assert_eq!(stream.ssl().version_str(), "TLSv1.3");
    socket
}
