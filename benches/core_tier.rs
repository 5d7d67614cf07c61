//! What the harness itself costs: the core tier of curl with one job, beside a bare loop over the same program.
//!
//! Both sides start curl as often, one after the other, in alternating runs. The bare loop talks to one
//! `openssl s_server`. Printed: wall time of both, and the harness's own processor time as a share of its run.
//!
//! Run by `cargo bench --bench core_tier`; says so and ends when curl or openssl is missing.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use shakedown::pki::{CertificateKind, Pki, ca_pem};

/// Alternating runs of each side.
const ROUNDS: usize = 5;
/// Controls before and after the cases: two keys, twice.
const CONTROLS: usize = 4;

fn main() {
    // `cargo test --benches` starts benches too; they are not tests.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    if !(has("curl", "--version") && has("openssl", "version")) {
        println!("skipped: curl and openssl are needed");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let mut rows = Vec::new();
    for _ in 0..ROUNDS {
        let harness = harness_run();
        let bare = bare_loop(harness.cases + CONTROLS, server.port, folder.path());
        rows.push((harness, bare));
    }
    println!(
        "{:>6} {:>14} {:>14} {:>12} {:>12}",
        "cases", "harness wall", "bare wall", "wall ratio", "own CPU"
    );
    for (harness, bare) in &rows {
        println!(
            "{:>6} {:>11.1} ms {:>11.1} ms {:>12.2} {:>10.1} %",
            harness.cases,
            harness.wall.as_secs_f64() * 1e3,
            bare.as_secs_f64() * 1e3,
            harness.wall.as_secs_f64() / bare.as_secs_f64(),
            harness.cpu_share * 100.0
        );
    }
    let mut shares: Vec<f64> = rows.iter().map(|(h, _)| h.cpu_share).collect();
    shares.sort_by(f64::total_cmp);
    println!("median own CPU: {:.1} % of the run", shares[shares.len() / 2] * 100.0);
}

struct HarnessRun {
    cases: usize,
    wall: Duration,
    cpu_share: f64,
}

fn harness_run() -> HarnessRun {
    let started = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .args(["check", "--client", "curl", "--jobs", "1", "--report", "json"])
        .output()
        .expect("the harness starts");
    let wall = started.elapsed();
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let cases = text.lines().filter(|l| l.contains("\"case-finished\"")).count();
    let last: serde_json::Value =
        serde_json::from_str(text.lines().last().expect("at least one line")).expect("JSON lines");
    let number = |key: &str| last[key].as_f64().expect("a number");
    HarnessRun { cases, wall, cpu_share: number("cpu_ms") / number("ms") }
}

fn bare_loop(times: usize, port: u16, folder: &Path) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        let status = Command::new("curl")
            .args(["-q", "-sS", "-o", "/dev/null", "--cacert"])
            .arg(folder.join("ca.pem"))
            .arg(format!("https://localhost:{port}/"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .status()
            .expect("curl starts");
        assert!(status.success(), "the bare loop must do the same work");
    }
    started.elapsed()
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let pki = Pki::mint().expect("keys");
        let identity = pki.identity(CertificateKind::Rsa2048).expect("a leaf");
        let write = |name: &str, text: String| fs::write(folder.join(name), text).expect("a file");
        write("ca.pem", ca_pem(&pki));
        write("cert.pem", pem::encode(&pem::Pem::new("CERTIFICATE", identity.chain[0].clone())));
        write("key.pem", pem::encode(&pem::Pem::new("PRIVATE KEY", identity.key.clone())));
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let child = Command::new("openssl")
            .args(["s_server", "-quiet", "-www", "-cert", "cert.pem", "-key", "key.pem", "-accept"])
            .arg(port.to_string())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl starts");
        // Owned at once, so that it is ended on the panic below too.
        let server = Self { child, port };
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("openssl s_server does not listen");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn has(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok_and(|o| o.status.success())
}
