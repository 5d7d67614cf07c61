//! What the binaries below `fuzz_targets/` share: playing an input, and telling libFuzzer when a target has seen a new kind
//! of behaviour.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

use shakedown::fuzzing::Target;

const KINDS: usize = 4096;

/// libFuzzer takes what changes in this section for coverage: so a new tuple of verdicts (which stack took what, refused
/// with which alert) is kept even where no new edge was reached (NEZHA's idea).
#[unsafe(link_section = "__libfuzzer_extra_counters")]
static SEEN: [AtomicU8; KINDS] = [const { AtomicU8::new(0) }; KINDS];

/// Plays an input on a target. By the target and not by its name, so that a binary is linked with one target alone: libFuzzer
/// looks at every edge of the binary after each input, and a target that needs no TLS stack is several times faster without.
pub fn play(target: &Target, input: &[u8]) {
    // For measuring what the feedback is worth.
    static IS_DEAF: LazyLock<bool> = LazyLock::new(|| std::env::var_os("SHAKEDOWN_FUZZ_DEAF").is_some());
    let seen = target.run(input);
    if !*IS_DEAF {
        let mut hasher = DefaultHasher::new();
        seen.summary.hash(&mut hasher);
        SEEN[usize::try_from(hasher.finish() % KINDS as u64).unwrap_or(0)].store(1, Ordering::Relaxed);
    }
}
