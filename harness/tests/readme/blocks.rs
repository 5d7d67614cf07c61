//! The fenced blocks of a Markdown text.

/// A command, and what is stated of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    pub command: String,
    pub exit: i32,
    pub output: Vec<String>,
}

/// Language and lines of every block.
fn blocks(text: &str) -> Vec<(String, Vec<&str>)> {
    let mut found = Vec::new();
    let mut open: Option<(String, Vec<&str>)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(language), None) => open = Some((language.to_owned(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

/// The commands of all `console` blocks.
pub fn commands(text: &str) -> Vec<Shown> {
    let mut all = Vec::new();
    for (_, lines) in blocks(text).into_iter().filter(|(language, _)| language == "console") {
        let first = lines.first().copied().unwrap_or_default();
        assert!(first.starts_with("$ "), "a console block starts with a command: {first:?}");
        for line in lines {
            match line.strip_prefix("$ ") {
                Some(command) => all.push(shown(command)),
                // The first line of the block is a command.
                None => all.last_mut().unwrap().output.push(line.to_owned()),
            }
        }
    }
    all
}

fn shown(line: &str) -> Shown {
    let (command, exit) = match line.split_once("  # exit ") {
        Some((command, code)) => (command, code.trim().parse().expect("a number behind `# exit`")),
        None => (line, 0),
    };
    Shown { command: command.trim().to_owned(), exit, output: Vec::new() }
}

/// Name and text of the `toml` blocks that start with `# name.toml`.
pub fn files(text: &str) -> Vec<(String, String)> {
    let named = |(language, lines): (String, Vec<&str>)| {
        let name = lines.first()?.strip_prefix("# ").filter(|n| n.ends_with(".toml"))?.to_owned();
        (language == "toml").then(|| (name, lines.join("\n")))
    };
    blocks(text).into_iter().filter_map(named).collect()
}

#[test]
fn commands_exits_outputs_and_files_are_read() {
    let text =
        "```console\n$ a b  # exit 3\nout\n$ c\n```\n```toml\n# x.toml\nk = 1\n```\n```toml\nk = 2\n```\n";
    let shown = |command: &str, exit, output: &[&str]| Shown {
        command: command.to_owned(),
        exit,
        output: output.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert_eq!(commands(text), [shown("a b", 3, &["out"]), shown("c", 0, &[])]);
    assert_eq!(files(text), [("x.toml".to_owned(), "# x.toml\nk = 1".to_owned())]);
}
