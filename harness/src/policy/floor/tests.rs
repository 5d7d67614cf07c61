//! Floors: the files of the repository, and what the parser refuses.

use super::*;

const AWS: &str = include_str!("../../../../scenarios/floors/aws.toml");
const AWS_LEGACY: &str = include_str!("../../../../scenarios/floors/aws-legacy.toml");
const RFC10015: &str = include_str!("../../../../scenarios/floors/rfc10015.toml");

fn refused(change: (&str, &str)) -> DataError {
    assert!(AWS.contains(change.0), "the test changes a line that is not there: {}", change.0);
    Floor::parse("scenarios/floors/aws.toml", &AWS.replace(change.0, change.1)).expect_err("refused")
}

fn line_of(text: &str) -> usize {
    1 + AWS.lines().position(|line| line.starts_with(text)).expect("there")
}

#[test]
fn floor_aws_says_what_the_agreed_format_says() {
    let floor = Floor::parse("scenarios/floors/aws.toml", AWS).expect("parses");
    assert_eq!(floor.id, "aws");
    assert_eq!(floor.min_version, ProtocolVersion::TLS1_2);
    assert_eq!(floor.recommended_version, Some(ProtocolVersion::TLS1_3));
    assert_eq!(floor.no_forward_secrecy, Treatment::Fail);
    assert_eq!(floor.unauthenticated, Treatment::Fail);
    assert_eq!(floor.unencrypted, Treatment::Fail);
    assert_eq!(floor.finite_field_dhe, Treatment::Warn);
    assert_eq!(floor.weak_cipher, Treatment::Fail);
    assert_eq!(floor.triple_des, Treatment::Warn, "the default");
    assert_eq!((floor.min_dhe_bits, floor.min_rsa_bits), (2048, 2048));
    assert_eq!(floor.weak_signature, Treatment::Warn);
    assert_eq!(floor.source.date, "2026-10");
}

#[test]
fn the_legacy_floor_differs_in_its_versions_only() {
    let aws = Floor::parse("floors/aws.toml", AWS).expect("parses");
    let legacy = Floor::parse("floors/aws-legacy.toml", AWS_LEGACY).expect("parses");
    assert_eq!(legacy.min_version, ProtocolVersion::TLS1_0);
    assert_eq!(legacy.recommended_version, Some(ProtocolVersion::TLS1_2));
    let described = |floor: &Floor| Floor {
        id: String::new(),
        title: String::new(),
        min_version: ProtocolVersion::TLS1_2,
        recommended_version: None,
        source: aws.source.clone(),
        ..floor.clone()
    };
    assert_eq!(described(&aws), described(&legacy));
}

#[test]
fn floor_rfc10015_forbids_finite_field_diffie_hellman() {
    let floor = Floor::parse("floors/rfc10015.toml", RFC10015).expect("parses");
    assert_eq!(floor.finite_field_dhe, Treatment::Fail);
    assert_eq!(floor.no_forward_secrecy, Treatment::Fail);
    assert_eq!(floor.min_version, ProtocolVersion::TLS1_2);
}

#[test]
fn an_unknown_key_is_an_error_with_its_line_and_the_allowed_keys() {
    let error = refused(("min_rsa_bits ", "min_rsa_bit "));
    assert_eq!(error.line, line_of("min_rsa_bits"), "{error}");
    assert!(error.to_string().contains("min_rsa_bit"), "{error}");
    assert!(error.to_string().contains("`min_rsa_bits`"), "{error}");
    assert_eq!(error.file, "scenarios/floors/aws.toml");
}

#[test]
fn an_unknown_treatment_is_an_error_with_the_allowed_words() {
    let error = refused(("unencrypted         = \"fail\"", "unencrypted = \"deny\""));
    assert_eq!(error.line, line_of("unencrypted"), "{error}");
    for word in ["deny", "allow", "warn", "fail"] {
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn an_unknown_version_is_an_error_with_the_allowed_versions() {
    let error = refused(("min_version         = \"TLSv1.2\"", "min_version = \"TLS 1.2\""));
    assert_eq!(error.line, line_of("min_version"));
    assert!(matches!(error.problem, Problem::Version(_)), "{error}");
    assert!(error.to_string().contains("TLSv1.2"), "{error}");
}

#[test]
fn a_recommendation_below_the_requirement_is_refused() {
    let error = refused(("recommended_version = \"TLSv1.3\"", "recommended_version = \"TLSv1.1\""));
    assert_eq!(error.line, line_of("recommended_version"));
    let (recommended, min) = (ProtocolVersion::TLS1_1, ProtocolVersion::TLS1_2);
    assert_eq!(error.problem, Problem::BelowMinimum { recommended, min });
}

#[test]
fn a_missing_key_is_named() {
    let error = refused(("unauthenticated     = \"fail\"\n", ""));
    assert!(error.to_string().contains("unauthenticated"), "{error}");
}

#[test]
fn a_number_out_of_range_is_refused_at_its_line() {
    assert_eq!(refused(("min_dhe_bits        = 2048", "min_dhe_bits = -1")).line, line_of("min_dhe_bits"));
    assert_eq!(refused(("min_dhe_bits        = 2048", "min_dhe_bits = 70000")).line, line_of("min_dhe_bits"));
}

#[test]
fn an_empty_page_and_an_impossible_date_are_refused() {
    let page = "page = \"Infrastructure security, Amazon OpenSearch Service developer guide\"";
    assert_eq!(refused((page, "page = \" \"")).problem, Problem::Empty { key: "page" });
    for date in ["2026-13", "2026-1", "26-10", "2026-10-32", "2026-10-01-01", "autumn", "2026-00", "+026-10"]
    {
        let error = refused(("date = \"2026-10\"", &format!("date = \"{date}\"")));
        assert_eq!(error.problem, Problem::Date(date.to_owned()));
        assert_eq!(error.line, line_of("date"));
    }
    for date in ["2022", "2026-01-31"] {
        let text = AWS.replace("\"2026-10\"", &format!("{date:?}"));
        assert_eq!(Floor::parse("floors/x.toml", &text).expect("a date").source.date, date);
    }
}
