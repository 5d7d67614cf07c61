//! Ids, names, overlays, and what is refused of them.

use super::*;
use crate::policy::References;

const MINE: &str = r#"title    = "ours"
versions = ["TLSv1.2"]
order    = "server"
suites   = ["TLS_RSA_WITH_AES_128_GCM_SHA256"]
"#;

const BORROWED: &str = r#"title       = "ours"
versions    = ["TLSv1.2"]
suites_from = "elb/ELBSecurityPolicy-2016-08"
"#;

fn laid_over(files: &[(&str, &str)]) -> Result<Catalogue, DataError> {
    let mut catalogue = Catalogue::embedded().expect("embedded");
    let files =
        files.iter().map(|(path, text)| ((*path).to_owned(), format!("my/{path}"), (*text).to_owned()));
    catalogue.overlay(files).map(|()| catalogue)
}

#[track_caller]
fn refused(files: &[(&str, &str)]) -> DataError {
    laid_over(files).expect_err("refused")
}

#[test]
fn a_name_is_found_with_its_service_and_alone_where_one_policy_has_it() {
    let catalogue = Catalogue::embedded().expect("embedded");
    let id = |name| catalogue.find(name).map(|policy| policy.id);
    assert_eq!(id("elb/ELBSecurityPolicy-2016-08").as_deref(), Ok("elb/ELBSecurityPolicy-2016-08"));
    assert_eq!(id("TLSv1.2_2021").as_deref(), Ok("cloudfront/TLSv1.2_2021"));
    assert_eq!(id("bsi").as_deref(), Ok("guideline/bsi"));
    let Err(LookupError::Ambiguous { candidates, .. }) = id("ELBSecurityPolicy-2016-08") else {
        panic!("three services have it")
    };
    let three = ["elb-classic", "elb", "s2n"].map(|service| format!("{service}/ELBSecurityPolicy-2016-08"));
    assert_eq!(candidates, three);
    let Err(LookupError::Ambiguous { candidates, .. }) = id("TLS_1_2") else { panic!("four kinds have it") };
    let four =
        ["edge", "http", "regional-private", "websocket"].map(|kind| format!("apigateway/{kind}/TLS_1_2"));
    assert_eq!(candidates, four);
}

#[test]
fn an_unknown_name_is_answered_with_near_ones() {
    let catalogue = Catalogue::embedded().expect("embedded");
    for (name, near) in [
        ("elb/ELBSecurityPolicy-2016-80", "elb/ELBSecurityPolicy-2016-08"),
        ("tlsv1.2_2201", "cloudfront/TLSv1.2_2021"),
        ("harness/stong", "harness/strong"),
    ] {
        let Err(LookupError::Unknown { nearest, .. }) = catalogue.find(name) else {
            panic!("{name} is known")
        };
        assert!(nearest.iter().any(|id| id == near), "{name}: {nearest:?}");
        assert!(catalogue.get(name).is_err());
    }
}

#[test]
fn the_service_is_the_first_part_of_an_id() {
    for (id, expected) in [
        ("elb/X", "elb"),
        ("mozilla/6.0/modern", "mozilla"),
        ("guideline/bsi", "bsi"),
        ("guideline/bsi/old", "bsi"),
        ("mine", "mine"),
    ] {
        assert_eq!(service(id), expected);
    }
}

#[test]
fn an_overlay_adds_and_replaces() {
    let catalogue =
        laid_over(&[("mine/a.toml", MINE), ("elb/ELBSecurityPolicy-2016-08.toml", MINE)]).expect("fits");
    let built_in = Catalogue::embedded().expect("embedded");
    assert_eq!(catalogue.ids().count(), built_in.ids().count() + 1);
    assert_eq!(catalogue.get("mine/a").expect("added").title, "ours");
    assert_eq!(catalogue.get("elb/ELBSecurityPolicy-2016-08").expect("replaced").title, "ours");
    assert_eq!(catalogue.policies().expect("all parse").len(), catalogue.ids().count());
    let table = [
        ("mine/a", Origin::Yours { file: "my/mine/a.toml", replaces: false }),
        (
            "elb/ELBSecurityPolicy-2016-08",
            Origin::Yours { file: "my/elb/ELBSecurityPolicy-2016-08.toml", replaces: true },
        ),
        ("elb/ELBSecurityPolicy-FS-2018-06", Origin::BuiltIn),
    ];
    for (id, origin) in table {
        assert_eq!(catalogue.origin(id), origin);
    }
}

#[test]
fn what_is_built_in_borrows_from_what_is_built_in() {
    let lender = "elb/ELBSecurityPolicy-2016-08.toml";
    let borrower = BORROWED.replace("elb/ELBSecurityPolicy-2016-08", "opensearch/Policy-Min-TLS-1-0-2019-07");
    let files = [(lender, MINE), ("mine/a.toml", BORROWED), ("mine/b.toml", &borrower)];
    let catalogue = laid_over(&files).expect("fits");
    let suites = |id: &str| catalogue.get(id).expect("parses").suites.len();
    assert_eq!(suites("mine/a"), 1, "of the one laid over");
    assert_eq!(suites("opensearch/Policy-Min-TLS-1-0-2019-07"), 18, "of the one built in");
    assert_eq!(suites("mine/b"), 18, "through one built in");
}

#[test]
fn an_overlay_may_name_sources_of_its_own_and_no_unknown_ones() {
    let with = |key: &str| {
        format!(
            "{MINE}[provenance]\nstatus = \"current\"\ncertainty = \"certain\"\nsources = [\"s2n\", \"{key}\"]\n"
        )
    };
    let sources = "[ours]\ntitle = \"t\"\nwhere = \"w\"\ndate = \"2026\"\nkind = \"third-party\"\n";
    let catalogue = laid_over(&[("sources.toml", sources), ("mine/a.toml", &with("ours"))]).expect("fits");
    assert_eq!(catalogue.references().get("ours").expect("added").place, "w");
    assert!(catalogue.get("sources").is_err(), "no policy");

    let error = refused(&[("mine/a.toml", &with("aws-abl"))]);
    assert_eq!((error.file.as_str(), error.line), ("my/mine/a.toml", 8));
    assert!(error.to_string().contains("aws-alb"), "{error}");
    let error = refused(&[("sources.toml", &sources.replace("third-party", "rumour"))]);
    assert_eq!((error.file.as_str(), error.line), ("my/sources.toml", 5));
    assert!(error.to_string().contains("third-party"), "{error}");
}

#[test]
fn a_faulty_overlay_is_refused_as_a_whole_with_file_and_line() {
    let error = refused(&[("mine/a.toml", MINE), ("mine/b.toml", &MINE.replace("TLS_RSA", "TLS_RAS"))]);
    assert_eq!((error.file.as_str(), error.line), ("my/mine/b.toml", 4));
    let circle = BORROWED.replace("elb/ELBSecurityPolicy-2016-08", "mine/a");
    let error = refused(&[("mine/a.toml", &circle)]);
    assert_eq!((error.problem, error.line), (Problem::Circular("mine/a".to_owned()), 3));
    // A circle through a policy that is built in and now borrows.
    let error = refused(&[("mine/a.toml", BORROWED), ("elb/ELBSecurityPolicy-2016-08.toml", &circle)]);
    assert!(matches!(error.problem, Problem::Circular(_)), "{error}");
    assert!(matches!(refused(&[("a.json", MINE)]).problem, Problem::Path { .. }));
}

#[test]
fn a_file_without_a_folder_takes_no_bare_name() {
    let error = refused(&[("TLSv1.2_2021.toml", MINE)]);
    assert_eq!((error.file.as_str(), error.problem), ("my/TLSv1.2_2021.toml", Problem::NoService));
    // In a folder it is a second policy of this name.
    let catalogue = laid_over(&[("mine/TLSv1.2_2021.toml", MINE)]).expect("fits");
    let Err(LookupError::Ambiguous { candidates, .. }) = catalogue.find("TLSv1.2_2021") else {
        panic!("two policies have it")
    };
    assert_eq!(candidates, ["cloudfront/TLSv1.2_2021", "mine/TLSv1.2_2021"]);
}

#[test]
fn an_overlay_is_bounded() {
    let large = format!("{MINE}# {}", "x".repeat(Catalogue::MOST_BYTES));
    assert!(matches!(refused(&[("mine/a.toml", &large)]).problem, Problem::TooLarge { .. }));
    let mut catalogue = Catalogue::embedded().expect("embedded");
    let file = |n| (format!("mine/{n}.toml"), format!("my/{n}.toml"), MINE.to_owned());
    let error = catalogue.overlay((0..=Catalogue::MOST_FILES).map(file)).expect_err("one too many");
    assert!(matches!(error.problem, Problem::TooMany { .. }), "{error}");
}

#[test]
fn a_table_of_sources_is_checked() {
    let text = "[a]\ntitle = \"t\"\nwhere = \"\"\ndate = \"2026\"\nkind = \"standard\"\n";
    let error = References::parse("sources.toml", text).expect_err("says nowhere");
    assert_eq!((error.problem, error.line), (Problem::Empty { key: "where" }, 3));
    let unknown = text.replace("\"\"", "\"w\"\nwhy = \"y\"");
    assert_eq!(References::parse("sources.toml", &unknown).expect_err("unknown key").line, 4);
}
