//! Shown output against real output.

use std::collections::BTreeMap;

use regex::Regex;

/// Client name to version.
pub type Installed = BTreeMap<String, String>;

/// Name and version of the clients whose rows are shown; rows of clients without a version are not among them.
pub fn shown_versions(shown: &[String]) -> Installed {
    shown.iter().filter_map(|line| row(line)).collect()
}

/// A row of the table starts with a name and a version.
fn row(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let (name, version) = (words.next()?, words.next()?);
    // Two dots: "TLS 1.2" is no client.
    let is_version = version.starts_with(|c: char| c.is_ascii_digit()) && version.matches('.').count() > 1;
    let is_row = !line.starts_with(' ') && is_version;
    is_row.then(|| (name.to_owned(), version.to_owned()))
}

/// The client that a paragraph's first line is about.
fn heading(line: &str) -> Option<&str> {
    let rest = ["FAIL  ", "WARN  ", "?     "].iter().find_map(|mark| line.strip_prefix(mark))?;
    rest.split([':', ' ']).next()
}

/// The shown lines that have no match in the real output, in order.
pub fn differences(shown: &[String], real: &str, installed: &Installed) -> Vec<String> {
    let versions = shown_versions(shown);
    let is_here = |name: &str| versions.get(name).is_none_or(|version| installed.get(name) == Some(version));
    let mut real = real.lines().map(squeeze);
    let mut paragraph_is_here = true;
    let mut missing = Vec::new();
    for line in shown.iter().filter(|line| !line.trim().is_empty()) {
        if !line.starts_with(' ') && line != "..." {
            paragraph_is_here = heading(line).is_none_or(is_here);
        }
        let row_is_here = row(line).is_none_or(|(name, _)| is_here(&name));
        if !paragraph_is_here || !row_is_here || line == "..." {
            continue;
        }
        let pattern = pattern(line);
        // `any` goes on behind the last match.
        if !real.any(|candidate| pattern.is_match(&candidate)) {
            missing.push(format!("no such line here: {line}"));
            break;
        }
    }
    missing
}

fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pattern(line: &str) -> Regex {
    let escaped = regex::escape(&squeeze(line)).replace(r"\.\.\.", ".*");
    let versions = Regex::new(r"\d+(\\\.\d+){2}\S*|\d+\\\.\d+ s\b").unwrap();
    Regex::new(&format!("^{}$", versions.replace_all(&escaped, "[0-9][^ ]*( s)?"))).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(shown: &str, real: &str) -> usize {
        let installed = [("curl".to_owned(), "7.88.1".to_owned())].into_iter().collect();
        let lines: Vec<String> = shown.lines().map(str::to_owned).collect();
        differences(&lines, real, &installed).len()
    }

    #[test]
    fn a_line_that_the_program_does_not_print_is_a_difference() {
        assert_eq!(found("curl  7.88.1  FAIL", "curl   7.88.1   FAIL\n"), 0);
        assert_eq!(found("curl  7.88.1  FAIL", "curl   7.88.1   pass\n"), 1);
        assert_eq!(found("b\na", "a\nb\n"), 1, "order counts");
        assert_eq!(found("TLS 1.2 done", "TLS 1.0 done\n"), 1);
    }

    #[test]
    fn dots_versions_and_times_stand_for_anything() {
        assert_eq!(found("tier core, ... cases, 0.5 s: x", "tier core, 28 cases, 71.3 s: x\n"), 0);
        assert_eq!(found("start\n...\nend", "start\nmore\nend\n"), 0);
        assert_eq!(found("found 0.23.46 here", "found 0.24.0-dev.1 here\n"), 0);
    }

    #[test]
    fn what_is_said_of_another_version_is_left_out() {
        assert_eq!(found("wget 1.21.3 FAIL\nFAIL  wget: x\n      detail\nend", "end\n"), 0);
        assert_eq!(found("curl 7.88.1 FAIL\nFAIL  curl: x\n      detail", "curl 7.88.1 FAIL\n"), 1);
    }
}
