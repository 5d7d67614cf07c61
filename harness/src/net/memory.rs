//! A client engine of this process against a case's server, in memory, with a bound on the steps.

use crate::engine::{Engine, Status};
use crate::observe::Observation;

use super::case_connection::CaseConnection;
use super::ending::ClientEnd;
use super::tapped::Setup;

/// Rounds of a handshake, a request and an answer, with room to spare.
const STEP_LIMIT: usize = 64;

/// What a program would send.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// What the in-process client itself says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InMemory {
    /// It got an answer to its request.
    pub connected: bool,
    /// Its stack's words when it gave up.
    pub failure: Option<String>,
}

/// Drives the client until it has its answer, has given up, or nothing moves any more.
pub fn run_in_memory(client: &mut dyn Engine, setup: Setup) -> (Observation, InMemory) {
    let mut connection = CaseConnection::new(setup);
    let (mut to_server, mut to_client, mut answer) = (Vec::new(), Vec::new(), Vec::new());
    let mut asked = false;
    let mut closed = false;
    for _ in 0..STEP_LIMIT {
        client.drain(&mut to_server);
        let moved = !to_server.is_empty();
        if moved {
            connection.client_bytes(&to_server, &mut to_client);
            to_server.clear();
        }
        connection.mark_delivered();
        if !to_client.is_empty() {
            client.feed(&to_client);
            to_client.clear();
        }
        client.receive(&mut answer);
        match client.status() {
            Status::Done if !asked => {
                asked = true;
                client.send(REQUEST);
            }
            Status::Done if client.peer_closed() && !closed => {
                closed = true;
                client.close();
            }
            Status::Failed(_) if !closed => closed = true, // one more round for its alert
            _ if !moved => break,
            _ => {}
        }
    }
    let failure = match client.status() {
        Status::Failed(failure) => Some(failure.text),
        Status::Running | Status::Done => None,
    };
    // A client that gave up goes away; one that waits for a server that says nothing would wait for ever.
    if failure.is_some() || closed {
        connection.client_ended(ClientEnd::Fin);
    } else {
        connection.timed_out();
    }
    (connection.into_observation(), InMemory { connected: !answer.is_empty(), failure })
}
