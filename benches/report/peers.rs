//! Servers as processes of their own, on one processor, and `shakedown load` against them from another.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use shakedown::pki::Identity;

const SHAKEDOWN: &str = env!("CARGO_BIN_EXE_shakedown");
/// Of the server, and of whoever loads it.
const PROCESSORS: [usize; 2] = [0, 1];

/// A program that is held to a processor, where there is more than one.
fn held(program: &str, processor: usize) -> Command {
    if std::thread::available_parallelism().map_or(1, usize::from) < PROCESSORS.len() {
        return Command::new(program);
    }
    // util-linux is on every Linux.
    let mut command = Command::new("taskset");
    command.args(["-c", &processor.to_string(), program]);
    command
}

/// The first line of what a program says of its version.
pub fn version(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Some(String::from_utf8_lossy(&said).lines().next()?.trim().to_owned())
}

/// It is ended with this value.
pub struct Server {
    child: Child,
    pub name: String,
    pub port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// `shakedown serve`, with what else it is to be told.
    pub fn serve(backend: &str, certificate: &str, more: &[&str]) -> Self {
        let mut child = held(SHAKEDOWN, PROCESSORS[0])
            .args(["serve", "--policy", "elb/ELBSecurityPolicy-TLS13-1-3-2021-06", "--partial"])
            .args(["--backend", backend, "--cert", certificate, "--listen", "127.0.0.1:0", "--grace", "0"])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("shakedown starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut ready = String::new();
        lines.read_line(&mut ready).expect("a line");
        let ready: Value = serde_json::from_str(&ready).expect("the ready line is JSON");
        let address = ready["address"].as_str().expect("an address").to_owned();
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
        // The connections' lines have to go somewhere.
        std::thread::spawn(move || std::io::copy(&mut lines.by_ref(), &mut std::io::sink()));
        Self { child, name: format!("`serve --backend {backend}`"), port }
    }

    /// nginx with one worker and TLS 1.3 alone; its own defaults else. `None` where it is not installed.
    pub fn nginx(identity: &Identity, folder: &Path) -> Option<Self> {
        version("nginx", "-v")?;
        let (port, dir) = (free_port(), folder.display());
        certificate(identity, folder);
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {dir}/{kind};"))
            .join(" ");
        let configuration = format!(
            "daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;\n\
             events {{ worker_connections 20000; }}\n\
             http {{ access_log off; {temporary} keepalive_timeout 3600s; client_header_timeout 3600s;\n\
             server {{ listen 127.0.0.1:{port} ssl backlog=4096; ssl_certificate {dir}/cert.pem;\n\
             ssl_certificate_key {dir}/key.pem; ssl_protocols TLSv1.3; location / {{ return 200 ok; }} }} }}\n"
        );
        fs::write(folder.join("nginx.conf"), configuration).expect("a file");
        let child = held("nginx", PROCESSORS[0])
            .args(["-p", &dir.to_string(), "-c", &format!("{dir}/nginx.conf")])
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx starts");
        Some(Self { child, name: "nginx".to_owned(), port }.up())
    }

    /// `openssl s_server`, which serves one connection at a time. `None` where it is not installed.
    pub fn s_server(identity: &Identity, folder: &Path) -> Option<Self> {
        version("openssl", "version")?;
        let port = free_port();
        certificate(identity, folder);
        let child = held("openssl", PROCESSORS[0])
            .args([
                "s_server", "-quiet", "-www", "-tls1_3", "-cert", "cert.pem", "-key", "key.pem", "-accept",
            ])
            .arg(format!("127.0.0.1:{port}"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl starts");
        Some(Self { child, name: "`openssl s_server -www`".to_owned(), port }.up())
    }

    fn up(self) -> Self {
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < end, "{} does not come up", self.name);
            std::thread::sleep(Duration::from_millis(20));
        }
        self
    }

    /// Descriptors that it has open.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it runs").count()
    }

    /// Resident memory in KiB.
    pub fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux tells it");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }
}

fn certificate(identity: &Identity, folder: &Path) {
    let write = |name: &str, tag: &str, der: &[u8]| {
        fs::write(folder.join(name), pem::encode(&pem::Pem::new(tag, der))).expect("a file");
    };
    write("cert.pem", "CERTIFICATE", &identity.chain[0]);
    write("key.pem", "PRIVATE KEY", &identity.key);
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// What a server's handshakes came to.
pub struct Load {
    /// Microseconds of the server's processor time, by the system's accounting, per handshake.
    pub server: f64,
    /// Milliseconds from the scheduled start to the end of the client's handshake.
    pub p99: f64,
    /// Completed handshakes per second.
    pub rate: f64,
}

/// `rate` per second, or as fast as eight connections go.
///
/// # Panics
/// If anything but completed TLS 1.3 handshakes comes out.
pub fn load(server: &Server, rate: Option<f64>, time: Duration) -> Load {
    let (rate, connections) =
        rate.map_or_else(|| ("max".to_owned(), "8"), |rate| (format!("{rate:.0}"), "256"));
    let output = held(SHAKEDOWN, PROCESSORS[1])
        .args(["load", &format!("127.0.0.1:{}", server.port), "--server-name", "localhost"])
        .args(["--rate", &rate, "--connections", connections])
        .args(["--time", &format!("{:.2}", time.as_secs_f64()), "--version", "1.3", "--insecure", "--json"])
        .args(["--server-pid", &server.child.id().to_string()])
        .output()
        .expect("shakedown starts");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let clean = output.status.success() && object["failed"] == 0;
    assert!(clean, "{}: {object} {}", server.name, String::from_utf8_lossy(&output.stderr));
    let negotiated = &object["negotiated"];
    let expected =
        negotiated[0]["version"] == "TLSv1.3" && negotiated[0]["suite"] == "TLS_AES_128_GCM_SHA256";
    assert!(expected && negotiated[1].is_null(), "{}: {negotiated}", server.name);
    let number = |value: &Value| value.as_f64().expect("a number");
    Load {
        server: number(&object["servers"][0]["processor"]["cpu_ms_per_handshake"]) * 1e3,
        p99: number(&object["latency_ms"]["p99"]),
        rate: number(&object["handshakes_per_second"]),
    }
}
