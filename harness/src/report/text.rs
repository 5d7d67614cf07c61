//! Small helpers for text that people read: making foreign strings harmless, folding, shell quoting, words.
//!
//! Widths are counted in `char`s; nothing that the harness prints itself is wider or narrower than that.

/// A foreign string (a client's name, version or output) as one line that cannot drive a terminal: line
/// breaks and tabs become spaces, other control characters and the marks that reorder text are spelled out.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if needs_escape(c) => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// Control characters, bidirectional overrides, and what XML 1.0 forbids (section 2.2 there).
pub(super) fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// `text` with its end replaced by `..` where it is wider than `limit`.
pub(super) fn cut_end(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(limit.saturating_sub(2)).collect();
    out.push_str(&".."[..limit.min(2)]);
    out
}

/// `text` with its middle replaced by `..` where it is wider than `limit`: the two ends of a name such as
/// `python:/usr/bin/python3` say more than its middle.
pub(super) fn cut_middle(text: &str, limit: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= limit {
        return text.to_owned();
    }
    let kept = limit.saturating_sub(2);
    let head = kept.div_ceil(2);
    let mut out: String = chars.iter().take(head).collect();
    out.push_str(&".."[..limit.min(2)]);
    out.extend(chars.iter().skip(chars.len() - (kept - head)));
    out
}

/// Appends `text` to `lines`, broken at spaces so that no line is wider than `limit` unless a single word is.
/// At a no-break space no line is broken; it is printed as a space.
pub fn fold(lines: &mut Vec<String>, first: &str, indent: &str, text: &str, limit: usize) {
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !empty && width(&line) + 1 + width(word) > limit {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.extend(word.chars().map(|c| if c == '\u{a0}' { ' ' } else { c }));
        empty = false;
    }
    if !empty || !first.trim_end().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
}

/// `text` with a capital at its start and a full stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let mut out: String = first.to_uppercase().collect();
    out.push_str(chars.as_str());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

/// `text` as the rest of a line that begins with a label: no capital, no full stop.
pub(super) fn clause(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    // "TLS ..." keeps its capitals.
    if chars.clone().next().is_some_and(char::is_uppercase) {
        return text.to_owned();
    }
    let mut out: String = first.to_lowercase().collect();
    out.push_str(chars.as_str());
    out
}

/// `1 case`, `3 cases`.
pub(super) fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `TLSv1.2` of the events as people write it: `TLS 1.2`. Anything else stays as it is.
pub(super) fn version_words(version: &str) -> String {
    for (prefix, words) in [("TLSv", "TLS "), ("SSLv", "SSL ")] {
        if let Some(number) = version.strip_prefix(prefix) {
            return format!("{words}{number}");
        }
    }
    version.to_owned()
}

/// A program and its arguments as one line for a POSIX shell.
pub(super) fn shell_line(words: &[String]) -> String {
    words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
}

/// One word for a POSIX shell. Of `--option=value` only the value is quoted: that is how people write it.
fn shell_word(word: &str) -> String {
    if let Some((option, value)) = word.split_once('=')
        && option.starts_with("--")
        && is_bare(option)
    {
        return if value.is_empty() { format!("{option}=") } else { format!("{option}={}", quoted(value)) };
    }
    quoted(word)
}

fn quoted(word: &str) -> String {
    if is_bare(word) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Whether a word needs no quotes. Lists (`A:B`, `A+B`) get them although most shells would not mind.
fn is_bare(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./,@%".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn shell_line_quotes_what_a_shell_would_change() {
        let line = shell_line(&words(&["curl", "--ciphers", "ECDHE+AESGCM:ECDHE+CHACHA20", "--tlsv1.2"]));
        assert_eq!(line, "curl --ciphers 'ECDHE+AESGCM:ECDHE+CHACHA20' --tlsv1.2");
        let line = shell_line(&words(&["x", "it's", "", "a b", "$HOME", "`id`", "*", "~", "a;b"]));
        assert_eq!(line, r"x 'it'\''s' '' 'a b' '$HOME' '`id`' '*' '~' 'a;b'");
    }

    #[test]
    fn shell_line_quotes_only_the_value_of_a_long_option() {
        assert_eq!(shell_line(&words(&["wget", "--ciphers=NORMAL:-RSA"])), "wget --ciphers='NORMAL:-RSA'");
        assert_eq!(shell_line(&words(&["--empty=", "--plain=1", "--a b=c"])), "--empty= --plain=1 '--a b=c'");
        assert_eq!(shell_line(&words(&["-Dx=a b"])), "'-Dx=a b'");
    }

    #[test]
    fn control_characters_are_spelled_out() {
        assert_eq!(printable("a\nb\tc"), "a b c");
        assert_eq!(printable("\x1b[31mred\0\u{202e}\u{9b}"), r"\u{1b}[31mred\u{0}\u{202e}\u{9b}");
        assert_eq!(printable("Grüße 世界"), "Grüße 世界");
    }

    #[test]
    fn cutting_keeps_to_the_limit_and_leaves_short_text_alone() {
        assert_eq!(cut_middle("python:/usr/bin/python3", 14), "python..ython3");
        assert_eq!(cut_middle("curl", 4), "curl");
        assert_eq!(cut_middle("abcdef", 5), "ab..f");
        assert_eq!(cut_end("abcdef", 5), "abc..");
        for limit in 0..4 {
            assert!(width(&cut_middle("abcdef", limit)) <= limit);
            assert!(width(&cut_end("abcdef", limit)) <= limit);
        }
    }

    #[test]
    fn folding_breaks_at_spaces_and_never_inside_a_word() {
        let mut lines = Vec::new();
        fold(&mut lines, "?     ", "      ", "one two three-and-a-half four", 14);
        assert_eq!(lines, ["?     one two", "      three-and-a-half", "      four"]);
        lines.clear();
        fold(&mut lines, "", "", "one (1\u{a0}case), two (2\u{a0}cases)", 14);
        assert_eq!(lines, ["one (1 case),", "two (2 cases)"]);
    }

    #[test]
    fn sentences_and_clauses_differ_in_capital_and_full_stop() {
        assert_eq!(sentence("the control ended"), "The control ended.");
        assert_eq!(sentence("Ended."), "Ended.");
        assert_eq!(sentence(""), "");
        assert_eq!(clause("Give it the CA."), "give it the CA");
        assert_eq!(clause("TLS is off."), "TLS is off");
    }

    #[test]
    fn versions_are_written_as_people_write_them() {
        assert_eq!(version_words("TLSv1.2"), "TLS 1.2");
        assert_eq!(version_words("SSLv3"), "SSL 3");
        assert_eq!(version_words("0x7f1c"), "0x7f1c");
    }
}
