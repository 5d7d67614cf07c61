//! Both ends of a cell with an editor between them.

use std::fmt;

use crate::edit::{Edit, Editor};
use crate::engine::{Engine, Status};
use crate::faults::{Fault, is_planted};
use crate::fuzzing::cell::{Cell, MOST_TURNS, PING, PONG};
use crate::registry::{CipherSuite, ProtocolVersion};

/// What one end came to.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct End {
    /// It completed the handshake, whatever became of the connection then.
    pub was_done: bool,
    /// Why it gave up, before or after that.
    pub failure: Option<String>,
    pub negotiated: Option<(ProtocolVersion, CipherSuite)>,
    /// As it was when the handshake had been done: an end that failed since tells none. None, too, where what completed it
    /// and what ended it came in one piece.
    pub exporter: Option<[u8; 32]>,
    /// Decrypted.
    pub got: Vec<u8>,
    /// All that arrived at it.
    pub arrived: Vec<u8>,
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { was_done, failure, negotiated, .. } = self;
        write!(
            f,
            "done {was_done}, failure {failure:?}, {negotiated:?}, got {:?}",
            self.got.escape_ascii().to_string()
        )
    }
}

/// What a handshake came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub client: End,
    pub server: End,
}

impl End {
    /// It completed the handshake and has not failed since.
    pub fn is_done(&self) -> bool {
        self.was_done && self.failure.is_none()
    }
}

impl Outcome {
    /// Both ends say that it is done, and one word crossed in each direction.
    pub fn is_complete(&self) -> bool {
        self.client.is_done() && self.server.is_done() && self.server.got == PING && self.client.got == PONG
    }
}

/// Drives until nothing moves, with one word in each direction.
pub(super) fn drive(cell: &Cell, edits: &[Edit]) -> (Outcome, Editor) {
    let mut editor = Editor::new(edits);
    let (mut client, mut server) = (cell.client(), cell.server());
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    let (mut sent, mut got) = (Vec::new(), Vec::new());
    let (mut pinged, mut ponged) = (false, false);
    let (mut client_keys, mut server_keys) = (None, None);
    for _ in 0..MOST_TURNS {
        if !pinged && client.status() == Status::Done && server.status() == Status::Done {
            client.send(PING);
            pinged = true;
        }
        client.drain(&mut sent);
        let mut moved = !sent.is_empty();
        let start = to_server.len();
        editor.client_to_server(&sent, &mut to_server);
        if to_server.len() > start {
            // Never the first, but for a planted fault.
            let is_unbound = is_planted(Fault::HelloUnbound) && start == 0 && to_server.len() == sent.len();
            server.feed(if is_unbound { &sent } else { &to_server[start..] });
        }
        sent.clear();
        keep_exporter(&server, &mut server_keys);
        server.receive(&mut got);
        if !ponged && got == PING {
            server.send(PONG);
            ponged = true;
        }
        server.drain(&mut sent);
        moved |= !sent.is_empty();
        let start = to_client.len();
        editor.server_to_client(&sent, &mut to_client);
        sent.clear();
        if to_client.len() > start {
            client.feed(&to_client[start..]);
        }
        keep_exporter(&client, &mut client_keys);
        if !moved {
            break;
        }
    }
    let mut answer = Vec::new();
    client.receive(&mut answer);
    let outcome = Outcome {
        client: end(&client, client_keys, answer, to_client),
        server: end(&server, server_keys, got, to_server),
    };
    (outcome, editor)
}

/// An end that fails later tells nothing any more.
fn keep_exporter(engine: &dyn Engine, kept: &mut Option<[u8; 32]>) {
    if kept.is_none() && engine.status() == Status::Done {
        *kept = engine.exporter();
    }
}

fn end(engine: &dyn Engine, exporter: Option<[u8; 32]>, got: Vec<u8>, arrived: Vec<u8>) -> End {
    End {
        was_done: engine.was_done(),
        negotiated: engine.negotiated().map(|said| (said.version, said.suite)),
        exporter,
        failure: match engine.status() {
            Status::Failed(failure) => Some(failure.text),
            _ => None,
        },
        got,
        arrived,
    }
}
