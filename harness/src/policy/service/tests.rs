//! Services: the files of the repository beside what the guides say, and what the parser refuses.

use super::*;
use crate::registry::ProtocolVersion;
use crate::scenario::embedded;

fn floors() -> Vec<Floor> {
    embedded::files_below("floors").map(|(path, text)| Floor::parse(path, text).expect("parses")).collect()
}

fn services() -> Vec<Service> {
    let floors = floors();
    embedded::files_below("services")
        .map(|(path, text)| Service::parse(path, text, &floors).expect("parses"))
        .collect()
}

fn asked(wanted: &str) -> Floor {
    floor_of(wanted, &services(), &floors()).expect("there")
}

/// Read off the pages by hand: service and edition, required and recommended version, page, date.
const GUIDES: [(&str, &str, &str, &str, &str); 8] = [
    ("opensearch@2026-10", "TLSv1.2", "TLSv1.3", "Amazon OpenSearch Service", "2026-10"),
    ("opensearch@2023", "TLSv1.2", "TLSv1.3", "Amazon OpenSearch Service", "2023"),
    ("cli@2025", "TLSv1.2", "TLSv1.3", "AWS CLI user guide", "2025"),
    ("outposts@2026-10", "TLSv1.2", "TLSv1.3", "AWS Outposts", "2026-10"),
    ("outposts@2023", "TLSv1.2", "TLSv1.3", "AWS Outposts", "2023"),
    // The guide is silent: the text is the announcement of the minimum of all API endpoints.
    ("cloudhsm@2026-10", "TLSv1.2", "TLSv1.3", "all AWS API endpoints", "2022-07-20"),
    ("cloudhsm@2023", "TLSv1.0", "TLSv1.2", "AWS CloudHSM", "2023"),
    ("swf@2026-10", "TLSv1.2", "TLSv1.3", "Amazon SWF", "2026-10"),
];

#[test]
fn every_edition_says_what_its_page_says() {
    let swf = ("swf@2023", "TLSv1.0", "TLSv1.2", "Amazon SWF", "2022");
    for (name, required, recommended, page, date) in GUIDES.into_iter().chain([swf]) {
        let floor = asked(name);
        assert_eq!(floor.min_version.to_string(), required, "{name}");
        assert_eq!(floor.recommended_version.map(|v| v.to_string()).as_deref(), Some(recommended), "{name}");
        assert_eq!(floor.no_forward_secrecy, super::super::Treatment::Fail, "{name}");
        assert_eq!(floor.finite_field_dhe, super::super::Treatment::Warn, "{name}: DHE or ECDHE");
        assert!(floor.source.page.contains(page), "{name}: {}", floor.source.page);
        assert_eq!(floor.source.date, date, "{name}");
        assert_eq!(floor.service.expect("named").to_string(), name);
    }
    let editions: usize = services().iter().map(|service| service.editions.len()).sum();
    assert_eq!(editions, GUIDES.len() + 1, "an edition is missing in the table");
}

#[test]
fn a_service_without_an_edition_is_its_newest() {
    let newest = [
        ("opensearch", "2026-10", ProtocolVersion::TLS1_2),
        ("cli", "2025", ProtocolVersion::TLS1_2),
        ("outposts", "2026-10", ProtocolVersion::TLS1_2),
        ("cloudhsm", "2026-10", ProtocolVersion::TLS1_2),
        ("swf", "2026-10", ProtocolVersion::TLS1_2),
    ];
    assert_eq!(services().len(), newest.len());
    for (name, edition, min) in newest {
        let floor = asked(name);
        assert_eq!(floor.service.expect("named").edition, edition, "{name}");
        assert_eq!(floor.min_version, min, "{name}");
    }
}

#[test]
fn a_service_keeps_the_floors_id_and_says_whose_guide_it_is() {
    let floor = asked("cloudhsm@2023");
    assert_eq!(floor.id, "aws-legacy");
    assert_eq!(floor.title, "AWS CloudHSM: TLS 1.0 required, 1.2 recommended, forward secrecy");
}

#[test]
fn an_edition_that_is_a_reading_says_so() {
    let note = asked("cloudhsm").source.note.expect("a note");
    assert!(note.contains("states no version"), "{note}");
    assert!(note.contains("2023-06-28"), "{note}");
}

#[test]
fn an_unknown_service_names_the_known_ones_and_the_nearest() {
    for wanted in ["opensarch", "opensarch@2023", "OpenSearch", ""] {
        let error = floor_of(wanted, &services(), &floors()).expect_err("unknown").to_string();
        assert!(error.contains("known: cli, cloudhsm, opensearch, outposts, swf"), "{error}");
        assert!(wanted.is_empty() || error.contains("nearest: opensearch"), "{error}");
    }
}

#[test]
fn an_unknown_edition_names_the_known_ones() {
    for wanted in ["cloudhsm@2022", "cloudhsm@2023@2023", "cloudhsm@2026-1"] {
        let error = floor_of(wanted, &services(), &floors()).expect_err("unknown").to_string();
        assert!(error.contains("of service cloudhsm"), "{error}");
        assert!(error.contains("2026-10, 2023"), "{error}");
    }
    let error = floor_of("cloudhsm@", &services(), &floors()).expect_err("no edition").to_string();
    assert_eq!(
        error,
        "the edition behind cloudhsm@ is missing; known, newest first: cloudhsm@2026-10, cloudhsm@2023; cloudhsm alone \
         means the newest"
    );
}

const FILE: &str = "\
title = \"A service\"
[[edition]]
name = \"2026-10\"
floor = \"aws\"
[edition.source]
page = \"A page\"
date = \"2026-10\"
[[edition]]
name = \"2023\"
floor = \"aws-legacy\"
[edition.source]
page = \"A page\"
date = \"2023\"
";

#[test]
fn what_a_file_gets_wrong_is_named_with_its_line_and_what_is_allowed() {
    assert!(Service::parse("services/a.toml", FILE, &floors()).is_ok());
    let table: [(&str, &str, usize, &[&str]); 9] = [
        ("floor = \"aws\"\n", "floor = \"awz\"\n", 4, &["no floor \"awz\"", "aws-legacy, aws, rfc10015"]),
        ("name = \"2023\"", "name = \"2026-10\"", 9, &["stands twice"]),
        ("name = \"2023\"", "name = \"2026-11\"", 9, &["from new to old"]),
        ("name = \"2023\"", "name = \"old\"", 9, &["YYYY-MM"]),
        ("date = \"2023\"", "date = \"last year\"", 13, &["YYYY-MM"]),
        ("title = \"A service\"", "title = \" \"", 1, &["title is empty"]),
        ("page = \"A page\"\ndate = \"2026-10\"", "page = \"\"\ndate = \"2026-10\"", 6, &["page is empty"]),
        ("floor = \"aws\"\n", "floors = \"aws\"\n", 4, &["floors", "`floor`"]),
        ("floor = \"aws\"\n", "", 2, &["floor"]),
    ];
    for (from, to, line, words) in table {
        assert!(FILE.contains(from), "the test changes what is not there: {from}");
        let text = FILE.replacen(from, to, 1);
        let error = Service::parse("services/a.toml", &text, &floors()).expect_err("refused");
        assert_eq!(error.line, line, "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{word:?} is missing in: {error}");
        }
    }
    let none = Service::parse("services/a.toml", "title = \"A\"\nedition = []\n", &floors());
    assert!(none.expect_err("refused").to_string().contains("edition is empty"));
}
