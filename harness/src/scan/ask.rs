//! One question, one reply: retries, the confirmation of a silent refusal, and giving up on a dead server.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::engine::{Engine, Status};
use crate::probe::{Flight, FlightError, FlightReader, records};
use crate::registry::AlertDescription;
use crate::wire::{AlertLevel, ClientHello, DecodeError};

use super::peer::{End, Peer};
use super::trouble::Trouble;

/// What a server says to a hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It proposes a session.
    Flight(Box<Flight>),
    /// It proposed one and gave it up in the same flight.
    Abandoned(Box<Flight>, Refusal),
    Refused(Refusal),
    Trouble(Trouble),
}

/// The server itself said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// `None` if it closed the connection without one, twice.
    pub alert: Option<AlertDescription>,
}

/// What a client's handshake came to.
pub enum Shaken {
    /// It was completed.
    Done {
        engine: Box<dyn Engine>,
        reader: Box<FlightReader>,
        end: End,
        /// After one that an alert ended.
        was_refused: bool,
    },
    /// One side or the other would not, twice.
    Refused {
        /// The server's certificates, if it came to show them.
        chain: Vec<Vec<u8>>,
        alert: Option<AlertDescription>,
    },
    /// There is no such client.
    NotPlayed,
}

/// What a scan costs, and whether the server still answers. Shared by all threads.
#[derive(Debug, Default)]
pub struct Counters {
    pub connections: AtomicU32,
    pub retries: AtomicU32,
    /// Questions in a row that had no answer after all retries.
    dead: AtomicU32,
    /// A hello that got a flight: the control of a refusal without an alert.
    control: OnceLock<Vec<u8>>,
    /// Why nothing more is to be asked.
    over: OnceLock<Trouble>,
}

/// How patient a scan is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Further tries of a question that had no answer.
    pub retries: u32,
    /// Before the first of them; each waits twice as long as the one before.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { retries: 2, pause: Duration::from_millis(100) }
    }
}

/// Replies to one question that disagree, and that nobody confirms.
const DOUBTS: u32 = 3;
/// So many unanswered questions in a row, and the server is taken for dead.
const DEAD: u32 = 3;

/// Asks on behalf of one thread.
pub struct Asker<'a> {
    peer: Box<dyn Peer + 'a>,
    counters: &'a Counters,
    patience: Patience,
}

impl<'a> Asker<'a> {
    pub fn new(peer: Box<dyn Peer + 'a>, counters: &'a Counters, patience: Patience) -> Self {
        Self { peer, counters, patience }
    }

    /// Asks until there is an answer or all tries are used up.
    pub fn ask(&mut self, hello: &ClientHello) -> Reply {
        self.ask_patiently(hello, self.patience.retries)
    }

    /// Asks, and once more if that is refused: for questions of which nothing but one alert would be the answer, which
    /// may have had a passing reason.
    pub fn ask_surely(&mut self, hello: &ClientHello) -> Reply {
        match self.ask(hello) {
            Reply::Refused(_) | Reply::Abandoned(..) => self.ask(hello),
            reply => reply,
        }
    }

    /// Asks once; only a refusal without an alert is asked for again.
    pub fn ask_once(&mut self, hello: &ClientHello) -> Reply {
        self.ask_patiently(hello, 0)
    }

    fn ask_patiently(&mut self, hello: &ClientHello, retries: u32) -> Reply {
        let bytes = records(hello);
        let (mut unconfirmed, mut doubts) = (None, 0);
        let mut pause = self.patience.pause;
        let mut left = retries;
        loop {
            if let Some(trouble) = self.counters.over() {
                return Reply::Trouble(trouble);
            }
            let (reply, is_certain) = self.say(&bytes);
            match reply {
                Reply::Trouble(trouble) => {
                    if !trouble.is_passing() {
                        return Reply::Trouble(trouble);
                    }
                    if left == 0 {
                        self.counters.had_no_answer();
                        return Reply::Trouble(trouble);
                    }
                    left -= 1;
                    std::thread::sleep(pause);
                    pause *= 2;
                }
                // Without an alert anything may have closed the connection: it has to happen twice.
                reply if !is_certain && !unconfirmed.as_ref().is_some_and(|first| agree(first, &reply)) => {
                    // One that says something else each time has no answer.
                    doubts += 1;
                    if doubts > DOUBTS {
                        self.counters.had_no_answer();
                        return Reply::Trouble(Trouble::Closed);
                    }
                    unconfirmed = Some(reply);
                }
                _ if !is_certain && !self.is_still_there() => {
                    self.counters.had_no_answer();
                    return Reply::Trouble(self.counters.over().unwrap_or(Trouble::Closed));
                }
                reply => {
                    self.counters.had_an_answer(&reply, bytes);
                    return reply;
                }
            }
            self.counters.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether the server still answers the hello that it answered before. Of one that never did nobody can tell.
    fn is_still_there(&mut self) -> bool {
        let Some(control) = self.counters.control.get() else { return false };
        matches!(self.say(control), (Reply::Flight(_), true))
    }

    /// One connection.
    fn say(&mut self, bytes: &[u8]) -> (Reply, bool) {
        let mut reader = FlightReader::new();
        let end = self.peer.hello(bytes, &mut reader);
        self.counters.connected(&end);
        read(reader, end)
    }

    /// Plays a client's handshake until it is completed, or refused by either side. Nobody is taken to refuse who does so
    /// once, for an alert may have a passing reason, or who does not answer at all.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn shake_hands(&mut self, open: &dyn Fn() -> Option<Box<dyn Engine>>) -> Result<Shaken, Trouble> {
        let (mut was_closed, mut was_refused) = (false, false);
        let mut pause = self.patience.pause;
        let mut left = self.patience.retries;
        loop {
            if let Some(trouble) = self.counters.over() {
                return Err(trouble);
            }
            let Some(mut engine) = open() else { return Ok(Shaken::NotPlayed) };
            let mut reader = FlightReader::new();
            let end = self.peer.handshake(&mut *engine, &mut reader);
            self.counters.connected(&end);
            match (engine.status(), end) {
                (Status::Done, end) => {
                    self.counters.dead.store(0, Ordering::Relaxed);
                    return Ok(Shaken::Done { engine, reader: Box::new(reader), end, was_refused });
                }
                // By an alert, or because the client does not take what it got.
                (Status::Failed(failure), _) => {
                    self.counters.dead.store(0, Ordering::Relaxed);
                    if was_refused {
                        let chain = engine.peer_chain();
                        return Ok(Shaken::Refused { chain, alert: failure.alert_received });
                    }
                    was_refused = true;
                }
                (Status::Running, End::Trouble(trouble)) => {
                    if !trouble.is_passing() {
                        return Err(trouble);
                    }
                    if left == 0 {
                        self.counters.had_no_answer();
                        return Err(trouble);
                    }
                    left -= 1;
                    std::thread::sleep(pause);
                    pause *= 2;
                }
                (Status::Running, End::Closed | End::Enough) if !was_closed => was_closed = true,
                (Status::Running, End::Closed | End::Enough) if self.is_still_there() => {
                    return Ok(Shaken::Refused { chain: Vec::new(), alert: None });
                }
                (Status::Running, End::Closed | End::Enough) => {
                    self.counters.had_no_answer();
                    return Err(self.counters.over().unwrap_or(Trouble::Closed));
                }
            }
            self.counters.retries.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Counters {
    fn had_an_answer(&self, reply: &Reply, hello: Vec<u8>) {
        if matches!(reply, Reply::Flight(_)) {
            self.control.get_or_init(|| hello);
        }
        self.dead.store(0, Ordering::Relaxed);
    }

    fn had_no_answer(&self) {
        self.dead.fetch_add(1, Ordering::Relaxed);
    }

    fn connected(&self, end: &End) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        if let End::Trouble(trouble) = end
            && trouble.ends_the_scan()
        {
            self.over.get_or_init(|| trouble.clone());
        }
    }

    /// Why the rest is not asked. A server that never proposed anything is judged by its greeting, not here.
    fn over(&self) -> Option<Trouble> {
        let is_dead = self.control.get().is_some() && self.dead.load(Ordering::Relaxed) >= DEAD;
        self.over.get().cloned().or_else(|| is_dead.then_some(Trouble::StoppedAnswering))
    }
}

/// Whether two replies without an alert say the same. Randoms and warnings differ from one connection to the next.
fn agree(first: &Reply, second: &Reply) -> bool {
    match (first, second) {
        (Reply::Refused(_), Reply::Refused(_)) => true,
        (Reply::Abandoned(a, _), Reply::Abandoned(b, _)) => {
            (a.version(), a.hello.cipher_suite) == (b.version(), b.hello.cipher_suite)
        }
        _ => false,
    }
}

/// What one connection came to, and whether once is enough.
fn read(reader: FlightReader, end: End) -> (Reply, bool) {
    if let Some(error) = reader.error() {
        return (Reply::Trouble(faulty(error, reader.flight().is_some())), true);
    }
    let alert = reader.alert();
    let is_fatal = alert.is_some_and(|alert| alert.level != AlertLevel::WARNING);
    let refusal = Refusal { alert: alert.map(|alert| alert.description) };
    let is_over = reader.is_over();
    match (reader.into_flight(), end) {
        (Some(flight), _) if is_fatal => (Reply::Abandoned(Box::new(flight), refusal), true),
        (Some(flight), _) if is_over => (Reply::Flight(Box::new(flight)), true),
        (Some(flight), End::Closed) => (Reply::Abandoned(Box::new(flight), refusal), false),
        (None, _) if is_fatal => (Reply::Refused(refusal), true),
        (None, End::Closed) => (Reply::Refused(refusal), false),
        (_, End::Trouble(trouble)) => (Reply::Trouble(trouble), true),
        (_, End::Enough) => (Reply::Trouble(Trouble::Slow), true),
    }
}

fn faulty(error: &FlightError, has_begun: bool) -> Trouble {
    match error {
        FlightError::Record(DecodeError::NotTls { .. }) if !has_begun => Trouble::NotTls(error.to_string()),
        _ => Trouble::Malformed(error.to_string()),
    }
}
