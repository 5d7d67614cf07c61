//! A client against a strong server, the weak one, and a strong one again: only who completes the strong ones can refuse
//! the weak one, and only who still completes the last has not lost what it needs on the way.

use std::collections::BTreeSet;
use std::fmt;

use crate::builder::MockServerBuilder;
use crate::finished::Finished;
use crate::lines::{Connection, Offers, Outcome, Verdict};
use crate::refusal;
use crate::server::MockServer;
use crate::unmet::{Reason, Unmet};

/// Characters of what the client returned that a failure text quotes.
const MOST_SAID: usize = 500;

impl MockServerBuilder {
    /// The client refuses this server, and for what is weak in it. It completes the *positive control* before and after, which
    /// is this server with the policy `harness/strong` (or [`control_policy`](Self::control_policy)) and a right certificate
    /// of the same kind of key; it offers the same there and here; and it refuses here as [`Finished::check_refused`] says. A
    /// refusal without an alert that gives a reason has to happen twice.
    ///
    /// Every server has a port and a CA of its own, so beside the weakness a control differs in these two. A client that keeps
    /// the CA of the first server does not complete the last control.
    ///
    /// `client` is called for three servers, or for four. It makes its request to the server that it is given, with that
    /// server's CA, and waits until the client is done. Return its error, do not unwrap it: a refusal is one. What it returns
    /// decides nothing and is quoted in the failure text.
    ///
    /// A session that the client accepts is [`Reason::Broken`] whatever the controls say. That a server did not start or
    /// died is [`Reason::Unproven`].
    pub fn check_refused_by<R: fmt::Debug>(&self, client: impl Fn(&MockServer) -> R) -> Result<(), Unmet> {
        let mut trial = Trial::of(self)?;
        while let Some(server) = trial.next()? {
            let said = client(&server);
            trial.end(server, &said)?;
        }
        Ok(())
    }

    /// [`check_refused_by`](Self::check_refused_by) that panics.
    #[track_caller]
    pub fn assert_refused_by<R: fmt::Debug>(&self, client: impl Fn(&MockServer) -> R) {
        if let Err(unmet) = self.check_refused_by(client) {
            panic!("{unmet}");
        }
    }

    /// [`check_refused_by`](Self::check_refused_by) for an async client, on any runtime. Starting and finishing the servers
    /// blocks the thread meanwhile, so a client whose tasks live on that thread must be done when its future is.
    pub async fn check_refused_by_async<R: fmt::Debug>(
        &self,
        client: impl AsyncFn(&MockServer) -> R,
    ) -> Result<(), Unmet> {
        let mut trial = Trial::of(self)?;
        while let Some(server) = trial.next()? {
            let said = client(&server).await;
            trial.end(server, &said)?;
        }
        Ok(())
    }
}

/// The servers in their order: control, weak one (twice, if the client refused without a word), control.
struct Trial<'a> {
    builder: &'a MockServerBuilder,
    /// Which certificates the weak server presents. It says so when it starts, so it does that before its control.
    certificates: Vec<String>,
    /// Started and not played yet.
    waiting: Option<MockServer>,
    before: Option<Played>,
    weak: Vec<Played>,
    after: Option<Played>,
}

impl<'a> Trial<'a> {
    fn of(builder: &'a MockServerBuilder) -> Result<Self, Unmet> {
        let weak = begin(builder.clone())?;
        let certificates = weak.certificates().to_vec();
        Ok(Self { builder, certificates, waiting: Some(weak), before: None, weak: Vec::new(), after: None })
    }

    /// The server to be played now. `None` when all have been, and each proves its part.
    fn next(&mut self) -> Result<Option<MockServer>, Unmet> {
        let control = || begin(self.builder.twin(&self.certificates)).map(Some);
        if self.before.is_none() {
            return control();
        }
        if self.wants_weak() {
            return match self.waiting.take() {
                Some(first) => Ok(Some(first)),
                None => begin(self.builder.clone()).map(Some),
            };
        }
        if let Some(after) = &self.after {
            return judge("after", after, &self.weak).map(|()| None);
        }
        if let Some(before) = &self.before {
            judge("before", before, &self.weak)?;
        }
        control()
    }

    fn wants_weak(&self) -> bool {
        match &*self.weak {
            [] => true,
            [only] => only.is_silent(),
            _ => false,
        }
    }

    fn end(&mut self, server: MockServer, said: &dyn fmt::Debug) -> Result<(), Unmet> {
        let said: String = format!("{said:?}").chars().take(MOST_SAID).collect();
        let failed = |error: crate::FinishError| Unmet::new(Reason::Unproven, error.to_string(), "");
        let played = Played { seen: server.try_finish().map_err(failed)?, said };
        if self.before.is_none() {
            self.before = Some(played);
        } else if self.wants_weak() {
            self.weak.push(played);
        } else {
            self.after = Some(played);
        }
        Ok(())
    }
}

/// What a server saw of the client and what the client said of it.
struct Played {
    seen: Finished,
    said: String,
}

impl Played {
    fn is_silent(&self) -> bool {
        self.seen.check_refused().is_ok() && self.seen.connections().iter().any(refusal::is_silent)
    }

    /// Of the first hello: a client may try again with less.
    fn offers(&self) -> Option<&Offers> {
        self.seen.connections().iter().find_map(|connection| connection.offers.as_ref())
    }

    fn note(&self) -> String {
        format!("client       {}", self.said)
    }
}

fn begin(builder: MockServerBuilder) -> Result<MockServer, Unmet> {
    builder
        .try_start()
        .map(MockServer::settled)
        .map_err(|error| Unmet::new(Reason::Unproven, error.to_string(), ""))
}

/// `when` the control was played, before the weak server or after it.
fn judge(when: &str, control: &Played, weak: &[Played]) -> Result<(), Unmet> {
    // A weak session is one, whatever the controls said.
    let refused: Vec<_> = weak
        .iter()
        .map(|played| played.seen.check_refused().map_err(|e| e.with_note(&played.note())))
        .collect();
    if let Some(Err(broken)) =
        refused.iter().find(|r| r.as_ref().is_err_and(|e| e.reason() == Reason::Broken)).cloned()
    {
        return Err(broken);
    }
    control_completed(when, control)?;
    for (played, refused) in weak.iter().zip(refused) {
        refused?;
        same_offer(control, played)?;
    }
    Ok(())
}

fn control_completed(when: &str, control: &Played) -> Result<(), Unmet> {
    let connections = control.seen.connections();
    let is_good = |c: &Connection| matches!(c.verdict, Some(Verdict::Pass | Verdict::Warn));
    let mut completed = connections.iter().filter(|c| c.outcome == Outcome::Completed).peekable();
    let why = if connections.is_empty() {
        "the client did not connect"
    } else if completed.peek().is_none() {
        "the client did not complete it"
    } else if connections.iter().any(|c| c.verdict == Some(Verdict::Fail)) || !completed.any(is_good) {
        "its session broke the floor"
    } else {
        return Ok(());
    };
    let what = format!(
        "the positive control {when} the weak server failed, so no refusal of this client proves anything: {why}"
    );
    Err(Unmet::new(Reason::Unproven, what, control.seen.description()).with_note(&control.note()))
}

/// A client that offers something else here than there is not the one whose control was completed.
fn same_offer(control: &Played, weak: &Played) -> Result<(), Unmet> {
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    let same = match (control.offers(), weak.offers()) {
        (Some(a), Some(b)) if a.left_out == 0 && b.left_out == 0 => [
            (&a.versions, &b.versions),
            (&a.suites, &b.suites),
            (&a.groups, &b.groups),
            (&a.schemes, &b.schemes),
            (&a.cert_schemes, &b.cert_schemes),
        ]
        .into_iter()
        .all(|(a, b)| set(a) == set(b)),
        _ => false,
    };
    if same {
        return Ok(());
    }
    let what = "the client offered something else to the positive control than to the weak server, so its refusal is not \
                proven";
    let seen = format!("{}the positive control:\n{}", weak.seen.description(), control.seen.description());
    Err(Unmet::new(Reason::Unproven, what, seen).with_note(&weak.note()))
}
