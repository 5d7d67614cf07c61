//! The client programs of this machine, held against what is known of their versions; and the adapters' mending.

#[path = "clients/fixes.rs"]
mod fixes;
#[path = "clients/guards.rs"]
mod guards;
#[path = "clients/stand.rs"]
mod stand;
#[path = "clients/truths.rs"]
mod truths;
