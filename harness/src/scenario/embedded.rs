//! The data files that are built into the binary.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The embedded files below a folder of `scenarios/`, with their whole path.
pub fn files_below(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES
        .iter()
        .copied()
        .filter(move |(path, _)| path.starts_with(folder) && path[folder.len()..].starts_with('/'))
}

/// One embedded file.
pub fn file(path: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, text)| *text)
}
