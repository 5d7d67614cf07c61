//! The lines that `shakedown serve` writes: one JSON object each. Unknown keys are ignored, unknown words are not.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// A line of the program's standard output.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Line {
    Ready(Ready),
    Connection(Box<Connection>),
    Stopped(Stopped),
    /// A kind of line that a later version of the same program may add.
    #[serde(other)]
    Unknown,
}

/// The server listens.
#[derive(Clone, Debug, Deserialize)]
pub struct Ready {
    pub address: SocketAddr,
    pub ca_pem: PathBuf,
    /// The policy by its full id, which may be longer than what was asked for.
    pub policy: String,
    /// Stack and version.
    pub backend: String,
    pub floor: Option<String>,
    #[serde(default)]
    pub certificates: Vec<String>,
    /// The program's version.
    pub shakedown: Option<String>,
}

/// The server has stopped in good order, and every connection has had its line.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Stopped {
    pub connections: usize,
    /// Connections that it had to cut.
    pub unfinished: usize,
}

/// One connection, as the server saw it on the wire. Names are IANA's, versions are written like `TLSv1.2`; `None` is
/// what is not known or did not come to be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Connection {
    /// Address and port of the client.
    pub peer: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How far the client went.
    pub reach: Option<Reach>,
    /// The version that the ServerHello named, whether the client took it or not.
    pub version: Option<String>,
    /// The cipher suite of the ServerHello.
    pub suite: Option<String>,
    /// The group of the key exchange.
    pub group: Option<String>,
    /// The alert that ended it.
    pub alert: Option<String>,
    /// Who sent the alert.
    pub alert_by: Option<Side>,
    /// Fingerprint of the ClientHello.
    pub ja4: Option<String>,
    /// What the floor says of it.
    pub verdict: Option<Verdict>,
    /// The reasons of the verdict, as `shakedown explain CODE` knows them.
    #[serde(default)]
    pub findings: Vec<String>,
    /// What the ClientHello offered.
    pub offers: Option<Offers>,
    /// Everything that crossed the wire, decoded.
    pub transcript: Option<String>,
    /// Milliseconds from the first byte to the end.
    pub ms: Option<f64>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// The handshake was finished, and the answer to a request was begun.
    Completed,
    /// The handshake was finished, and the client left without a request.
    Closed,
    /// The client ended it before the handshake was finished.
    RefusedByClient,
    /// The server ended it: it had nothing in common with the client.
    RefusedByServer,
    /// What arrived was no TLS.
    NotTls,
    /// A deadline of the server's passed.
    Timeout,
    /// The client was gone before anything could be said of it.
    Disconnected,
    /// The server's own stack failed.
    Failed,
    /// The program itself failed: nothing is known of the client.
    HarnessPanic,
    /// The server had stopped before it could be served.
    Unserved,
}

/// How far the client went, in the order of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// TCP only.
    Connected,
    /// Its ClientHello arrived.
    Offered,
    /// The server's whole flight was sent to it.
    Proposed,
    /// It answered the flight: the first of ClientKeyExchange, ChangeCipherSpec or Finished up to TLS 1.2, of Certificate,
    /// Finished or early data in TLS 1.3.
    Committed,
    /// The handshake was finished.
    Finished,
    /// It sent application data.
    Data,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    Client,
    Server,
}

/// What a floor says, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing against it.
    Pass,
    /// Nothing forbidden, but something is worth a look.
    Warn,
    /// It was not judged.
    Skipped,
    /// Nobody can tell.
    Inconclusive,
    /// The client went past the refusal line in a session that breaks the floor.
    Fail,
}

/// What a ClientHello offered, in its order. Unknown values are hexadecimal, GREASE (RFC 8701) is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Offers {
    /// The `supported_versions`, or the one highest version of a hello that has no such extension.
    pub versions: Vec<String>,
    /// Cipher suites.
    pub suites: Vec<String>,
    /// `supported_groups`.
    pub groups: Vec<String>,
    /// `signature_algorithms`.
    pub schemes: Vec<String>,
    /// `signature_algorithms_cert`: what the signatures in a chain may be made with.
    pub cert_schemes: Vec<String>,
    /// Application protocols.
    pub alpn: Vec<String>,
    /// The server name.
    pub server_name: Option<String>,
    /// Values that a list has no room for; then nothing can be said of what is not in the lists.
    pub left_out: usize,
}

/// The words of the lines, so that what is printed is what `serve` writes.
macro_rules! words {
    ($kind:ident: $($variant:ident $word:literal),+ $(,)?) => {
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $(Self::$variant => $word),+ })
            }
        }

        impl $kind {
            #[cfg(test)]
            const WORDS: &[(Self, &str)] = &[$((Self::$variant, $word)),+];
        }
    };
}

words!(Outcome: Completed "completed", Closed "closed", RefusedByClient "refused-by-client",
    RefusedByServer "refused-by-server", NotTls "not-tls", Timeout "timeout", Disconnected "disconnected",
    Failed "failed", HarnessPanic "harness-panic", Unserved "unserved");
words!(Reach: Connected "connected", Offered "offered", Proposed "proposed", Committed "committed",
    Finished "finished", Data "data");
words!(Side: Client "client", Server "server");
words!(Verdict: Pass "pass", Warn "warn", Skipped "skipped", Inconclusive "inconclusive", Fail "fail");

#[cfg(test)]
mod tests {
    use super::*;

    /// From the description of `serve`, not from this crate.
    const READY: &str = r#"{"type":"ready","address":"127.0.0.1:4433","ca_pem":"/tmp/a/ca.pem","policy":"elb/ELBSecurityPolicy-2016-08","backend":"openssl 3.6.3","floor":"aws","certificates":["rsa2048","ecdsa-p256"],"pid":1234,"shakedown":"0.1.0","later":{}}"#;
    const CONNECTION: &str = r#"{"type":"connection","peer":"127.0.0.1:51022","outcome":"completed","reach":"data","version":"TLSv1.2","suite":"TLS_RSA_WITH_AES_128_GCM_SHA256","group":null,"alert":null,"alert_by":null,"ja4":"t13d","verdict":"fail","findings":["no-forward-secrecy"],"offers":{"versions":["TLSv1.3"],"suites":["TLS_AES_128_GCM_SHA256"],"groups":["x25519"],"schemes":["ed25519"],"alpn":["h2"],"server_name":"localhost"},"transcript":null,"ms":3.1,"later":1}"#;

    #[test]
    fn a_ready_line_is_read() {
        let Line::Ready(ready) = serde_json::from_str(READY).unwrap() else { panic!("no ready line") };
        assert_eq!(ready.address, "127.0.0.1:4433".parse().unwrap());
        assert_eq!(ready.policy, "elb/ELBSecurityPolicy-2016-08");
        assert_eq!((ready.floor.as_deref(), ready.shakedown.as_deref()), (Some("aws"), Some("0.1.0")));
        assert_eq!(ready.certificates, ["rsa2048", "ecdsa-p256"]);
    }

    #[test]
    fn a_connection_line_is_read_and_null_is_none() {
        let Line::Connection(c) = serde_json::from_str(CONNECTION).unwrap() else { panic!("no connection") };
        assert_eq!(
            (c.outcome, c.reach, c.verdict),
            (Outcome::Completed, Some(Reach::Data), Some(Verdict::Fail))
        );
        assert_eq!(c.suite.as_deref(), Some("TLS_RSA_WITH_AES_128_GCM_SHA256"));
        assert_eq!((&c.group, &c.alert, &c.alert_by, &c.transcript), (&None, &None, &None, &None));
        let offers = c.offers.unwrap();
        assert_eq!(
            (offers.server_name.as_deref(), &offers.alpn[..]),
            (Some("localhost"), &["h2".to_owned()][..])
        );
    }

    #[test]
    fn a_stopped_line_is_read_and_a_line_of_another_kind_is_left_alone() {
        let line = serde_json::from_str(r#"{"type":"stopped","connections":3,"unfinished":1}"#).unwrap();
        assert!(matches!(line, Line::Stopped(Stopped { connections: 3, unfinished: 1 })));
        assert!(matches!(serde_json::from_str(r#"{"type":"reloaded"}"#).unwrap(), Line::Unknown));
    }

    /// An outcome that nobody here knows could be a refusal or its opposite.
    #[test]
    fn an_unknown_outcome_reach_or_verdict_is_an_error() {
        for (known, unknown) in [
            (r#""outcome":"completed""#, r#""outcome":"sulked""#),
            (r#""reach":"data""#, r#""reach":"moon""#),
            (r#""verdict":"fail""#, r#""verdict":"maybe""#),
        ] {
            let line = CONNECTION.replace(known, unknown);
            assert_ne!(line, CONNECTION);
            assert!(serde_json::from_str::<Line>(&line).is_err(), "{unknown}");
        }
    }

    #[test]
    fn what_is_printed_is_the_word_that_is_read() {
        fn holds<T: for<'a> Deserialize<'a> + PartialEq + fmt::Debug + fmt::Display>(words: &[(T, &str)]) {
            for (value, word) in words {
                assert_eq!(&serde_json::from_str::<T>(&format!("{word:?}")).unwrap(), value);
                assert_eq!(value.to_string(), *word);
            }
        }
        holds(Outcome::WORDS);
        holds(Reach::WORDS);
        holds(Side::WORDS);
        holds(Verdict::WORDS);
    }
}
