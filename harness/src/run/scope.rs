//! What a run could play, of which tier, filter and shard select a part.

/// One case that a client of the run could be put to.
#[derive(Clone, Debug)]
pub struct Scope {
    pub client: String,
    pub case: String,
    /// In the run's tier, whatever `--filter` and `--shard` leave of it.
    pub in_tier: bool,
    /// The run means to play it.
    pub is_selected: bool,
}
