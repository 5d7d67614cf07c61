//! Exit 2: what was wrong, where, and what is allowed.

use std::fs;
use std::path::Path;

use crate::program::{Ran, policy};

const GOOD: &str = r#"title    = "ours"
versions = ["TLSv1.1", "TLSv1.2"]
order    = "server"
suites   = ["TLS_RSA_WITH_AES_128_CBC_SHA"]
"#;

/// Lists the policies with these files laid over them.
fn with(files: &[(&str, &[u8])]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    listed(folder.path())
}

fn listed(folder: &Path) -> Ran {
    policy(["list", "--policies", folder.to_str().unwrap()])
}

#[test]
fn an_unknown_policy_service_status_or_floor_is_answered_with_known_ones() {
    let table: [(&[&str], &[&str]); 8] = [
        (
            &["show", "elb/ELBSecurityPolicy-2016-80"],
            &["2016-80", "nearest", "elb/ELBSecurityPolicy-2016-08"],
        ),
        (&["show", "TLSv1.2_2012"], &["cloudfront/TLSv1.2_2021"]),
        (&["diff", "bsi", "nits"], &["nits", "guideline/nist"]),
        (&["list", "--service", "ebl"], &["ebl", "known", "apigateway, bsi, cloudfront, elb, elb-classic"]),
        (&["list", "--status", "old"], &["old", "allowed", "current, legacy, superseded"]),
        (&["list", "--breaks", "asw"], &["asw", "aws-legacy, aws, rfc10015"]),
        (&["show", ""], &["nearest"]),
        (&[], &["list", "show", "diff"]),
    ];
    for (arguments, words) in table {
        policy(arguments).assert_usage(words);
    }
}

/// A name as long as a file may be has no neighbour, and nobody wants to read it.
#[test]
fn a_name_without_end_is_refused_at_once_and_in_short() {
    let long = "x".repeat(60_000);
    let start = "x".repeat(60);
    let shown = format!("\"{start}... (60000 characters)\"");
    let table: [(&str, &str, String); 8] = [
        ("TLS_RSA_WITH_AES_128_CBC_SHA", "a.toml:4:", format!("unknown cipher suite {shown}")),
        ("TLSv1.1", "a.toml:2:", format!("unknown version {shown}")),
        ("SECP", "a.toml:5:", format!("unknown group {shown}")),
        ("SCHEME", "a.toml:6:", format!("unknown signature scheme {shown}")),
        ("LENDER", "b.toml:3:", format!("no policy {shown}")),
        ("SOURCE", "a.toml:10:", format!("unknown key {shown}")),
        ("FIELD", "a.toml:11:", format!("unknown {shown}")),
        ("UNORDERED", "a.toml:12:", format!("unknown {shown}")),
    ];
    for (old, place, said) in table {
        let used = |name: &str, good: &str| if old == name { name.to_owned() } else { good.to_owned() };
        let own = format!(
            "{GOOD}groups = [\"{}\"]\nschemes = [\"{}\"]\n[provenance]\nstatus = \"current\"\n\
             certainty = \"derived\"\nsources = [\"{}\"]\nderived = [\"{}\"]\nunordered = [\"{}\"]\n",
            used("SECP", "secp256r1"),
            used("SCHEME", "rsa_pkcs1_sha256"),
            used("SOURCE", "s2n"),
            used("FIELD", "groups"),
            used("UNORDERED", "groups"),
        );
        let lender = used("LENDER", "mine/a");
        let borrowed = format!("title = \"t\"\nversions = [\"TLSv1.2\"]\nsuites_from = \"{lender}\"\n");
        let ran = with(&[
            ("mine/a.toml", own.replacen(old, &long, 1).as_bytes()),
            ("mine/b.toml", borrowed.replacen(old, &long, 1).as_bytes()),
        ]);
        ran.assert_usage(&[place, &said]);
        assert!(ran.stderr.len() < 500 && !ran.stderr.contains("nearest"), "{old}: {}", ran.stderr);
    }
    for arguments in [&["show", &long][..], &["diff", "bsi", &long], &["list", "--service", &long]] {
        let ran = policy(arguments);
        ran.assert_usage(&[&shown]);
        assert!(ran.stderr.len() < 300, "{}", ran.stderr);
    }
}

#[test]
fn suggestions_do_not_depend_on_upper_and_lower_case() {
    let text = "title = \"t\"\nversions = [\"TLSv1.2\"]\nsuites_from = \"ELB/elbsecuritypolicy-2016-08\"\n";
    with(&[("mine/a.toml", text.as_bytes())]).assert_usage(&["nearest: elb/ELBSecurityPolicy-2016-08"]);
    policy(["show", "tlsV1.2_2021"]).assert_usage(&["nearest: cloudfront/TLSv1.2_2021"]);
}

#[test]
fn a_name_that_several_services_have_is_answered_with_all_of_them() {
    policy(["show", "ELBSecurityPolicy-2016-08"]).assert_usage(&[
        "several",
        "elb/ELBSecurityPolicy-2016-08",
        "elb-classic/ELBSecurityPolicy-2016-08",
        "s2n/ELBSecurityPolicy-2016-08",
    ]);
    policy(["diff", "bsi", "TLS_1_0"])
        .assert_usage(&["apigateway/edge/TLS_1_0", "apigateway/regional-private/TLS_1_0"]);
}

#[test]
fn a_faulty_file_is_named_with_its_line_and_what_is_allowed() {
    let table: [(&str, &str, &str, &[&str]); 9] = [
        // what, replaced, by, words
        (
            "suite",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_AES_128_CBC_SAH",
            &["a.toml:4:", "TLS_RSA_WITH_AES_128_CBC_SHA"],
        ),
        (
            "OpenSSL's name",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "AES128-SHA",
            &["a.toml:4:", "TLS_RSA_WITH_AES_128_CBC_SHA"],
        ),
        ("empty list", "[\"TLS_RSA_WITH_AES_128_CBC_SHA\"]", "[]", &["a.toml:4:", "suites is empty"]),
        (
            "upside down",
            "\"TLSv1.1\", \"TLSv1.2\"",
            "\"TLSv1.2\", \"TLSv1.1\"",
            &["a.toml:2:", "low to high"],
        ),
        ("version", "TLSv1.1", "TLS1.1", &["a.toml:2:", "SSLv3, TLSv1.0"]),
        ("word", "\"server\"", "\"both\"", &["a.toml:3:", "server", "client"]),
        ("key", "order ", "odrer ", &["a.toml:3:", "odrer", "order"]),
        ("idle version", "\"TLSv1.2\"]", "\"TLSv1.2\", \"TLSv1.3\"]", &["a.toml:2:", "TLSv1.3"]),
        ("not TOML", "title", "title = = ", &["a.toml:1:"]),
    ];
    for (what, old, new, words) in table {
        assert!(GOOD.contains(old), "{what}");
        let ran =
            with(&[("mine/b.toml", GOOD.as_bytes()), ("mine/a.toml", GOOD.replacen(old, new, 1).as_bytes())]);
        ran.assert_usage(words);
    }
}

#[test]
fn a_stand_in_that_leads_nowhere_or_back_is_refused() {
    let from =
        |id: &str| format!("title = \"t\"\nversions = [\"TLSv1.2\"]\nsuites_from = \"{id}\"\n").into_bytes();
    with(&[("mine/a.toml", &from("mine/b")), ("mine/b.toml", &from("mine/a"))])
        .assert_usage(&[".toml:3:", "leads back to itself"]);
    with(&[("mine/a.toml", &from("elb/ELBSecurityPolicy-2016-80"))])
        .assert_usage(&["a.toml:3:", "elb/ELBSecurityPolicy-2016-08"]);
    with(&[("mine/a.toml", &from("elb-classic/ELBSecurityPolicy-2014-10"))])
        .assert_usage(&["a.toml:3:", "none to lend"]);
}

#[test]
fn a_folder_that_is_none_or_holds_no_policy_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    listed(&folder.path().join("absent")).assert_usage(&["absent", "No such file"]);
    listed(folder.path()).assert_usage(&["NAME.toml"]);
    let file = folder.path().join("file.toml");
    fs::write(&file, GOOD).unwrap();
    listed(&file).assert_usage(&["file.toml"]);
}

#[test]
fn what_is_no_text_or_no_end_is_refused() {
    with(&[("mine/a.toml", b"title = \"a\"\n# \xff\n")]).assert_usage(&["a.toml:2:", "UTF-8"]);
    let large = [GOOD.as_bytes(), &b"#".repeat(70_000)].concat();
    with(&[("mine/a.toml", &large)]).assert_usage(&["a.toml", "at most 65536"]);
    let wide = [GOOD.as_bytes(), b"#", "\u{e9}".repeat(70_000).as_bytes()].concat();
    with(&[("mine/a.toml", &wide)]).assert_usage(&["a.toml", "at most 65536"]);
    with(&[("1/2/3/4/5/6/7/8/9/10/a.toml", GOOD.as_bytes())]).assert_usage(&["8 deep"]);

    let files: Vec<(String, &[u8])> = (0..2_001).map(|n| (format!("m/{n}.toml"), GOOD.as_bytes())).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    with(&files).assert_usage(&["more than 2000 files"]);
}

#[cfg(unix)]
#[test]
fn a_link_in_a_circle_and_a_file_that_never_ends_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("up")).unwrap();
    fs::write(folder.path().join("a.toml"), GOOD).unwrap();
    listed(folder.path()).assert_usage(&["8 deep"]);

    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("a.toml")).unwrap();
    listed(folder.path()).assert_usage(&["a.toml", "no regular file"]);
}

#[test]
fn a_file_in_no_folder_is_refused() {
    with(&[("TLSv1.2_2021.toml", GOOD.as_bytes())])
        .assert_usage(&["TLSv1.2_2021.toml:1:", "expected DIR/SERVICE/NAME.toml"]);
}

/// What is no policy file is none of our business; what looks like one is read or refused.
#[cfg(unix)]
#[test]
fn only_what_is_called_a_policy_is_read() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let below = |name: &str| folder.path().join(name);
    fs::create_dir_all(below("mine/.git")).unwrap();
    fs::write(below("mine/ok.toml"), GOOD).unwrap();
    fs::write(below("mine/.ok.toml.swp"), "no policy").unwrap();
    fs::write(below("mine/.hidden.toml"), "no policy").unwrap();
    fs::write(below("mine/.git/config.toml"), "no policy").unwrap();
    symlink("nowhere", below("README")).unwrap();
    symlink("user@host.1:2", below("mine/.#ok.toml")).unwrap();
    let overlay = folder.path().to_str().unwrap();
    let list = policy(["list", "--json", "--service", "mine", "--policies", overlay]).objects();
    assert_eq!(list.iter().map(|object| &object["id"]).collect::<Vec<_>>(), ["mine/ok"]);

    symlink("nowhere", below("mine/gone.toml")).unwrap();
    listed(folder.path()).assert_usage(&["cannot read", "mine/gone.toml", "No such file"]);
    fs::remove_file(below("mine/gone.toml")).unwrap();
    for name in ["UP.TOML", "Up.Toml"] {
        fs::write(below("mine").join(name), GOOD).unwrap();
        listed(folder.path()).assert_usage(&[name, "in small letters"]);
        fs::remove_file(below("mine").join(name)).unwrap();
    }
    assert_eq!(listed(folder.path()).code, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    // Can be opened and not be read, whoever asks: nothing is mapped at its start.
    std::os::unix::fs::symlink("/proc/self/mem", folder.path().join("mine/a.toml")).unwrap();
    listed(folder.path()).assert_usage(&["cannot read", "mine/a.toml"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text_is_refused_and_shown_without_harm() {
    use std::os::unix::ffi::OsStrExt;
    let refused = |name: &[u8], text: &str, words: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("mine")).unwrap();
        fs::write(folder.path().join("mine").join(std::ffi::OsStr::from_bytes(name)), text).unwrap();
        let ran = listed(folder.path());
        ran.assert_usage(words);
        let is_bare = |c: char| c.is_control() && c != '\n';
        assert!(!ran.stderr.contains(is_bare) && ran.stderr.lines().count() == 1, "{:?}", ran.stderr);
    };
    refused(b"\xff.toml", GOOD, &["no UTF-8"]);
    refused(b"\x1b[31m\xff.toml", GOOD, &["\\u{1b}[31m", "no UTF-8"]);
    refused(b"\x1b[31mred\nline.toml", "title = 1", &["\\u{1b}[31mred line.toml:1:"]);
    refused(b"\x1b[31m.TOML", GOOD, &["\\u{1b}[31m.TOML", "small letters"]);
    refused(b"a.toml", "\"\\u001b[31m\\nred\" = 1", &["a.toml:1:", "\\u{1b}[31m red"]);
    refused(b"\x1b.toml", "", &["\\u{1b}.toml:1:"]);
}
