//! Handshakes that are the same every time: an engine that draws all its randomness from a stream of its own.
//!
//! Real cryptography with known random numbers, for fuzzing alone. A stream belongs to one engine, not to a
//! handshake: the two ends of one could not be replayed alone if they shared it. What a stack draws while a
//! configuration is built must not come from a stream, else the first handshake differs from all others: prepare first,
//! then open.

use std::cell::Cell;

use super::{CannotPlay, Engine, Negotiated, Prepared, Session, Status};

thread_local! {
    /// The state of the stream of the engine that runs on this thread right now.
    static CURRENT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Fills from the current engine's stream; `false` if there is none, and then nothing is written.
pub(super) fn fill(out: &mut [u8]) -> bool {
    let Some(mut state) = CURRENT.get() else { return false };
    for part in out.chunks_mut(8) {
        part.copy_from_slice(&next(&mut state).to_le_bytes()[..part.len()]);
    }
    CURRENT.set(Some(state));
    true
}

/// SplitMix64: written out, since recorded handshakes depend on every bit of it.
const fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// An engine with a stream.
pub struct Seeded {
    engine: Box<dyn Engine>,
    stream: u64,
}

impl Seeded {
    /// Opens an engine of a backend that is made for this ([`super::rustls::Rustls::seeded`],
    /// [`super::openssl::OpenSsl::seeded`]); others do not ask the stream.
    pub fn open(prepared: &dyn Prepared, seed: u64) -> Result<Self, CannotPlay> {
        let mut stream = seed;
        let engine = within(&mut stream, || prepared.open())?;
        Ok(Self { engine, stream })
    }
}

/// Runs something with that stream as the current one.
pub(super) fn within<T>(stream: &mut u64, run: impl FnOnce() -> T) -> T {
    /// Whoever panics must not leave a stream behind.
    struct Restore(Option<u64>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let restore = Restore(CURRENT.replace(Some(*stream)));
    let result = run();
    *stream = CURRENT.get().unwrap_or(*stream);
    drop(restore);
    result
}

impl Engine for Seeded {
    fn feed(&mut self, from_peer: &[u8]) {
        within(&mut self.stream, || self.engine.feed(from_peer));
    }

    fn drain(&mut self, to_peer: &mut Vec<u8>) {
        within(&mut self.stream, || self.engine.drain(to_peer));
    }

    fn status(&self) -> Status {
        self.engine.status()
    }

    fn was_done(&self) -> bool {
        self.engine.was_done()
    }

    fn send(&mut self, plaintext: &[u8]) {
        within(&mut self.stream, || self.engine.send(plaintext));
    }

    fn receive(&mut self, plaintext: &mut Vec<u8>) {
        self.engine.receive(plaintext);
    }

    fn close(&mut self) {
        within(&mut self.stream, || self.engine.close());
    }

    fn peer_closed(&self) -> bool {
        self.engine.peer_closed()
    }

    fn negotiated(&self) -> Option<Negotiated> {
        self.engine.negotiated()
    }

    fn peer_chain(&self) -> Vec<Vec<u8>> {
        self.engine.peer_chain()
    }

    fn session(&self) -> Option<Session> {
        self.engine.session()
    }

    fn exporter(&self) -> Option<[u8; 32]> {
        self.engine.exporter()
    }

    fn is_resumed(&self) -> bool {
        self.engine.is_resumed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_published_generator() {
        // The first three numbers from seed 0 as the reference implementation of SplitMix64 gives them.
        let mut state = 0;
        let words = [next(&mut state), next(&mut state), next(&mut state)];
        assert_eq!(words, [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]);
    }

    #[test]
    fn a_stream_goes_on_where_it_stopped_and_leaves_nothing_behind() {
        let mut stream = 7;
        let mut whole = [0; 24];
        assert!(within(&mut stream, || fill(&mut whole)));
        let (mut stream, mut first, mut second) = (7, [0; 8], [0; 16]);
        assert!(within(&mut stream, || fill(&mut first)));
        assert!(!fill(&mut [0; 8]));
        assert!(within(&mut stream, || fill(&mut second)));
        assert_eq!(whole[..], [&first[..], &second].concat()[..]);
    }
}
