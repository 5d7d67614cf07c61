//! Known truths by program and version. What is not in the table is printed, not asserted.

use shakedown::judge::Verdict;
use shakedown::run::events::CaseFinished;

use crate::stand::*;

const RSA_12: &str = "client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural";
const RSA_10: &str = "client/version/below-minimum@TLSv1.0+RSA+natural";
const RSA_11: &str = "client/version/below-minimum@TLSv1.1+RSA+natural";
const ECDHE_10: &str = "client/version/below-minimum@TLSv1.0+ECDHE+natural";
const ECDHE_11: &str = "client/version/below-minimum@TLSv1.1+ECDHE+natural";
const DHE_2048: &str = "client/kex/dhe@TLSv1.2+TLS_DHE_RSA_WITH_AES_128_GCM_SHA256+natural";
const STRONG: &str = "client/version/tls13@TLSv1.3+TLS_AES_128_GCM_SHA256+natural";
const ALL: [&str; 7] = [RSA_12, RSA_10, RSA_11, ECDHE_10, ECDHE_11, DHE_2048, STRONG];

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// A session, with the request.
    Completed,
    /// The client itself said no, with the alert that OpenSSL sends when it finds no signature algorithm.
    InternalError,
    /// Ended by either side before the refusal line.
    Refused,
    Unclear,
}

impl Came {
    fn of(case: &CaseFinished) -> Self {
        let reach = case.reach.map(|r| r.as_str()).unwrap_or_default();
        match (reach, case.verdict) {
            ("data", _) => Self::Completed,
            ("offered" | "proposed", Verdict::Pass | Verdict::Warn) => match case.alert.as_deref() {
                Some("internal_error") => Self::InternalError,
                _ => Self::Refused,
            },
            _ => Self::Unclear,
        }
    }

    fn fits(self, wanted: Self) -> bool {
        self == wanted || (wanted == Self::Refused && self == Self::InternalError)
    }
}

/// A program in a version, with what it does in the cases of [`ALL`] but the last.
struct Truth {
    adapter: &'static str,
    version: &'static str,
    /// A distribution patches its programs: then the truth holds for its own build in /usr alone.
    debian_12: bool,
    /// What `--version` must also say, where the library decides and not the program.
    library: &'static str,
    came: [Came; 6],
}

const fn truth(adapter: &'static str, version: &'static str, debian_12: bool, came: [Came; 6]) -> Truth {
    Truth { adapter, version, debian_12, library: "", came }
}

use Came::{Completed as Yes, InternalError, Refused as No};

/// Debian's OpenSSL keeps TLS 1.0 and 1.1 at security level 2 with static RSA, whose ServerKeyExchange is not signed;
/// the SHA-1 signature of ECDHE there is what it refuses.
const DEBIAN_OPENSSL: [Came; 6] = [Yes, Yes, Yes, InternalError, InternalError, Yes];
const GNUTLS: [Came; 6] = [Yes, Yes, Yes, Yes, Yes, Yes];
const MODERN: [Came; 6] = [Yes, No, No, No, No, Yes];
const STRICT: [Came; 6] = [No, No, No, No, No, Yes];

const TRUTHS: &[Truth] = &[
    Truth { library: "OpenSSL/3.0.19", ..truth("curl", "7.88.1", true, DEBIAN_OPENSSL) },
    truth("openssl-s_client", "3.0.19", true, DEBIAN_OPENSSL),
    truth("python", "3.11.2", true, DEBIAN_OPENSSL),
    truth("wget", "1.21.3", true, GNUTLS),
    truth("gnutls-cli", "3.7.9", true, GNUTLS),
    truth("git", "2.39.5", true, GNUTLS),
    truth("git", "2.47.3", true, GNUTLS),
    truth("node", "20.20.2", false, MODERN),
    truth("java", "17.0.15", false, MODERN),
    truth("java", "25.0.3", false, STRICT),
    truth("python", "3.11.7", false, STRICT),
];

fn is_debian_12() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.contains("ID=debian") && release.contains("VERSION_ID=\"12\"")
}

/// Whether a truth speaks of this program.
fn speaks_of(truth: &Truth, adapter: &str, found: &shakedown::client::Detected) -> bool {
    let says = |text: &str| {
        let output = std::process::Command::new(&found.program).arg("--version").output();
        output.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).contains(text))
    };
    let is_systems = is_debian_12() && found.program.starts_with("/usr");
    truth.adapter == adapter
        && found.version.as_deref() == Some(truth.version)
        && (!truth.debian_12 || is_systems)
        && (truth.library.is_empty() || says(truth.library))
}

fn is_java_without_static_rsa(version: &str) -> bool {
    let mut numbers = version.split(['.', '+', '-']).map(|n| n.parse::<u32>().unwrap_or_default());
    let mut next = || numbers.next().unwrap_or_default();
    match (next(), next(), next()) {
        (17, 0, update) => update >= 21,
        (release, ..) => release >= 24,
    }
}

fn compare(adapter: &str) {
    let stand = Stand::new(&[]);
    for found in some_of(adapter) {
        let told = block_on(stand.play(stand.adapter(adapter), found, &[], stand.cases(&ALL)));
        let came = |id: &str| Came::of(&told.cases[id]);
        let version = found.version.as_deref().unwrap_or("unknown version");
        let seen: Vec<Came> = ALL.iter().map(|id| came(id)).collect();
        println!("{} {version}: {seen:?}", found.name);
        assert!(told.has_good_controls(), "{}: {:?}", found.name, told.controls);
        assert_eq!(came(STRONG), Yes, "{}", found.name);
        if adapter == "java" && is_java_without_static_rsa(version) {
            assert!(came(RSA_12).fits(No), "{} {version}: {:?}", found.name, told.cases[RSA_12]);
        }
        let Some(truth) = TRUTHS.iter().find(|truth| speaks_of(truth, adapter, found)) else {
            println!("{} {version}: nothing is known of it", found.name);
            continue;
        };
        for (id, wanted) in ALL.iter().zip(truth.came) {
            let case = &told.cases[*id];
            assert!(
                came(id).fits(wanted),
                "{} {version}: {wanted:?}, not {:?}: {case:?}",
                found.name,
                came(id)
            );
            // The verdict follows from what came of it.
            let fails = case.verdict == Verdict::Fail;
            let is_weak = *id != DHE_2048 && *id != STRONG;
            assert_eq!(fails, is_weak && wanted == Yes, "{} {version}: {case:?}", found.name);
            if *id == DHE_2048 && wanted == Yes {
                assert_eq!(case.verdict, Verdict::Warn, "{case:?}");
            }
        }
    }
}

#[test]
fn curl_does_what_is_known_of_its_version() {
    compare("curl");
}

#[test]
fn openssl_s_client_does_what_is_known_of_its_version() {
    compare("openssl-s_client");
}

#[test]
fn wget_does_what_is_known_of_its_version() {
    compare("wget");
}

#[test]
fn git_does_what_is_known_of_its_version() {
    compare("git");
}

#[test]
fn gnutls_cli_does_what_is_known_of_its_version() {
    compare("gnutls-cli");
}

#[test]
fn node_does_what_is_known_of_its_version() {
    compare("node");
}

/// Java has no TLS_RSA_* by default since 17.0.21 (and 24); 17.0.15 completes it.
#[test]
fn java_does_what_is_known_of_its_version() {
    compare("java");
}

#[test]
fn python_does_what_is_known_of_its_version() {
    compare("python");
}

/// Slow to start, so one case each.
#[test]
fn the_aws_clients_refuse_static_rsa_or_are_seen_to_take_it() {
    let stand = Stand::new(&[]);
    for adapter in ["aws-cli", "boto3", "python-requests"] {
        for found in some_of(adapter).into_iter().take(1) {
            let told = block_on(stand.play(stand.adapter(adapter), found, &[], stand.cases(&[RSA_12])));
            assert!(told.has_good_controls(), "{adapter}: {:?}", told.controls);
            let came = Came::of(&told.cases[RSA_12]);
            println!("{} {:?}: {came:?}", found.name, found.version);
            assert_ne!(came, Came::Unclear, "{:?}", told.cases[RSA_12]);
        }
    }
}
