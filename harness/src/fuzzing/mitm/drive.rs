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
    pub is_done: bool,
    pub failure: Option<String>,
    pub negotiated: Option<(ProtocolVersion, CipherSuite)>,
    pub exporter: Option<[u8; 32]>,
    /// Decrypted.
    pub got: Vec<u8>,
    /// All that arrived at it.
    pub arrived: Vec<u8>,
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_done, failure, negotiated, .. } = self;
        write!(
            f,
            "done {is_done}, failure {failure:?}, {negotiated:?}, got {:?}",
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

impl Outcome {
    /// Both ends say that it is done, and one word crossed in each direction.
    pub fn is_complete(&self) -> bool {
        self.client.is_done && self.server.is_done && self.server.got == PING && self.client.got == PONG
    }
}

/// Drives until nothing moves, with one word in each direction.
pub(super) fn drive(cell: &Cell, edits: &[Edit]) -> (Outcome, Editor) {
    let mut editor = Editor::new(edits);
    let (mut client, mut server) = (cell.client(), cell.server());
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    let (mut sent, mut got) = (Vec::new(), Vec::new());
    let (mut pinged, mut ponged) = (false, false);
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
        if !moved {
            break;
        }
    }
    let mut answer = Vec::new();
    client.receive(&mut answer);
    let outcome = Outcome { client: end(&client, answer, to_client), server: end(&server, got, to_server) };
    (outcome, editor)
}

fn end(engine: &dyn Engine, got: Vec<u8>, arrived: Vec<u8>) -> End {
    let status = engine.status();
    let is_done = status == Status::Done;
    End {
        is_done,
        negotiated: engine.negotiated().map(|said| (said.version, said.suite)),
        exporter: if is_done { engine.exporter() } else { None },
        failure: match status {
            Status::Failed(failure) => Some(failure.text),
            _ => None,
        },
        got,
        arrived,
    }
}
