//! Real servers: `shakedown serve` on every stack, `openssl s_server`, nginx.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::programs::{Running, free_port, need, wait_for};
use crate::run::*;

/// A self-signed certificate by OpenSSL's own tool.
fn certificate(folder: &Path) {
    let made = Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-nodes", "-days", "9", "-subj", "/CN=localhost", "-addext"])
        .args(["subjectAltName=DNS:localhost", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

#[test]
fn every_stack_of_ours_loads_every_server_of_ours() {
    for server in ["openssl", "rustls", "s2n"] {
        let (running, address, ready) =
            serve(&["--policy", "harness/strong", "--partial", "--backend", server]);
        let (ca, pid) = (ready["ca_pem"].as_str().unwrap(), running.0.id().to_string());
        for client in ["openssl", "rustls", "s2n"] {
            let (exit, object) = load_json(&[
                &address,
                "--rate",
                "80",
                "--time",
                "0.25",
                "--ca-pem",
                ca,
                "--backend",
                client,
                "--server-pid",
                &pid,
            ]);
            assert_eq!((exit, &object["completed"]), (0, &20.into()), "{client} on {server}: {object}");
            assert_eq!(object["confirmed_by"]["http"], 20, "{object}");
            assert!(object["backend"].as_str().unwrap().starts_with(client), "{object}");
            assert!(object["generator"]["cpu_ms_per_handshake"].as_f64().unwrap() > 0.05, "{object}");
            assert_eq!(object["servers"][0]["pid"].to_string(), pid);
            assert!(object["servers"][0]["processor"]["cpu_seconds"].is_number(), "{object}");
            let bytes = |way: &str| object["bytes"][way].as_u64().unwrap();
            assert!(bytes("sent") > 20 * 300 && bytes("received") > 20 * 1000, "{object}");
            let ms = |name: &str| object["latency_ms"][name].as_f64().unwrap();
            assert!(0.0 < ms("p50") && ms("p50") <= ms("p99_9") && ms("p99_9") <= ms("max"), "{object}");
        }
    }
}

fn s_server(folder: &Path, more: &[&str]) -> (Running, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let child = Command::new("openssl")
        .current_dir(folder)
        .args(["s_server", "-quiet", "-accept", &address, "-cert", "cert.pem", "-key", "key.pem"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let running = Running(child.unwrap());
    wait_for(&address);
    (running, address)
}

#[test]
fn load_on_openssl_s_server_full_and_resumed() {
    need("openssl", "load_on_openssl");
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let (_running, address) = s_server(folder.path(), &["-www"]);
    for (version, more) in
        [("1.2", &[][..]), ("1.3", &[][..]), ("1.2", &["--resume"]), ("1.3", &["--resume"])]
    {
        let arguments = [&address, "--rate", "80", "--time", "0.25", "--insecure", "--version", version];
        let (exit, object) = load_json(&[&arguments[..], more].concat());
        assert_eq!((exit, &object["completed"]), (0, &20.into()), "{version} {more:?}: {object}");
        assert_eq!(object["resumed"], if more.is_empty() { 0 } else { 20 }, "{object}");
        assert_eq!(object["confirmed_by"]["http"], 20, "{object}");
    }
}

/// In TLS 1.3 the client is done before the server has seen that it has no certificate (RFC 8446 4.4.2.4).
#[test]
fn load_on_openssl_s_server_that_refuses_behind_the_clients_finished_completes_nothing() {
    need("openssl", "load_on_openssl");
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let (_running, address) = s_server(folder.path(), &["-www", "-Verify", "1", "-verify_return_error"]);
    for (version, alert) in [("1.3", "certificate_required"), ("1.2", "handshake_failure")] {
        for backend in ["openssl", "rustls"] {
            let told = load_json(&[
                &address,
                "--rate",
                "40",
                "--time",
                "0.25",
                "--insecure",
                "--version",
                version,
                "--backend",
                backend,
            ]);
            all_are(&told, "tls-failed", alert);
        }
    }
}

#[test]
fn load_on_nginx_full_and_resumed() {
    need("nginx", "load_on_nginx");
    need("openssl", "load_on_openssl");
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let port = free_port();
    let dir = folder.path().display();
    let configuration = format!(
        "daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;\n\
         events {{ }}\n\
         http {{ access_log off; client_body_temp_path {dir}/a; proxy_temp_path {dir}/b; fastcgi_temp_path {dir}/c;\n\
         uwsgi_temp_path {dir}/d; scgi_temp_path {dir}/e;\n\
         server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;\n\
         ssl_session_cache shared:s:1m; ssl_protocols TLSv1.2 TLSv1.3; location / {{ return 200 ok; }} }} }}\n"
    );
    fs::write(folder.path().join("nginx.conf"), configuration).unwrap();
    let child = Command::new("nginx")
        .args(["-p", &dir.to_string(), "-c", &format!("{dir}/nginx.conf")])
        .stderr(Stdio::null())
        .spawn();
    let running = Running(child.unwrap());
    let address = format!("localhost:{port}");
    wait_for(&format!("127.0.0.1:{port}"));
    let (ca, pid) = (format!("{dir}/cert.pem"), running.0.id().to_string());
    for version in ["1.2", "1.3"] {
        for more in [&["--resume"][..], &[], &["--backend", "rustls"], &["--backend", "s2n"]] {
            // For rustls a server's certificate is no CA.
            let trust = if more.contains(&"rustls") { vec!["--insecure"] } else { vec!["--ca-pem", &ca] };
            let arguments =
                [&address, "--rate", "80", "--time", "0.25", "--server-pid", &pid, "--version", version];
            let (exit, object) = load_json(&[&arguments[..], more, &trust].concat());
            assert_eq!((exit, &object["completed"]), (0, &20.into()), "{version} {more:?}: {object}");
            assert_eq!(object["resumed"], if more.contains(&"--resume") { 20 } else { 0 }, "{object}");
        }
    }
}
