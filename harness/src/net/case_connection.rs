//! A connection of a case: a server's end that answers one small HTTP request. Used over sockets and in memory.

use crate::observe::Observation;

use super::answer::{Answering, Step};
use super::ending::ClientEnd;
use super::tapped::{Setup, Tapped};

/// One connection of a case.
pub struct CaseConnection {
    tapped: Tapped,
    answering: Answering,
}

impl CaseConnection {
    pub fn new(setup: Setup) -> Self {
        Self { tapped: Tapped::new(setup), answering: Answering::default() }
    }

    /// Bytes from the client; appends what it is to get.
    pub fn client_bytes(&mut self, bytes: &[u8], to_client: &mut Vec<u8>) {
        self.tapped.client_bytes(bytes, &mut self.answering.request, to_client);
        match self.answering.step() {
            Step::Wait => {}
            Step::Say(bytes) => self.tapped.send(&bytes, to_client),
            Step::Last(bytes) => {
                self.tapped.send(&bytes, to_client);
                self.tapped.close(to_client);
                self.tapped.complete();
            }
        }
        self.tapped.note_ending();
    }

    /// See [`Tapped::mark_delivered`].
    pub fn mark_delivered(&mut self) {
        self.tapped.mark_delivered();
    }

    /// See [`Tapped::flight_was_lost`].
    pub const fn flight_was_lost(&mut self) {
        self.tapped.flight_was_lost();
    }

    /// The client's stream ended.
    pub fn client_ended(&mut self, how: ClientEnd) {
        self.tapped.client_ended(how);
    }

    /// The deadline passed.
    pub fn timed_out(&mut self) {
        self.tapped.timed_out();
    }

    /// Whether our side has nothing more to say: the socket's write half can be closed.
    pub fn has_said_all(&self) -> bool {
        self.answering.is_answered() || self.tapped.is_over()
    }

    /// Whether the client has closed its side.
    pub const fn client_is_gone(&self) -> bool {
        self.tapped.client_is_gone()
    }

    pub fn into_observation(self) -> Observation {
        self.tapped.into_observation()
    }
}
