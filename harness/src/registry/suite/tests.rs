//! The derivations against the columns of the table that state the same conclusions.
//!
//! The columns are read here by this file's own few lines, so that the code under test computes nothing
//! that it is compared with.

use std::collections::HashMap;

use super::*;

type Cells = HashMap<String, String>;

fn cells() -> Vec<Cells> {
    let mut reader = csv::Reader::from_reader(include_str!("../data/cipher-suites.csv").as_bytes());
    let rows = reader.deserialize().collect::<Result<Vec<Cells>, _>>().expect("the table is CSV");
    assert_eq!(rows.len(), 387);
    rows
}

fn code(row: &Cells) -> CipherSuite {
    CipherSuite(u16::from_str_radix(&row["code"][2..], 16).expect("hex"))
}

/// Every row with the facts that were parsed from it.
fn rows() -> Vec<(Cells, &'static SuiteFacts)> {
    cells()
        .into_iter()
        .map(|row| (suite(code(&row)).expect("every row is found by its code"), row))
        .map(|(f, r)| (r, f))
        .collect()
}

fn has(row: &Cells, mark: &str) -> bool {
    row["weak"].split('+').any(|found| found == mark)
}

#[test]
fn the_table_parses() {
    assert_eq!(load().map(|rows| rows.len()), Ok(387));
}

#[test]
fn the_387_rows_are_369_suites_16_grease_values_and_2_signals() {
    let count = |kind| suites().iter().filter(|facts| facts.kind == kind).count();
    assert_eq!(count(SuiteKind::Suite), 369);
    assert_eq!(count(SuiteKind::Grease), 16);
    assert_eq!(count(SuiteKind::Signalling), 2);
    for facts in suites() {
        assert_eq!(facts.kind == SuiteKind::Grease, facts.suite.is_grease(), "{}", facts.name);
    }
    assert_eq!(suite(CipherSuite::FALLBACK_SCSV).map(|f| f.kind), Some(SuiteKind::Signalling));
    assert_eq!(
        suite(CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV).map(|f| f.kind),
        Some(SuiteKind::Signalling)
    );
}

#[test]
fn closed_vocabularies_print_as_the_table_writes_them() {
    for (row, facts) in rows() {
        assert_eq!(facts.kind.to_string(), row["kind"]);
        assert_eq!(facts.key_exchange.to_string(), row["key_exchange"]);
        assert_eq!(facts.authentication.to_string(), row["authentication"]);
        assert_eq!(facts.cipher.to_string(), row["cipher"]);
        assert_eq!(facts.mode.to_string(), row["mode"]);
        assert_eq!(facts.mac.to_string(), row["mac"]);
        assert_eq!(facts.key_bits.to_string(), row["key_bits"]);
    }
}

#[test]
fn no_vocabulary_has_a_value_that_the_table_does_not_use() {
    let used = |column: &str, name: &str| cells().iter().any(|row| row[column] == name);
    assert!(KeyExchange::ALL.iter().all(|v| used("key_exchange", v.as_str())));
    assert!(Authentication::ALL.iter().all(|v| used("authentication", v.as_str())));
    assert!(Cipher::ALL.iter().all(|v| used("cipher", v.as_str())));
    assert!(CipherMode::ALL.iter().all(|v| used("mode", v.as_str())));
    assert!(Mac::ALL.iter().all(|v| used("mac", v.as_str())));
}

/// One known difference: the column says yes for all TLS 1.3 suites. The derivation is right: the same
/// suite with `psk_ke` has no forward secrecy (RFC 8446 2.2).
#[test]
fn forward_secrecy_is_what_the_column_says_except_in_tls_1_3_which_does_not_say() {
    for (row, facts) in rows() {
        let expected = match (row["key_exchange"].as_str(), row["forward_secret"].as_str()) {
            ("TLS13", "yes") => ForwardSecrecy::DecidedByKeyShare,
            (_, "yes") => ForwardSecrecy::Ephemeral,
            (_, "no") => ForwardSecrecy::Absent,
            other => panic!("unexpected cells {other:?}"),
        };
        assert_eq!(facts.forward_secrecy(), expected, "{}", facts.name);
    }
}

/// One known difference: `TLS_NULL_WITH_NULL_NULL` has the column `anonymous` at no, but nobody vouches
/// for its server (RFC 5246 A.5: "provides no more protection than an unsecured connection"). GREASE
/// and signals say no as well, and are no suites.
#[test]
fn authentication_is_missing_where_the_column_says_anonymous_and_in_the_null_suite() {
    for (row, facts) in rows() {
        let not_a_suite = row["kind"] != "suite";
        let expected = row["anonymous"] == "no" && row["code"] != "0x0000" && !not_a_suite;
        assert_eq!(facts.is_authenticated(), expected, "{}", facts.name);
    }
}

#[test]
fn encryption_is_missing_where_the_column_says_null() {
    for (row, facts) in rows() {
        let expected = row["null_encryption"] == "no" && row["kind"] == "suite";
        assert_eq!(facts.is_encrypted(), expected, "{}", facts.name);
    }
}

#[test]
fn cipher_strength_is_what_the_marks_of_the_weak_column_say() {
    for (row, facts) in rows() {
        let weak = ["RC4", "DES", "RC2", "IDEA", "EXPORT", "NULL"].iter().any(|mark| has(&row, mark));
        let expected = if weak || row["kind"] != "suite" {
            CipherStrength::Weak
        } else if has(&row, "3DES") {
            CipherStrength::Legacy3Des
        } else {
            CipherStrength::Strong
        };
        assert_eq!(facts.cipher_strength(), expected, "{}", facts.name);
    }
}

/// `pfs_rule` passes a suite that is ephemeral, authenticated, encrypted, not EXPORT, and whose exchange
/// is one that a TLS client of today may use at all: SRP, ECCPWD and CECPQ1 fail it although ephemeral.
#[test]
fn the_rule_column_follows_from_the_derivations() {
    for (row, facts) in rows() {
        let ephemeral = facts.forward_secrecy() != ForwardSecrecy::Absent;
        let mainstream =
            !matches!(facts.key_exchange, KeyExchange::Srp | KeyExchange::Eccpwd | KeyExchange::Cecpq1);
        let passes =
            ephemeral && mainstream && facts.is_authenticated() && facts.is_encrypted() && !facts.export;
        match row["pfs_rule"].as_str() {
            "pass" => assert!(passes, "{}", facts.name),
            "fail" => {
                let single_des = ["TLS_DHE_DSS_WITH_DES_CBC_SHA", "TLS_DHE_RSA_WITH_DES_CBC_SHA"];
                assert_eq!(passes, single_des.contains(&facts.name), "{}", facts.name);
            }
            "n/a" => assert_ne!(facts.kind, SuiteKind::Suite, "{}", facts.name),
            other => panic!("unexpected cell {other:?}"),
        }
    }
}

/// RFC 10015 deprecates exactly the RSA and finite-field exchanges of TLS 1.2.
#[test]
fn finite_field_exchanges_are_those_that_rfc_10015_deprecates_beside_rsa() {
    for (row, facts) in rows() {
        let rsa = matches!(facts.key_exchange, KeyExchange::Rsa | KeyExchange::RsaPsk);
        let expected = row["rfc10015_tls12"] == "deprecated" && !rsa;
        assert_eq!(facts.is_finite_field(), expected, "{}", facts.name);
    }
}

#[test]
fn the_traps_of_the_names_are_not_fallen_into() {
    let facts = |name| suite_by_name(name).expect("known");
    let secrecy = |name| facts(name).forward_secrecy();
    assert_eq!(secrecy("TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256"), ForwardSecrecy::Absent);
    assert_eq!(secrecy("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), ForwardSecrecy::Ephemeral);
    assert_eq!(secrecy("TLS_RSA_PSK_WITH_AES_128_GCM_SHA256"), ForwardSecrecy::Absent);
    assert_eq!(facts("TLS_RSA_PSK_WITH_AES_128_GCM_SHA256").key_exchange, KeyExchange::RsaPsk);
    assert_eq!(secrecy("TLS_DH_anon_WITH_AES_128_CBC_SHA"), ForwardSecrecy::Ephemeral);
    assert!(!facts("TLS_DH_anon_WITH_AES_128_CBC_SHA").is_authenticated());
    assert_eq!(secrecy("TLS_ECDHE_RSA_WITH_RC4_128_SHA"), ForwardSecrecy::Ephemeral);
    assert_eq!(facts("TLS_ECDHE_RSA_WITH_RC4_128_SHA").cipher_strength(), CipherStrength::Weak);
    assert_eq!(secrecy("TLS_AES_128_GCM_SHA256"), ForwardSecrecy::DecidedByKeyShare);
    assert!(!facts("TLS_SHA256_SHA256").is_encrypted());
    assert_eq!(facts("TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA").cipher_strength(), CipherStrength::Weak);
}

#[test]
fn a_suite_is_usable_from_its_first_to_its_last_version() {
    use ProtocolVersion as V;
    let usable = |name| {
        let facts = suite_by_name(name).expect("known");
        V::ALL.into_iter().filter(|v| facts.usable_in(*v)).collect::<Vec<_>>()
    };
    assert_eq!(usable("TLS_RSA_WITH_RC4_128_SHA"), [V::SSL3, V::TLS1_0, V::TLS1_1, V::TLS1_2]);
    assert_eq!(usable("TLS_RSA_EXPORT_WITH_RC4_40_MD5"), [V::SSL3, V::TLS1_0]);
    assert_eq!(usable("TLS_RSA_WITH_DES_CBC_SHA"), [V::SSL3, V::TLS1_0, V::TLS1_1]);
    assert_eq!(usable("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"), [V::TLS1_0, V::TLS1_1, V::TLS1_2]);
    assert_eq!(usable("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), [V::TLS1_2]);
    assert_eq!(usable("TLS_AES_128_GCM_SHA256"), [V::TLS1_3]);
    assert_eq!(usable("TLS_FALLBACK_SCSV"), []);
    assert_eq!(usable("GREASE_0A0A"), []);
    let exactly_tls13 = suites().iter().filter(|f| f.usable_in(V::TLS1_3));
    assert!(exactly_tls13.clone().all(|f| f.key_exchange == KeyExchange::Tls13 && !f.usable_in(V::TLS1_2)));
    assert_eq!(exactly_tls13.count(), 15);
}

/// Expectations from the table of OpenSSL 3.6 (its columns for the lowest and highest version).
#[test]
fn stacks_play_in_ssl_3_what_needs_no_extension_and_no_new_hash() {
    let ssl3 = |name| {
        let facts = suite_by_name(name).expect("known");
        (facts.usable_in(ProtocolVersion::SSL3), facts.played_in(ProtocolVersion::SSL3))
    };
    for name in [
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA",
        "TLS_DH_anon_WITH_SEED_CBC_SHA",
        "TLS_RSA_PSK_WITH_NULL_SHA",
        "TLS_SRP_SHA_WITH_AES_256_CBC_SHA",
    ] {
        assert_eq!(ssl3(name), (false, true), "{name}");
    }
    for name in [
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDH_anon_WITH_RC4_128_SHA",
        "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA",
        "TLS_PSK_WITH_AES_128_CBC_SHA256",
        "TLS_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_AES_128_GCM_SHA256",
    ] {
        assert_eq!(ssl3(name), (false, false), "{name}");
    }
    assert_eq!(ssl3("TLS_RSA_WITH_RC4_128_MD5"), (true, true));
    for facts in suites() {
        for version in ProtocolVersion::ALL {
            let lax = facts.played_in(version) != facts.usable_in(version);
            assert!(!lax || version == ProtocolVersion::SSL3, "{} in {version}", facts.name);
        }
    }
}

#[test]
fn an_unknown_value_has_no_facts() {
    assert_eq!(suite(CipherSuite(0xBEEF)), None);
    assert_eq!(suite_by_name("TLS_RSA_WITH_ROT13"), None);
    assert_eq!(suite_by_name("tls_aes_128_gcm_sha256"), None, "names are exact");
}
