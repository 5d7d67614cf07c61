//! `--policies DIR`: reads a user's files, and no more than a catalogue holds.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::policy::Catalogue;

use super::super::exit::Exit;
use super::usage;

/// Folders in folders at most: a link that leads upwards ends here.
const DEPTH: usize = 8;

/// The built-in policies and those below the folder.
pub fn catalogue(folder: Option<&Path>) -> Result<Catalogue, Exit> {
    let mut catalogue = Catalogue::embedded().map_err(usage)?;
    if let Some(folder) = folder {
        let mut files = Vec::new();
        walk(folder, "", DEPTH, &mut files)?;
        if files.is_empty() {
            return Err(at(folder, "no SERVICE/NAME.toml is in this folder"));
        }
        files.sort();
        catalogue.overlay(files).map_err(usage)?;
    }
    Ok(catalogue)
}

fn at(path: &Path, why: impl Display) -> Exit {
    usage(format!("{}: {why}", path.display()))
}

/// Path below the folder, name for messages, text.
type Files = Vec<(String, String, String)>;

fn walk(folder: &Path, below: &str, depth: usize, files: &mut Files) -> Result<(), Exit> {
    let unreadable = |path: &Path, error| usage(format!("cannot read {}: {error}", path.display()));
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        let (path, name) = (entry.path(), entry.file_name());
        // Editors and version control keep files of their own here.
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let is_policy = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
        // Of the file that a link leads to.
        let kind = match fs::metadata(&path) {
            Ok(found) => found.file_type(),
            Err(error) if is_policy || entry.file_type().is_ok_and(|kind| kind.is_dir()) => {
                return Err(unreadable(&path, error));
            }
            Err(_) => continue,
        };
        if !kind.is_dir() && !is_policy {
            continue;
        }
        let Some(name) = name.to_str().map(|name| format!("{below}{name}")) else {
            return Err(at(&path, "the name is no UTF-8, so it makes no id"));
        };
        if kind.is_dir() {
            if depth == 0 {
                return Err(at(&path, format!("folders are read {DEPTH} deep")));
            }
            walk(&path, &format!("{name}/"), depth - 1, files)?;
            continue;
        }
        if !kind.is_file() {
            return Err(at(&path, "no regular file"));
        }
        if path.extension().is_none_or(|ending| ending != "toml") {
            return Err(at(&path, "the ending of a policy file is .toml, in small letters"));
        }
        if files.len() == Catalogue::MOST_FILES {
            return Err(at(folder, format!("more than {} files", Catalogue::MOST_FILES)));
        }
        let text = match read(&path).map_err(|error| unreadable(&path, error))? {
            Ok(text) => text,
            Err(line) => return Err(usage(format!("{}:{line}: a policy file is UTF-8", path.display()))),
        };
        files.push((name, path.display().to_string(), text));
    }
    Ok(())
}

/// The text, one byte longer than allowed if it is too long; or the line that is no UTF-8.
fn read(path: &Path) -> io::Result<Result<String, usize>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(Catalogue::MOST_BYTES).unwrap_or(u64::MAX);
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if error.as_bytes().len() > Catalogue::MOST_BYTES => {
            // Cut within a character, perhaps: what counts is that it is too long.
            Ok(String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            Err(1 + good.iter().filter(|byte| **byte == b'\n').count())
        }
    })
}
