//! `{url}` and the other placeholders of a command line (formats, section 2).

use std::collections::BTreeMap;

/// What an argument list may contain in braces.
pub const USER: [&str; 6] = ["host", "port", "url", "ca_pem", "ca_p12", "workdir"];
/// What adapters may use besides.
pub const ADAPTER: [&str; 8] = ["host", "port", "url", "ca_pem", "ca_p12", "workdir", "fix", "adapter"];

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    #[error(
        "unknown placeholder {{{name}}} in {argument:?}; allowed: {allowed} ({{{{ and }}}} stand for braces)"
    )]
    Unknown { name: String, argument: String, allowed: String },
    #[error("unclosed brace in {argument:?} ({{{{ and }}}} stand for braces)")]
    Unclosed { argument: String },
    #[error("{{fix}} must be an argument of its own, not a part of {argument:?}")]
    FixInside { argument: String },
}

/// Checks an argument list without values.
pub fn check(arguments: &[String], allowed: &[&str]) -> Result<(), PlaceholderError> {
    let values = allowed.iter().map(|name| (*name, String::new())).collect();
    expand(arguments, &values, &[]).map(drop)
}

/// Replaces placeholders; `{fix}` becomes zero or more arguments.
pub fn expand(
    arguments: &[String],
    values: &BTreeMap<&str, String>,
    fix: &[String],
) -> Result<Vec<String>, PlaceholderError> {
    let mut out = Vec::with_capacity(arguments.len() + fix.len());
    for argument in arguments {
        if argument == "{fix}" && values.contains_key("fix") {
            out.extend_from_slice(fix);
        } else {
            out.push(expand_one(argument, values)?);
        }
    }
    Ok(out)
}

fn expand_one(argument: &str, values: &BTreeMap<&str, String>) -> Result<String, PlaceholderError> {
    let mut out = String::with_capacity(argument.len());
    let mut rest = argument;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else {
            let unclosed = || PlaceholderError::Unclosed { argument: argument.to_owned() };
            let inner = from.strip_prefix('{').ok_or_else(unclosed)?;
            let (name, after) = inner.split_once('}').ok_or_else(unclosed)?;
            if name == "fix" && values.contains_key("fix") {
                return Err(PlaceholderError::FixInside { argument: argument.to_owned() });
            }
            let value = values.get(name).ok_or_else(|| PlaceholderError::Unknown {
                name: name.to_owned(),
                argument: argument.to_owned(),
                allowed: values.keys().map(|k| format!("{{{k}}}")).collect::<Vec<_>>().join(" "),
            })?;
            out.push_str(value);
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<&'static str, String> {
        BTreeMap::from([("url", "https://localhost:1/".to_owned()), ("fix", String::new())])
    }

    fn args(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn replaces_placeholders_and_keeps_doubled_braces() {
        let out = expand(&args(&["-w", "%{{http_code}}", "x{url}y"]), &values(), &[]).unwrap();
        assert_eq!(out, args(&["-w", "%{http_code}", "xhttps://localhost:1/y"]));
    }

    #[test]
    fn fix_becomes_zero_or_more_arguments() {
        assert_eq!(expand(&args(&["a", "{fix}", "b"]), &values(), &[]).unwrap(), args(&["a", "b"]));
        let fix = args(&["--one", "two three"]);
        assert_eq!(
            expand(&args(&["a", "{fix}", "b"]), &values(), &fix).unwrap(),
            args(&["a", "--one", "two three", "b"])
        );
    }

    #[test]
    fn names_what_is_allowed_when_a_placeholder_is_unknown() {
        let error = check(&args(&["{uri}"]), &USER).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("{uri}") && text.contains("{url}") && text.contains("{ca_pem}"), "{text}");
    }

    #[test]
    fn refuses_single_braces() {
        for bad in ["{", "}", "a{url", "url}", "{}", "x{fix}"] {
            assert!(expand(&args(&[bad]), &values(), &[]).is_err(), "{bad}");
        }
    }
}
