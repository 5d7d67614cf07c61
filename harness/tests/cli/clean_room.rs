//! What stands in the user's environment and home changes no verdict (design 1, rule 10).

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::*;

/// Certificates and suites: what CA bundles, proxies and configuration files would change.
const CASES: &str = "client/c*natural";
/// Enough for clients that take seconds to start.
const FEW_CASES: &str = "client/certificate/*";

// Without the switches that the adapters have against configuration files: only the room protects these.
const CURL: &[&str] = &["--", "curl", "-sS", "--cacert", "{ca_pem}", "{url}"];
const WGET: &[&str] =
    &["--", "wget", "-q", "--tries=1", "--ca-certificate={ca_pem}", "-O", "{workdir}/body", "{url}"];
const GIT: &[&str] = &["--", "git", "-c", "http.sslCAInfo={ca_pem}", "ls-remote", "{url}"];

type Environment<'a> = &'a [(&'a str, &'a str)];

/// (case, verdict, reach, codes) of every case.
fn outcomes(client: &[&str], inherit: bool, environment: Environment<'_>) -> Vec<String> {
    let mut command: Command = shakedown();
    let is_slow = client.first() == Some(&"--client") && !["openssl", "rustls"].contains(&client[1]);
    let filter = if is_slow { FEW_CASES } else { CASES };
    command.args(["check", "--report", "json", "--filter", filter]);
    command.args(inherit.then_some("--inherit-env")).args(client);
    command.envs(environment.iter().copied());
    let ran = Ran::of(&command.output().unwrap());
    assert_ne!(ran.code, 2, "{}", ran.stderr);
    let line = |case: &serde_json::Value| {
        format!("{} {} {} {:?}", case["case"], case["verdict"], case["reach"], codes(case))
    };
    ran.cases().iter().map(line).collect()
}

/// Plays with and without each environment. `bites`: with `--inherit-env` it does change something, so that the
/// comparison can fail.
fn compare(client: &[&str], table: &[(Environment<'_>, bool)]) {
    let plain = outcomes(client, false, &[]);
    assert!(plain.len() > 1, "{plain:?}");
    assert!(plain.iter().any(|line| line.contains("\"pass\"")), "nothing to change: {plain:?}");
    for (environment, bites) in table {
        assert_eq!(outcomes(client, false, environment), plain, "{environment:?} changed {client:?}");
        if *bites {
            assert_ne!(outcomes(client, true, environment), plain, "{environment:?} is harmless");
        }
    }
}

/// A configuration that OpenSSL reads without complaint and that allows next to nothing.
const OPENSSL_CONF: &str = "openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = defaults
[defaults]
MinProtocol = TLSv1.3
MaxProtocol = TLSv1.3
";

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn variables_that_curl_and_its_openssl_read_change_nothing() {
    if !installed("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let conf = write(folder.path(), "openssl.cnf", OPENSSL_CONF).display().to_string();
    let garbage =
        write(folder.path(), "garbage", "\u{1}no certificate, no configuration = [").display().to_string();
    let keys = path(folder.path(), "keys.log");
    compare(
        CURL,
        &[
            (&[("SSL_CERT_FILE", &garbage)], false),
            (&[("SSL_CERT_DIR", "/no/such")], false),
            (&[("CURL_CA_BUNDLE", &garbage)], false),
            (&[("OPENSSL_CONF", &conf)], true),
            (&[("SSLKEYLOGFILE", &keys)], false),
        ],
    );
    // curl writes that file when it is told of it.
    if Path::new(&keys).exists() {
        panic!("a client wrote the user's SSLKEYLOGFILE");
    }
}

#[test]
fn the_harness_itself_reads_no_openssl_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let conf = write(folder.path(), "openssl.cnf", OPENSSL_CONF).display().to_string();
    for client in ["openssl", "rustls"] {
        compare(&["--client", client], &[(&[("OPENSSL_CONF", &conf), ("SSL_CERT_FILE", "/no/such")], false)]);
    }
}

/// Plays what an adapter or a command starts, if its program is there.
fn compare_if_installed(program: &str, client: &[&str], environment: Environment<'_>, bites: bool) {
    if installed(program) {
        compare(client, &[(environment, bites)]);
    }
}

const GARBAGE: &str = "/no/such/file";

#[test]
fn variables_of_gnutls_and_git_change_nothing() {
    let gnutls = [("GNUTLS_SYSTEM_PRIORITY_FILE", GARBAGE), ("SSL_CERT_FILE", GARBAGE)];
    compare_if_installed("wget", WGET, &gnutls, false);
    compare_if_installed("git", GIT, &[("GIT_SSL_NO_VERIFY", "1")], true);
}

#[test]
fn variables_of_node_change_nothing() {
    let node = [("NODE_EXTRA_CA_CERTS", GARBAGE), ("NODE_OPTIONS", "--tls-min-v1.3")];
    compare_if_installed("node", &["--client", "node"], &node, true);
}

#[test]
fn variables_of_java_change_nothing() {
    let names = ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"];
    let java = names.map(|name| (name, "-Djdk.tls.client.protocols=TLSv1.3"));
    compare_if_installed("java", &["--client", "java"], &java, true);
}

#[test]
fn variables_of_python_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let startup = write(folder.path(), "ssl.py", "raise SystemExit(1)\n").display().to_string();
    let modules = folder.path().display().to_string();
    let python = [("PYTHONPATH", modules.as_str()), ("PYTHONSTARTUP", &startup), ("SSL_CERT_FILE", GARBAGE)];
    // The adapter's -I is a second guard, so this one is a command.
    let get = "import ssl, sys, urllib.request as r; \
        r.urlopen(sys.argv[1], context=ssl.create_default_context(cafile=sys.argv[2])).read()";
    let Some(program) = interpreter() else { return };
    compare(&["--", &program, "-c", get, "{url}", "{ca_pem}"], &[(&python, true)]);
}

/// The interpreter itself: a shim (pyenv's) finds it through the user's home, which clients do not see.
fn interpreter() -> Option<String> {
    let found = installed("python3");
    let output =
        found.then(|| Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output());
    output.map(|output| String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned())
}

/// The libraries that have a CA variable of their own, where they are installed.
#[test]
fn ca_variables_of_requests_and_boto3_change_nothing() {
    for (client, variable) in [("python-requests", "REQUESTS_CA_BUNDLE"), ("boto3", "AWS_CA_BUNDLE")] {
        // Named clients are looked for first; the command that is no program keeps this from being a run.
        if run(["check", "--client", client, "--", "no-such-program"]).stderr.contains("not installed") {
            println!("skipped: {client} not installed");
        } else {
            compare(&["--client", client], &[(&[(variable, GARBAGE)], false)]);
        }
    }
}

/// A proxy that takes every connection, counts it and closes it.
struct Proxy {
    address: String,
    connections: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (connections, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, is_over) = (Arc::clone(&connections), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok(_) => _ = count.fetch_add(1, Ordering::Relaxed),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        });
        Self { address, connections, stop, thread: Some(thread) }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[test]
fn proxy_variables_change_nothing_and_the_proxy_hears_nothing() {
    let proxy = Proxy::start();
    let names = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    for (program, client) in [("curl", CURL), ("wget", WGET), ("git", GIT)] {
        if !installed(program) {
            continue;
        }
        let plain = outcomes(client, false, &[]);
        // Lower case, then upper case: programs differ in which of them they read.
        let groups = names.chunks(3).map(|half| half.iter().map(|name| (*name, proxy.address.as_str())));
        let groups = groups.map(Iterator::collect::<Vec<_>>);
        for group in groups {
            assert_eq!(outcomes(client, false, &group), plain, "{program} with {group:?}");
            assert_eq!(proxy.connections(), 0, "{program} with {group:?} asked the proxy");
        }
    }
    if installed("curl") {
        outcomes(CURL, true, &[("https_proxy", &proxy.address)]);
        assert_ne!(proxy.connections(), 0, "with the user's environment it must, or this test sees nothing");
    }
}

#[test]
fn configuration_files_in_the_users_home_change_nothing() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), ".curlrc", "insecure\ntlsv1.3\n");
    write(home.path(), ".wgetrc", "check_certificate = off\nsecure_protocol = TLSv1_3\n");
    write(home.path(), ".netrc", "machine localhost login nobody password nothing\n");
    write(home.path(), ".gitconfig", "[http]\n\tsslVerify = false\n\tsslVersion = tlsv1.3\n");
    write(home.path(), ".config/git/config", "[http]\n\tsslVerify = false\n\tsslVersion = tlsv1.3\n");
    let folder = home.path().display().to_string();
    let config = path(home.path(), ".config");
    for (program, client) in [("curl", CURL), ("wget", WGET), ("git", GIT)] {
        if installed(program) {
            let all = [("HOME", folder.as_str()), ("CURL_HOME", &folder), ("XDG_CONFIG_HOME", &config)];
            compare(client, &[(&all, true)]);
        }
    }
}
