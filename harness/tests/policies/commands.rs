//! `policy list`, `show` and `diff` from outside.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::data::rows;
use crate::program::policy;

fn ids(arguments: &[&str]) -> Vec<String> {
    let objects = policy(["list", "--json"].iter().chain(arguments)).objects();
    objects.iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
}

pub fn schema() -> jsonschema::Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/policies-1.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[track_caller]
pub fn assert_fits(validator: &jsonschema::Validator, objects: &[Value]) {
    for object in objects {
        let errors: Vec<String> = validator.iter_errors(object).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{object}: {errors:?}");
    }
}

#[test]
fn every_object_fits_the_schema_and_no_key_vanishes() {
    let validator = schema();
    let mut objects = policy(["list", "--json", "--breaks", "aws"]).objects();
    assert_eq!(objects.len(), rows().count() + 3);
    objects.extend(policy(["list", "--json"]).objects());
    objects.extend(policy(["show", "--json", "TLSv1.2_2021"]).objects());
    objects.extend(policy(["show", "--json", "TLSv1.2_2021", "--breaks", "rfc10015"]).objects());
    let differing = [
        ["elb/ELBSecurityPolicy-2016-08", "cloudfront/TLSv1.2_2019"],
        ["elb-classic/ELBSecurityPolicy-2014-10", "opensearch/Policy-Min-TLS-1-2-2019-07"],
    ];
    for [a, b] in differing {
        objects.extend(policy(["diff", "--json", a, b]).objects());
    }
    assert_fits(&validator, &objects);
    // The schema does reject what it has to.
    let mut without = objects[0].clone();
    without.as_object_mut().unwrap().remove("dhe_bits");
    assert!(!validator.is_valid(&without));
    let mut more = objects[0].clone();
    more["colour"] = "red".into();
    assert!(!validator.is_valid(&more));
}

#[test]
fn the_objects_say_what_the_data_says() {
    let objects = policy(["list", "--json"]).objects();
    for row in rows() {
        let object = objects.iter().find(|object| object["id"] == row["id"]).unwrap();
        assert_eq!(object["versions"], row["protocols"], "{}", row["id"]);
        assert_eq!(object["suites_from"], row["mock_suites_from"], "{}", row["id"]);
        for key in ["status", "certainty", "conflicts", "sources", "aliases", "scope", "fips", "post_quantum"]
        {
            assert_eq!(object[key], row[key], "{key} of {}", row["id"]);
        }
        assert_eq!(object["service_name"], row["service"], "{}", row["id"]);
        assert_eq!(object["breaks"], Value::Null);
        if let Some(suites) = row["cipher_suites"].as_array() {
            let names: Vec<&Value> = suites.iter().map(|suite| &suite["iana"]).collect();
            assert_eq!(
                object["suites"].as_array().unwrap().iter().collect::<Vec<_>>(),
                names,
                "{}",
                row["id"]
            );
        }
    }
}

#[test]
fn service_and_status_choose() {
    for (service, count) in [
        ("elb", 49),
        ("elb-classic", 11),
        ("cloudfront", 9),
        ("apigateway", 18),
        ("opensearch", 5),
        ("s2n", 157),
        ("mozilla", 8),
        ("bsi", 1),
        ("nist", 1),
        ("harness", 3),
    ] {
        assert_eq!(ids(&["--service", service]).len(), count, "{service}");
    }
    assert_eq!(ids(&["--service", "bsi"]), ["guideline/bsi"]);
    assert_eq!(ids(&["--status", "removed-from-docs"]).len(), 5);
    assert_eq!(ids(&["--status", "unannounced", "--service", "elb"]).len(), 3);
    let nothing = policy(["list", "--service", "harness", "--status", "legacy"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (4, ""));
}

#[test]
fn the_same_name_is_another_policy_in_another_service() {
    // API Gateway's policy of this name is ELB's Ext1, which has static RSA; ELB's has none.
    let one = |id: &str| policy(["show", "--json", id]).objects().remove(0);
    let theirs = one("SecurityPolicy_TLS13_1_2_2021_06");
    assert_eq!(theirs["suites"], one("elb/ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06")["suites"]);
    assert_ne!(theirs["suites"], one("elb/ELBSecurityPolicy-TLS13-1-2-2021-06")["suites"]);
}

#[test]
fn no_line_for_people_is_wider_than_a_hundred_columns() {
    let too_wide = |text: &str| text.lines().find(|line| line.chars().count() > 100).map(str::to_owned);
    assert_eq!(too_wide(&policy(["list", "--breaks", "aws"]).text()), None);
    // One process shows one policy: the longest of each kind.
    for id in ["guideline/nist", "opensearch/Policy-Min-TLS-1-0-2019-07", "cloudfront/SSLv3", "s2n/20251014"]
    {
        assert_eq!(too_wide(&policy(["show", id, "--breaks", "aws"]).text()), None);
    }
    for [a, b] in [
        ["guideline/nist", "guideline/bsi"],
        ["cloudfront/TLSv1.2_2019", "s2n/CloudFront-TLS-1-2-2019-no-sha1"],
    ] {
        assert_eq!(too_wide(&policy(["diff", a, b]).text()), None);
    }
}

#[test]
fn a_stand_in_and_a_mere_name_are_called_so_wherever_they_are_shown() {
    let stand_in = "opensearch/Policy-Min-TLS-1-2-2019-07";
    let said = "stand-in: suites of elb/ELBSecurityPolicy-TLS-1-2-2017-01, AWS publishes no list";
    let list = policy(["list", "--service", "opensearch"]).text();
    assert!(list.contains(&format!("{stand_in}               1.2            -\n  {said}\n")), "{list}");
    assert!(policy(["show", stand_in]).text().contains(said));
    assert!(policy(["diff", stand_in, "TLSv1.2_2021"]).text().contains(said));

    let name = "elb-classic/ELBSecurityPolicy-2014-10";
    let said = "AWS publishes no list and no versions";
    assert!(policy(["list", "--service", "elb-classic"]).text().contains(said));
    assert!(policy(["show", name]).text().contains(said));
    let diff = policy(["diff", name, "elb-classic/ELBSecurityPolicy-2016-08"]).text();
    assert!(diff.contains(said), "{diff}");
}

#[test]
fn what_a_stand_in_borrows_is_marked_field_by_field() {
    let stand_in = "opensearch/Policy-Min-TLS-1-2-2019-07";
    let lender = "elb/ELBSecurityPolicy-TLS-1-2-2017-01";
    let printed = policy(["show", stand_in]).text();
    for line in [
        "versions     TLS 1.2\n",
        "preference   the server's (of the stand-in, derived there)\n",
        "suites       12 suites (of the stand-in)\n",
        "groups       secp256r1, secp384r1 (of the stand-in, derived there)\n",
        "             rsa_pkcs1_sha1, ecdsa_sha1 (of the stand-in, derived there)\n",
    ] {
        assert!(printed.contains(line), "{line:?} is missing in:\n{printed}");
    }
    let borrowed = json!(["order", "suites", "groups", "schemes"]);
    let object = policy(["show", "--json", stand_in]).objects().remove(0);
    assert_eq!(object["borrowed"], borrowed);
    assert_eq!(object["derived"], json!(["order", "groups", "schemes"]));
    let object = policy(["show", "--json", lender]).objects().remove(0);
    assert_eq!(object["borrowed"], json!([]));
    assert_eq!(object["derived"], json!(["order", "groups", "schemes"]));
}

#[test]
fn list_says_what_is_broken() {
    let expected = "\
id                                     versions  suites  breaks
opensearch/Policy-Min-TLS-1-0-2019-07  1.0-1.2        -  yes
  stand-in: suites of elb/ELBSecurityPolicy-2016-08, AWS publishes no list
  legacy, certainty conflicting
  breaks: below-minimum-version

1 policies: 1 break floor aws, 0 do not, 0 unknown.
";
    let printed = policy(["list", "--service", "opensearch", "--status", "legacy", "--breaks", "aws"]).text();
    assert_eq!(printed, expected);
}

#[test]
fn list_says_what_is_not_sure() {
    let list = policy(["list"]).text();
    let mut remarks = BTreeMap::new();
    let mut id = "";
    for line in list.lines().skip(1) {
        match line.strip_prefix("  ") {
            Some(remark) => remarks.entry(id).or_insert_with(Vec::new).push(remark),
            None => id = line.split(' ').next().unwrap(),
        }
    }
    let table: [(&str, &[&str]); 7] = [
        (
            "elb/ELBSecurityPolicy-TLS13-1-3-CNSA2-INTEROP1-FIPS-PQ-2026-07",
            &["unannounced, certainty derived"],
        ),
        ("guideline/bsi", &["certainty derived"]),
        ("elb/ELBSecurityPolicy-TLS-1-2-2017-01", &[]),
        ("harness/strong", &[]),
        (
            "elb-classic/ELBSecurityPolicy-2011-08",
            &["AWS publishes no list and no versions", "removed-from-docs, certainty unpublished"],
        ),
        (
            "apigateway/regional-private/SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
            &[
                "stand-in: suites of elb/ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-PQ-2025-09, AWS publishes no list",
                "certainty unpublished, versions derived",
            ],
        ),
        (
            "opensearch/Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08",
            &[
                "stand-in: suites of elb/ELBSecurityPolicy-TLS13-1-2-RFC9151-FIPS-2023-07, AWS publishes no list",
                "certainty conflicting, versions derived",
            ],
        ),
    ];
    for (id, expected) in table {
        assert_eq!(remarks.get(id).map_or(&[][..], Vec::as_slice), expected, "{id}");
    }
    let derived = list.lines().filter(|line| line.ends_with("versions derived")).count();
    assert_eq!(derived, 4);
}

#[test]
fn show_prints_lists_marks_and_sources() {
    let expected = "\
s2n/20250211

title        s2n-tls
status       current
certainty    certain
s2n-tls      20250211

versions     TLS 1.3
preference   the server's
suites       1 suite
             TLS_AES_256_GCM_SHA384
groups       secp384r1
schemes      ";
    let printed = policy(["show", "s2n/20250211"]).text();
    assert!(printed.starts_with(expected), "{printed}");

    let printed = policy(["show", "elb-classic/ELBSecurityPolicy-2015-03", "--breaks", "aws"]).text();
    for line in [
        "preference   the server's\n",
        "             TLS_RSA_WITH_AES_128_CBC_SHA                    no forward secrecy\n",
        "             TLS_RSA_WITH_3DES_EDE_CBC_SHA                   no forward secrecy, 3DES\n",
        "             TLS_DHE_DSS_WITH_AES_128_CBC_SHA\n",
        "groups       secp256r1, secp384r1 (derived)\n",
        "DHE group    2048 bits (derived)\n",
        "breaks       floor aws: yes\n",
        "             weak-dh-group          unknown\n",
        "conflicts    Order: the 2023 page puts DHE-RSA-AES128-SHA after ECDHE-RSA-AES128-SHA.\n",
        "             aws-clb-2023: Classic Load Balancer guide (archived GitHub source) (2023-06)\n",
    ] {
        assert!(printed.contains(line), "{line:?} is missing in:\n{printed}");
    }
    let printed = policy(["show", "bsi"]).text();
    assert!(printed.contains("suites       54 suites (in no stated order)\n"), "{printed}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in
        [&["list"][..], &["list", "--json", "--breaks", "aws"], &["show", "bsi"], &["diff", "bsi", "nist"]]
    {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shakedown"))
            .arg("policy")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
