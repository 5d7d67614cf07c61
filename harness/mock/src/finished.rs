//! What a server saw, and what can be asserted of it.

use crate::builder::Certificate;
use crate::lines::{Connection, Outcome, Ready, Verdict};
use crate::names::{self, Kind};
use crate::policy::Accepted;
use crate::refusal;
use crate::server_line::ServerLine;
use crate::unmet::{Reason, Unmet, describe, proposed};

/// What a server saw until it was told to stop.
///
/// Each expectation is there twice: `check_...` returns an [`Unmet`], `assert_...` panics with its text. None of them is
/// met by a server that nobody connected to, and none if the server, a deadline or something that is no TLS ended a
/// connection: then it is unproven.
#[must_use = "nothing is asserted until an `assert_` or `check_` is called"]
#[derive(Debug)]
pub struct Finished {
    pub(crate) server: Ready,
    pub(crate) wrong_certificate: Option<Certificate>,
    /// Beside the wrong certificate the session is forced, or the policy is not the one of the positive control.
    pub(crate) has_second_fault: bool,
    pub(crate) forced: Option<(String, String)>,
    pub(crate) accepted: Result<Accepted, String>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) unfinished: usize,
}

impl Finished {
    /// Every connection, in the order in which they ended.
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// What the floor says of all connections together: the worst. `Inconclusive` if there was none, if one was not judged,
    /// or if one was cut.
    pub fn verdict(&self) -> Verdict {
        let judged = self.connections.iter().map(|c| c.verdict.unwrap_or(Verdict::Inconclusive)).max();
        let worst = judged.unwrap_or(Verdict::Inconclusive);
        if self.unfinished > 0 { worst.max(Verdict::Inconclusive) } else { worst }
    }

    /// What a failure text prints: the server, each connection, what it offered, and its transcript.
    pub fn description(&self) -> String {
        let server = ServerLine { ready: &self.server, forced: self.forced.as_ref() };
        describe(&server, &self.connections, self.unfinished)
    }

    /// The client refused everything that this server had: it never went past the server's flight, or it offered nothing
    /// that the server has. For a wrong certificate it sent an alert, at the latest before its first application data.
    ///
    /// A client that refuses every server meets this, too: it cannot tell why the client refused, except that an alert
    /// about the certificate proves nothing about a server whose certificate is right (RFC 8446 6.2), and one about the CA
    /// nothing about a certificate whose host or date is wrong. The form that can is
    /// [`MockServerBuilder::assert_refused_by`](crate::MockServerBuilder::assert_refused_by).
    ///
    /// A client that finishes the handshake with a wrong certificate and leaves without a word may have checked it
    /// afterwards, as Debian's wget does, or not at all: unproven here.
    pub fn check_refused(&self) -> Result<(), Unmet> {
        let judged =
            || self.connections.iter().map(|connection| (connection, refusal::judge(self, connection)));
        let found = |reason| {
            judged()
                .find_map(|(c, judged)| judged.err().filter(|(r, _)| *r == reason).map(|(_, why)| (c, why)))
        };
        // What the client did wrong goes before what nobody knows.
        if let Some((connection, why)) = found(Reason::Broken) {
            return Err(self.unmet(
                Reason::Broken,
                format!("the client did not refuse: {why}"),
                Some(connection),
            ));
        }
        self.is_complete("a refusal")?;
        match found(Reason::Unproven) {
            Some((connection, why)) => {
                let what = format!("it is not proven that the client refused: {why}");
                Err(self.unmet(Reason::Unproven, what, Some(connection)))
            }
            None => Ok(()),
        }
    }

    /// [`check_refused`](Self::check_refused) that panics.
    #[track_caller]
    pub fn assert_refused(&self) -> &Self {
        self.assert(self.check_refused())
    }

    /// Every connection finished a handshake of this version and, if one is given, this cipher suite.
    pub fn check_negotiated(&self, version: &str, suite: Option<&str>) -> Result<(), Unmet> {
        let wanted = match suite {
            Some(suite) => format!("{version} with {suite}"),
            None => version.to_owned(),
        };
        self.is_complete(&format!("a session of {wanted}"))?;
        for connection in &self.connections {
            let unmet = |reason| self.unmet(reason, format!("{wanted} was not negotiated"), Some(connection));
            match connection.outcome {
                Outcome::Completed | Outcome::Closed => {
                    let is_wanted = connection.version.as_deref() == Some(version)
                        && (suite.is_none() || connection.suite.as_deref() == suite);
                    if !is_wanted {
                        return Err(unmet(Reason::Broken));
                    }
                }
                Outcome::RefusedByClient | Outcome::RefusedByServer => return Err(unmet(Reason::Broken)),
                _ => return Err(unmet(Reason::Unproven)),
            }
        }
        Ok(())
    }

    /// [`check_negotiated`](Self::check_negotiated) that panics.
    #[track_caller]
    pub fn assert_negotiated(&self, version: &str, suite: Option<&str>) -> &Self {
        self.assert(self.check_negotiated(version, suite))
    }

    /// No ClientHello named this version (`TLSv1.0`), cipher suite, group or signature scheme (IANA's names).
    ///
    /// Signature schemes are looked for in `signature_algorithms_cert`, too.
    ///
    /// What a hello leaves open is unproven: older versions if it does not name TLS 1.3, for then it may state only its
    /// highest (RFC 8446 4.2.1); schemes if it lists none, which up to TLS 1.2 means SHA-1 (RFC 5246 7.4.1.4.1); groups if it
    /// lists none, which means any curve (RFC 8422 4), and finite fields if it lists none of those with DHE suites
    /// (RFC 7919 4). A name that nobody knows is unproven as well.
    pub fn check_never_offered(&self, name: &str) -> Result<(), Unmet> {
        let Some(kind) = names::kind(name) else {
            let what = format!(
                "{name:?} is no name of a version, cipher suite, group or signature scheme; versions are written \
                 TLSv1.2, the others as IANA does (`shakedown list suites`)"
            );
            return Err(self.unmet(Reason::Unproven, what, None));
        };
        for connection in &self.connections {
            let Some(offers) = &connection.offers else { continue };
            let offered = match kind {
                Kind::Version => &offers.versions,
                Kind::Suite => &offers.suites,
                Kind::Group => &offers.groups,
                Kind::Scheme => &offers.schemes,
            };
            let for_chains = offers.cert_schemes.iter().filter(|_| kind == Kind::Scheme);
            if offered.iter().chain(for_chains).any(|value| value == name) {
                return Err(self.unmet(Reason::Broken, format!("{name} was offered"), Some(connection)));
            }
            if let Some(why) = offers.leave_open(kind, name) {
                let what = format!("it is not proven that {name} was never offered: {why}");
                return Err(self.unmet(Reason::Unproven, what, Some(connection)));
            }
        }
        self.is_complete("an offer")?;
        if let Some(cut) = self.connections.iter().find(|c| c.offers.as_ref().is_some_and(|o| o.left_out > 0))
        {
            let what = format!(
                "it is not proven that {name} was never offered: a hello offered more than the server lists"
            );
            return Err(self.unmet(Reason::Unproven, what, Some(cut)));
        }
        match self.connections.iter().find(|connection| connection.offers.is_none()) {
            Some(connection) => {
                let what = format!(
                    "it is not proven that {name} was never offered: a connection had no ClientHello"
                );
                Err(self.unmet(Reason::Unproven, what, Some(connection)))
            }
            None => Ok(()),
        }
    }

    /// [`check_never_offered`](Self::check_never_offered) that panics.
    #[track_caller]
    pub fn assert_never_offered(&self, name: &str) -> &Self {
        self.assert(self.check_never_offered(name))
    }

    /// At least one session came to be, and none broke the floor: with the floor `aws`, all had TLS 1.2 or newer, forward
    /// secrecy, encryption and a suite that authenticates the server. Whether the client looks at the certificate is no
    /// part of it: one that verifies nothing keeps the floor with a right certificate. That is shown by the wrong ones
    /// ([`Certificate`]).
    pub fn check_floor_kept(&self) -> Result<(), Unmet> {
        if let Some(broken) = self.connections.iter().find(|c| c.verdict == Some(Verdict::Fail)) {
            return Err(self.unmet(Reason::Broken, "a session broke the floor".to_owned(), Some(broken)));
        }
        self.is_complete("a session")?;
        let is_session = |c: &&Connection| matches!(c.outcome, Outcome::Completed | Outcome::Closed);
        let is_refusal =
            |c: &Connection| matches!(c.outcome, Outcome::RefusedByClient | Outcome::RefusedByServer);
        let is_judged = |c: &Connection| matches!(c.verdict, Some(Verdict::Pass | Verdict::Warn));
        if let Some(open) =
            self.connections.iter().find(|c| !(is_refusal(c) || is_session(c) && is_judged(c)))
        {
            let what = "it is not proven that the floor was kept".to_owned();
            return Err(self.unmet(Reason::Unproven, what, Some(open)));
        }
        if !self.connections.iter().any(|c| is_session(&c)) {
            let what = "it is not proven that the floor was kept: no session came to be".to_owned();
            return Err(self.unmet(Reason::Unproven, what, None));
        }
        Ok(())
    }

    /// [`check_floor_kept`](Self::check_floor_kept) that panics.
    #[track_caller]
    pub fn assert_floor_kept(&self) -> &Self {
        self.assert(self.check_floor_kept())
    }

    fn is_complete(&self, wanted: &str) -> Result<(), Unmet> {
        if self.connections.is_empty() {
            let what = format!("nobody connected, which is no proof of {wanted}");
            return Err(self.unmet(Reason::Unproven, what, None));
        }
        if self.unfinished > 0 {
            let what = format!(
                "a connection was still open when the server was told to stop, so {wanted} is not proven: wait for the \
                 client before `finish`"
            );
            return Err(self.unmet(Reason::Unproven, what, None));
        }
        Ok(())
    }

    fn unmet(&self, reason: Reason, mut what: String, connection: Option<&Connection>) -> Unmet {
        if let Some(connection) = connection {
            let number =
                self.connections.iter().position(|c| std::ptr::eq(c, connection)).map_or(0, |i| i + 1);
            what += &format!(" (connection {number}: {}, {})", connection.outcome, proposed(connection));
        }
        Unmet::new(reason, what, self.description())
    }

    #[track_caller]
    fn assert(&self, checked: Result<(), Unmet>) -> &Self {
        match checked {
            Ok(()) => self,
            Err(unmet) => panic!("{unmet}"),
        }
    }
}
