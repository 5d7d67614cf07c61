//! Transcripts of judged cases on disk (`--evidence DIR`).

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::events::CaseFinished;
use super::play::Played;

/// Writes a case's transcript, both directions decoded. What cannot be written is said on standard error once per
/// case; a verdict never depends on it.
pub fn write(folder: &Path, event: &CaseFinished, played: &Played) {
    let mut text = String::new();
    let _ = writeln!(text, "client   {}\ncase     {}\nverdict  {}", event.client, event.case, event.verdict);
    for finding in &event.findings {
        let _ = writeln!(text, "finding  {}: {}", finding.code, finding.detail);
    }
    append(folder, &event.client, &event.case, &text, played);
}

/// Writes the transcript of a positive control.
pub fn write_control(folder: &Path, client: &str, control: &str, word: &str, played: &Played) {
    let text = format!("client   {client}\ncontrol  {control}\nresult   {word}\n");
    append(folder, client, control, &text, played);
}

/// A case that is played again adds a section; the last one that was judged stands last.
fn append(folder: &Path, client: &str, name: &str, head: &str, played: &Played) {
    let mut text = head.to_owned();
    for (i, connection) in played.connections.iter().enumerate() {
        let _ =
            writeln!(text, "\nconnection {}: {}, {:?}", i + 1, connection.reach.as_str(), connection.ending);
        let _ = write!(text, "{}", connection.transcript);
    }
    if !played.output.is_empty() {
        let _ = writeln!(text, "\nthe program's last output:\n{}", played.output);
    }
    text.push('\n');
    let path = folder.join(file_name(client)).join(format!("{}.txt", file_name(name)));
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        fs::OpenOptions::new().create(true).append(true).open(&path)?.write_all(text.as_bytes())
    });
    if let Err(error) = written {
        eprintln!("shakedown: cannot write evidence {}: {error}", path.display());
    }
}

fn file_name(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.+@".contains(c) { c } else { '_' }).collect()
}
