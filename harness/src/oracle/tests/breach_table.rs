//! Every suite in every version under several floors, against the columns of the table that state the
//! conclusions and that the code does not read.

use std::collections::HashMap;

use super::*;
use crate::policy::Treatment::{self, Allow, Fail, Warn};

type Cells = HashMap<String, String>;

const VERSIONS: [(&str, ProtocolVersion); 5] = [
    ("SSLv3", ProtocolVersion::SSL3),
    ("TLSv1", ProtocolVersion::TLS1_0),
    ("TLSv1.1", ProtocolVersion::TLS1_1),
    ("TLSv1.2", ProtocolVersion::TLS1_2),
    ("TLSv1.3", ProtocolVersion::TLS1_3),
];

fn suites() -> Vec<Cells> {
    let text = include_str!("../../registry/data/cipher-suites.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize().collect::<Result<Vec<Cells>, _>>().expect("CSV");
    rows.into_iter().filter(|row| row["kind"] == "suite").collect()
}

/// What the columns say that a session breaks.
fn expected(floor: &Floor, row: &Cells, place: usize, psk_ke: bool) -> Vec<(Rule, Treatment)> {
    let at = |name: &str| VERSIONS.iter().position(|(v, _)| *v == name).expect("a version");
    let (min, max) = (at(&row["min_tls"]), at(&row["max_tls"]));
    let yes = |column: &str| row[column] == "yes";
    let mark = |mark: &str| row["weak"].split('+').any(|found| found == mark);

    let mut all = Vec::new();
    if place < at_floor(floor) {
        all.push((Rule::Version, Fail));
    }
    if (place == 4) != (min == 4) {
        all.push((Rule::Undefined, Fail));
        return all;
    }
    let no_secrecy = if min == 4 { psk_ke } else { !yes("forward_secret") };
    if no_secrecy {
        all.push((Rule::ForwardSecrecy, floor.no_forward_secrecy));
    }
    // The column forgets the null suite.
    if yes("anonymous") || row["code"] == "0x0000" {
        all.push((Rule::Authentication, floor.unauthenticated));
    }
    if yes("null_encryption") {
        all.push((Rule::Encryption, floor.unencrypted));
    }
    // RFC 10015 deprecates RSA, static DH and ephemeral DH; the first two are not forward secret.
    if row["rfc10015_tls12"] == "deprecated" && yes("forward_secret") {
        all.push((Rule::FiniteFieldDhe, floor.finite_field_dhe));
    }
    if mark("EXPORT") {
        all.push((Rule::WeakCipher, Fail));
    } else if mark("RC4") || mark("DES") || mark("RC2") || mark("IDEA") {
        all.push((Rule::WeakCipher, floor.weak_cipher));
    } else if mark("3DES") {
        all.push((Rule::WeakCipher, floor.triple_des));
    }
    // SSL 3 is played with the TLS 1.0 suites that need no curve and no new hash.
    let lax = place == 0 && min == 1 && row["mac"] == "HMAC-SHA1" && !row["iana_name"].contains("_EC");
    if (place < min || place > max) && !lax {
        all.push((Rule::Undefined, Fail));
    }
    all.retain(|(_, treatment)| *treatment != Allow);
    all
}

fn at_floor(floor: &Floor) -> usize {
    VERSIONS.iter().position(|(_, v)| *v == floor.min_version).expect("a version")
}

#[test]
fn all_369_suites_in_all_versions_break_what_the_columns_say() {
    let aws = floor("aws");
    let lax = Floor {
        min_version: ProtocolVersion::SSL3,
        no_forward_secrecy: Allow,
        unauthenticated: Allow,
        unencrypted: Allow,
        finite_field_dhe: Allow,
        weak_cipher: Allow,
        triple_des: Allow,
        ..aws.clone()
    };
    let mixed = Floor {
        min_version: ProtocolVersion::TLS1_1,
        no_forward_secrecy: Warn,
        unauthenticated: Warn,
        unencrypted: Allow,
        weak_cipher: Warn,
        triple_des: Fail,
        ..aws.clone()
    };
    let rows = suites();
    assert_eq!(rows.len(), 369);
    let mut compared = 0;
    for floor in [aws, floor("aws-legacy"), floor("rfc10015"), lax, mixed] {
        for row in &rows {
            let suite = CipherSuite(u16::from_str_radix(&row["code"][2..], 16).expect("hex"));
            for (place, (_, version)) in VERSIONS.iter().enumerate() {
                for psk_ke in [false, true] {
                    let proposal = Proposal { psk_ke, ..Proposal::new(*version, suite) };
                    let found: Vec<_> =
                        breaches(&floor, &proposal).iter().map(|b| (b.rule, b.treatment)).collect();
                    let wanted = expected(&floor, row, place, psk_ke);
                    assert_eq!(found, wanted, "{} {version} psk_ke={psk_ke}", row["iana_name"]);
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 5 * 369 * 5 * 2);
}

/// Counted from the columns by another tool, so that neither side of the table above can lose a class.
#[test]
fn the_number_of_tls_1_2_sessions_that_floor_aws_lets_a_client_complete_is_known() {
    let aws = floor("aws");
    let may = |row: &&Cells| {
        let suite = CipherSuite(u16::from_str_radix(&row["code"][2..], 16).expect("hex"));
        let broken = breaches(&aws, &Proposal::new(ProtocolVersion::TLS1_2, suite));
        broken.iter().all(|breach| breach.treatment != Fail)
    };
    assert_eq!(suites().iter().filter(may).count(), COMPLETABLE_TLS12);
}

/// Suites with `min_tls` up to TLS 1.2 and `max_tls` TLS 1.2, forward
/// secret, not anonymous, not null, and neither RC4 nor DES, RC2, IDEA, EXPORT.
const COMPLETABLE_TLS12: usize = 131;
