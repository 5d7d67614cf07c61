//! `policy diff` from outside.

use serde_json::{Value, json};

use crate::overlay::laid_over;
use crate::program::policy;

#[test]
fn diff_tells_what_only_one_has_and_what_both_order_differently() {
    let printed = policy(["diff", "elb/ELBSecurityPolicy-2016-08", "s2n/ELBSecurityPolicy-2016-08"]).text();
    let expected = "\
A  elb/ELBSecurityPolicy-2016-08
   derived: order, groups, schemes
B  s2n/ELBSecurityPolicy-2016-08

versions    the same
suites      common ones in another order (place among them, A, B):
";
    assert!(printed.starts_with(expected), "{printed}");
    assert!(printed.ends_with(
        "groups      the same\nschemes     the same\npreference  the same\nDHE bits    the same\n"
    ));

    let printed =
        policy(["diff", "elb/ELBSecurityPolicy-FS-2018-06", "elb/ELBSecurityPolicy-FS-1-1-2019-08"]).text();
    assert!(printed.contains("versions    only in A  TLSv1.0\nsuites      the same\n"), "{printed}");

    let object = policy(["diff", "--json", "mozilla/5.7/modern", "mozilla/6.0/modern"]).objects().remove(0);
    assert_eq!(object["groups"]["only_b"], serde_json::json!(["X25519MLKEM768"]));
    assert_eq!(object["groups"]["only_a"], serde_json::json!([]));
    assert_eq!(object["groups"]["order_a"], Value::Null);
    assert_eq!(object["a"]["order"], "client");
}

#[test]
fn what_a_stand_in_shares_with_its_lender_is_called_borrowed() {
    let stand_in = "opensearch/Policy-Min-TLS-1-2-2019-07";
    let lender = "elb/ELBSecurityPolicy-TLS-1-2-2017-01";
    let diff = policy(["diff", stand_in, lender]).text();
    let expected = "\
A  opensearch/Policy-Min-TLS-1-2-2019-07
   stand-in: suites of elb/ELBSecurityPolicy-TLS-1-2-2017-01, AWS publishes no list
   borrowed: order, suites, groups, schemes
   derived: order, groups, schemes
B  elb/ELBSecurityPolicy-TLS-1-2-2017-01
   derived: order, groups, schemes

versions    the same
suites      the same (borrowed by A)
groups      the same (borrowed by A)
schemes     the same (borrowed by A)
preference  the same (borrowed by A)
DHE bits    the same
";
    assert_eq!(diff, expected);
    let object = policy(["diff", "--json", lender, stand_in]).objects().remove(0);
    assert_eq!(
        (&object["a"]["borrowed"], &object["b"]["borrowed"]),
        (&json!([]), &json!(["order", "suites", "groups", "schemes"]))
    );
    assert_eq!(object["b"]["derived"], json!(["order", "groups", "schemes"]));
}

#[test]
fn two_that_are_not_known_are_not_the_same() {
    let expected = "
versions    unknown: neither has a list
suites      unknown: neither has a list
groups      unknown: neither has a list
schemes     unknown: neither has a list
preference  unknown of both
DHE bits    unknown of both
";
    let diff =
        policy(["diff", "elb-classic/ELBSecurityPolicy-2011-08", "elb-classic/ELBSecurityPolicy-2014-01"])
            .text();
    assert!(diff.ends_with(expected), "{diff}");

    let expected = "
versions    unknown: one of the two has no list
suites      unknown: one of the two has no list
groups      unknown: one of the two has no list
schemes     unknown: one of the two has no list
preference  A unknown, B server
DHE bits    A unknown, B 2048
";
    let diff =
        policy(["diff", "elb-classic/ELBSecurityPolicy-2011-08", "elb-classic/ELBSecurityPolicy-2015-03"]);
    let diff = diff.text();
    assert!(diff.ends_with(expected), "{diff}");
}

#[test]
fn a_list_that_is_known_to_be_empty_is_compared() {
    let diff = policy(["diff", "harness/static-rsa", "mozilla/6.0/modern"]).text();
    assert!(diff.contains("\ngroups      only in B  X25519MLKEM768\n"), "{diff}");
    assert!(diff.contains("\nschemes     only in B  "), "{diff}");
    let diff = policy(["diff", "harness/static-rsa", "harness/static-rsa"]).text();
    assert!(diff.contains("\ngroups      the same\nschemes     the same\n"), "{diff}");

    let object = policy(["show", "--json", "harness/static-rsa"]).objects().remove(0);
    assert_eq!((&object["groups"], &object["schemes"]), (&json!([]), &json!([])));
    let object = policy(["show", "--json", "elb-classic/ELBSecurityPolicy-2011-08"]).objects().remove(0);
    assert_eq!((&object["groups"], &object["suites"]), (&Value::Null, &Value::Null));
    let object = policy(["diff", "--json", "harness/static-rsa", "harness/strong"]).objects().remove(0);
    assert_eq!(object["groups"]["only_a"], json!([]));
    assert_eq!(object["groups"]["only_b"], json!(["x25519", "secp256r1", "secp384r1", "secp521r1"]));
}

#[test]
fn an_order_that_nobody_states_is_not_compared() {
    let diff = policy(["diff", "guideline/bsi", "guideline/nist"]).text();
    assert!(!diff.contains("another order"), "{diff}");
    assert!(diff.contains("            (order not stated by A and B)\ngroups "), "{diff}");
    let object = policy(["diff", "--json", "guideline/bsi", "guideline/nist"]).objects().remove(0);
    assert_eq!((&object["suites"]["order_a"], &object["suites"]["order_b"]), (&Value::Null, &Value::Null));
    assert_eq!(object["suites"]["only_a"][0], "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256");
    assert_eq!(object["a"]["unordered"], json!(["suites"]));

    let policy_of = |suites: &str, unordered: &str| {
        format!(
            "title = \"t\"\nversions = [\"TLSv1.3\"]\norder = \"server\"\nsuites = [{suites}]\n\
             groups = [\"x25519\"]\nschemes = [\"rsa_pss_rsae_sha256\"]\n[provenance]\nstatus = \"current\"\n\
             certainty = \"certain\"\nsources = [\"s2n\"]\nunordered = [{unordered}]\n"
        )
    };
    let one = "\"TLS_AES_128_GCM_SHA256\", \"TLS_AES_256_GCM_SHA384\"";
    let other = "\"TLS_AES_256_GCM_SHA384\", \"TLS_AES_128_GCM_SHA256\"";
    let folder = laid_over(&[
        ("mine/ordered", &policy_of(one, "")),
        ("mine/turned", &policy_of(other, "")),
        ("mine/unordered", &policy_of(other, "\"suites\"")),
        ("mine/stand-in", "title = \"t\"\nversions = [\"TLSv1.3\"]\nsuites_from = \"mine/unordered\"\n"),
    ]);
    let table = [
        ("ordered", "turned", "common ones in another order (place among them, A, B):"),
        ("ordered", "unordered", "the same (order not stated by B)"),
        ("unordered", "turned", "the same (order not stated by A)"),
        ("ordered", "stand-in", "the same (borrowed by B; order not stated by B)"),
    ];
    for (a, b, said) in table {
        let (a, b) = (format!("mine/{a}"), format!("mine/{b}"));
        let diff = policy(["diff", &a, &b, "--policies", folder.path().to_str().unwrap()]).text();
        assert!(diff.contains(&format!("\nsuites      {said}\n")), "{diff}");
    }
}

/// Two that may differ, for nobody says what they take.
#[test]
fn a_group_of_no_stated_size_is_not_the_same_as_another() {
    let of = |more: &str| {
        format!(
            "title = \"t\"\nversions = [\"TLSv1.0\"]\norder = \"server\"\n{more}\n\
             suites = [\"TLS_DHE_RSA_WITH_AES_128_CBC_SHA\"]\n"
        )
    };
    let folder = laid_over(&[
        ("mine/open", &of("")),
        ("mine/sized", &of("dhe_bits = 2048")),
        ("mine/named", &of("groups = [\"ffdhe2048\"]")),
    ]);
    let table = [
        ("open", "open", "unknown of both"),
        ("open", "sized", "A unknown, B 2048"),
        ("sized", "sized", "the same"),
        ("named", "named", "the same"),
        ("named", "sized", "A none, B 2048"),
    ];
    for (a, b, said) in table {
        let (a, b) = (format!("mine/{a}"), format!("mine/{b}"));
        let diff = policy(["diff", &a, &b, "--policies", folder.path().to_str().unwrap()]).text();
        assert!(diff.ends_with(&format!("DHE bits    {said}\n")), "{diff}");
    }
}
