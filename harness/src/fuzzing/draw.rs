//! Typed values out of a fuzzer's bytes. Bytes that have run out read as zero, so every input is a whole value.

use std::sync::OnceLock;

use arbitrary::Unstructured;

use crate::registry::{
    self, CipherSuite, KeyExchange, NamedGroup, ProtocolVersion, SignatureScheme, SuiteFacts, SuiteKind,
};

/// One value in so many is raw: a table, however complete, is a closed alphabet.
const RAW_ONE_IN: u8 = 16;

/// The suites by key exchange.
fn kinds() -> &'static [Vec<CipherSuite>] {
    static KINDS: OnceLock<Vec<Vec<CipherSuite>>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let mut kinds: Vec<(KeyExchange, Vec<CipherSuite>)> = Vec::new();
        for facts in registry::suites() {
            match kinds.iter_mut().find(|(kind, _)| *kind == facts.key_exchange) {
                Some((_, list)) => list.push(facts.suite),
                None => kinds.push((facts.key_exchange, vec![facts.suite])),
            }
        }
        kinds.into_iter().map(|(_, list)| list).collect()
    })
}

/// A fuzzer's bytes, read as decisions.
pub struct Draw<'a>(Unstructured<'a>);

impl<'a> Draw<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        Self(Unstructured::new(input))
    }

    pub fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or(0)
    }

    pub fn word(&mut self) -> u16 {
        self.0.arbitrary().unwrap_or(0)
    }

    /// Below `bound`, which is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let value = if bound <= 256 { usize::from(self.byte()) } else { usize::from(self.word()) };
        value % bound.max(1)
    }

    pub fn coin(&mut self) -> bool {
        self.chance(2)
    }

    /// True once in `one_in`, and never when the bytes have run out.
    pub fn chance(&mut self, one_in: u8) -> bool {
        self.byte() % one_in.max(1) == one_in.max(1) - 1
    }

    /// One of a list that is not empty.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// Up to `most` values, in the order drawn; repetitions stay.
    pub fn list<T>(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(most + 1);
        (0..count).map(|_| one(self)).collect()
    }

    /// Up to `most` bytes.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most + 1).min(self.0.len());
        self.0.bytes(count).unwrap_or_default().to_vec()
    }

    /// What is left.
    pub fn rest(self) -> &'a [u8] {
        self.0.take_rest()
    }

    pub fn version(&mut self) -> ProtocolVersion {
        if self.chance(RAW_ONE_IN) {
            return ProtocolVersion(self.word());
        }
        let version = self.pick(&ProtocolVersion::ALL);
        if self.chance(8) {
            // A near miss: the same low byte.
            return ProtocolVersion(u16::from(self.byte()) << 8 | version.0 & 0xFF);
        }
        version
    }

    /// Any suite of the registry, signals and GREASE included.
    pub fn suite(&mut self) -> CipherSuite {
        if self.chance(RAW_ONE_IN) {
            return CipherSuite(self.word());
        }
        if self.coin() {
            let all = registry::suites();
            return all[self.below(all.len())].suite;
        }
        // Most of the registry is a few kinds: each kind in its turn.
        let kinds = kinds();
        let kind = &kinds[self.below(kinds.len())];
        self.pick(kind)
    }

    /// A suite that is no signal, of those that a version plays.
    pub fn suite_of(&mut self, version: ProtocolVersion) -> CipherSuite {
        let all = registry::suites();
        let start = self.below(all.len());
        let fits = |facts: &&SuiteFacts| facts.kind == SuiteKind::Suite && facts.played_in(version);
        let found = all[start..].iter().chain(all).find(fits);
        found.map_or(CipherSuite(0), |facts| facts.suite)
    }

    pub fn group(&mut self) -> NamedGroup {
        if self.chance(RAW_ONE_IN) {
            return NamedGroup(self.word());
        }
        let all = registry::groups();
        if self.coin() {
            return all[self.below(all.len())].group;
        }
        // Most of the registry is what no stack has any more.
        let start = self.below(all.len());
        let found = all[start..].iter().chain(all).find(|facts| facts.tls13 && !facts.group.is_grease());
        found.map_or(NamedGroup::X25519, |facts| facts.group)
    }

    pub fn scheme(&mut self) -> SignatureScheme {
        if self.chance(RAW_ONE_IN) {
            return SignatureScheme(self.word());
        }
        let all = registry::schemes();
        all[self.below(all.len())].scheme
    }
}
