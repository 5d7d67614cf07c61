use super::*;

fn instructions(count: u64) -> Golden {
    let rows =
        BTreeMap::from([("openssl/a".to_owned(), vec![count]), ("rustls/a".to_owned(), vec![1_000_000])]);
    Golden { conditions: "here".to_owned(), rows }
}

fn said(golden: &Golden, now: &Golden, table: &Table) -> Vec<String> {
    golden.differences(now, table).iter().map(Difference::to_string).collect()
}

#[test]
fn one_percent_more_instructions_are_seen_and_half_a_percent_is_not() {
    let golden = instructions(2_000_000);
    for (now, expected) in [
        (2_000_000, None),
        (2_010_000, None),
        (1_990_000, None),
        (2_010_001, Some("openssl/a: instructions 2000000 -> 2010001 (+0.50 %)")),
        (2_020_000, Some("openssl/a: instructions 2000000 -> 2020000 (+1.00 %)")),
        (1_980_000, Some("openssl/a: instructions 2000000 -> 1980000 (-1.00 %)")),
    ] {
        assert_eq!(said(&golden, &instructions(now), &INSTRUCTIONS), Vec::from_iter(expected), "{now}");
    }
}

#[test]
fn a_row_that_went_or_came_is_seen_under_any_conditions() {
    let golden = instructions(1);
    let mut now = instructions(1);
    let figures = now.rows.remove("openssl/a").unwrap();
    now.rows.insert("s2n/a".to_owned(), figures);
    for conditions in ["here", "elsewhere"] {
        now.conditions = conditions.to_owned();
        assert_eq!(
            said(&golden, &now, &INSTRUCTIONS),
            ["openssl/a: in the file, not measured", "s2n/a: measured, not in the file"]
        );
    }
}

#[test]
fn under_other_conditions_only_what_depends_on_none_is_compared() {
    let cost = Cost { client: 10, server: 20, flights: 4, records: 9, to_server: 300, to_client: 900 };
    let of = |conditions: &str, cost| {
        let mut golden = Golden { conditions: conditions.to_owned(), ..Golden::default() };
        golden.insert("a".to_owned(), &Figures::of(&[cost]).unwrap());
        golden
    };
    let more = Cost { client: 11, server: 21, flights: 4, records: 9, to_server: 301, to_client: 900 };
    let golden = of("here", cost);
    assert_eq!(
        said(&golden, &of("here", more), &FIGURES),
        [
            "a: to-server 300 -> 301 (+0.33 %)",
            "a: client-allocations 10 -> 11 (+10.00 %)",
            "a: server-allocations 20 -> 21 (+5.00 %)"
        ]
    );
    assert_eq!(said(&golden, &of("elsewhere", more), &FIGURES), ["a: to-server 300 -> 301 (+0.33 %)"]);
    assert_eq!(
        said(&instructions(1), &Golden { conditions: String::new(), ..instructions(9) }, &INSTRUCTIONS),
        [""; 0]
    );
}

#[test]
fn what_is_printed_is_read_again_and_what_is_no_row_is_an_error() {
    let golden = instructions(7);
    let text = golden.print("# a title\n", &INSTRUCTIONS);
    assert_eq!(Golden::parse(&text, &INSTRUCTIONS), Ok(golden));
    for (bad, line) in [("a", 1), ("a 1 2", 1), ("# x\na one", 2), ("a 1\na 1", 2), ("a -1", 1)] {
        assert_eq!(Golden::parse(bad, &INSTRUCTIONS).unwrap_err().line, line, "{bad:?}");
    }
}
