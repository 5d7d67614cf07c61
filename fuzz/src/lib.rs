//! What the binaries below `fuzz_targets/` share: playing an input, and telling libFuzzer when a target has seen a new kind
//! of behaviour.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

const KINDS: usize = 4096;

/// libFuzzer takes what changes in this section for coverage: so a new tuple of verdicts (which stack took what, refused
/// with which alert) is kept even where no new edge was reached (NEZHA's idea).
#[unsafe(link_section = "__libfuzzer_extra_counters")]
static SEEN: [AtomicU8; KINDS] = [const { AtomicU8::new(0) }; KINDS];

/// Plays an input on a target of `shakedown::fuzzing`.
pub fn play(name: &str, input: &[u8]) {
    // For measuring what the feedback is worth.
    static IS_DEAF: LazyLock<bool> = LazyLock::new(|| std::env::var_os("SHAKEDOWN_FUZZ_DEAF").is_some());
    let seen = shakedown::fuzzing::play(name, input);
    if !*IS_DEAF {
        let mut hasher = DefaultHasher::new();
        seen.summary.hash(&mut hasher);
        SEEN[usize::try_from(hasher.finish() % KINDS as u64).unwrap_or(0)].store(1, Ordering::Relaxed);
    }
}
