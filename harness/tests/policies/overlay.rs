//! `--policies DIR`: what a user's files may say, and that they are told from what is built in.

use std::fs;

use serde_json::Value;

use crate::commands::{assert_fits, schema};
use crate::program::policy;

/// Everything that a policy file can say, a stand-in, and a name of which nothing else is known.
const OURS: [(&str, &str); 3] = [
    (
        "mine/full",
        r#"title    = "ours"
versions = ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
order    = "client"
suites   = ["TLS_AES_128_GCM_SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_DH_anon_WITH_AES_128_CBC_SHA"]
groups   = ["x25519", "ffdhe2048"]
schemes  = ["rsa_pss_rsae_sha256"]
dhe_bits = 512

[provenance]
service      = "Ours"
scope        = ["a", "b"]
aliases      = ["c", "d"]
default_for  = ["e"]
s2n          = "20250211"
fips         = true
post_quantum = true
states       = ["forward-secrecy"]
status       = "superseded"
certainty    = "conflicting"
sources      = ["s2n", "aws-alb"]
conflicts    = ["f", "g"]
derived      = ["versions", "order", "suites", "groups", "schemes", "dhe_bits"]
unordered    = ["suites", "groups", "schemes"]
notes        = ["h", "i"]
"#,
    ),
    ("mine/stand-in", "title = \"t\"\nversions = [\"TLSv1.0\", \"TLSv1.2\"]\nsuites_from = \"mine/full\"\n"),
    (
        "mine/name",
        "title = \"t\"\n[provenance]\nstatus = \"legacy\"\ncertainty = \"unpublished\"\nsources = [\"s2n\"]\n",
    ),
];

pub fn laid_over(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (id, text) in files {
        let path = folder.path().join(format!("{id}.toml"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn whatever_a_file_of_the_users_may_say_fits_the_schema() {
    let folder = laid_over(&OURS);
    let ours = |arguments: &[&str]| {
        let overlay = ["--json", "--policies", folder.path().to_str().unwrap()];
        policy(arguments.iter().chain(&overlay)).objects()
    };
    let mut objects = ours(&["list", "--service", "mine", "--breaks", "aws"]);
    assert_eq!(objects.len(), OURS.len());
    for (a, _) in OURS {
        for (b, _) in OURS {
            objects.extend(ours(&["diff", a, b]));
        }
    }
    assert_fits(&schema(), &objects);
}

const GOOD: &str = r#"title    = "ours"
versions = ["TLSv1.1", "TLSv1.2"]
order    = "server"
suites   = ["TLS_RSA_WITH_AES_128_CBC_SHA"]
"#;

#[test]
fn a_good_overlay_adds_and_replaces_and_says_so() {
    let replaced = "elb/ELBSecurityPolicy-2016-08";
    let folder = laid_over(&[("mine/a", GOOD), (replaced, &GOOD.replace("ours", "replaced"))]);
    fs::write(folder.path().join("README.md"), "not a policy").unwrap();
    let policies = folder.path().to_str().unwrap();
    let said = |arguments: &[&str]| policy(arguments.iter().chain(&["--policies", policies])).text();

    let added = said(&["show", "a"]);
    assert!(
        added.contains(&format!("title        ours\nfile         yours: {policies}/mine/a.toml\n")),
        "{added}"
    );
    let list = said(&["list", "--service", "mine"]);
    let expected =
        format!("id      versions  suites\nmine/a  1.1-1.2        1\n  yours: {policies}/mine/a.toml\n");
    assert_eq!(list, expected);

    let yours = format!("yours: {policies}/{replaced}.toml (replaces the built-in one)");
    let show = said(&["show", replaced]);
    assert!(show.contains(&format!("title        replaced\nfile         {yours}\n")), "{show}");
    assert!(show.contains("1 suite\n"), "{show}");
    let diff = said(&["diff", replaced, "s2n/ELBSecurityPolicy-2016-08"]);
    let heads = format!("A  {replaced}\n   {yours}\nB  s2n/ELBSecurityPolicy-2016-08\n\n");
    assert!(diff.starts_with(&heads), "{diff}");
    assert!(said(&["list", "--service", "elb"]).contains(&format!("\n  {yours}\n")));

    let objects = |arguments: &[&str]| {
        policy(arguments.iter().chain(&["--json", "--policies", policies])).objects().remove(0)
    };
    assert_eq!(objects(&["show", "mine/a"])["file"], format!("{policies}/mine/a.toml"));
    assert_eq!(objects(&["show", "bsi"])["file"], Value::Null);
    let sides = objects(&["diff", "bsi", replaced]);
    assert_eq!(sides["a"]["file"], Value::Null);
    assert_eq!(sides["b"]["file"], format!("{policies}/{replaced}.toml"));
}

/// What is built in borrows from what is built in; what a user's file lacks says nothing of AWS.
#[test]
fn the_sentence_about_a_stand_in_is_true_under_an_overlay() {
    let lender = "elb/ELBSecurityPolicy-2016-08";
    let borrowed = format!("title = \"t\"\nversions = [\"TLSv1.2\"]\nsuites_from = \"{lender}\"\n");
    let name = "title = \"t\"\n[provenance]\nstatus = \"legacy\"\ncertainty = \"unpublished\"\nsources = [\"s2n\"]\n";
    let folder = laid_over(&[
        (lender, GOOD),
        ("elb/borrowed", &borrowed),
        ("mine/borrowed", &borrowed),
        ("elb-classic/name", name),
    ]);
    let table = [
        (
            "opensearch/Policy-Min-TLS-1-0-2019-07",
            "18 suites",
            "stand-in: suites of the built-in elb/ELBSecurityPolicy-2016-08, AWS publishes no list",
        ),
        ("elb/borrowed", "1 suite", "stand-in: suites of elb/ELBSecurityPolicy-2016-08, no list published"),
        ("mine/borrowed", "1 suite", "stand-in: suites of elb/ELBSecurityPolicy-2016-08, no list published"),
        ("elb-classic/name", "", "no list and no versions published"),
        ("elb-classic/ELBSecurityPolicy-2011-08", "", "AWS publishes no list and no versions"),
    ];
    for (id, suites, said) in table {
        let show = policy(["show", id, "--policies", folder.path().to_str().unwrap()]).text();
        assert!(show.contains(&format!("caution      {said}\n")), "{show}");
        assert!(
            suites.is_empty() || show.contains(&format!("suites       {suites} (of the stand-in")),
            "{show}"
        );
    }
}
