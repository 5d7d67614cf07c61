//! `scenarios/census.txt`: how many cases there are, so that none vanishes unseen.

use std::fmt::Write as _;

use shakedown::oracle::breaches;
use shakedown::policy::Treatment;
use shakedown::run::catalogue::Catalogue;
use shakedown::run::stage::proposal;
use shakedown::scenario::Tier;

#[test]
fn the_census_is_current() {
    let catalogue = Catalogue::load(&[]).unwrap();
    let mut text = String::from(
        "# Cases per scenario and tier, and how many of all a client must refuse under each floor.\n# Written by: make census\n",
    );
    let mut totals = [0; 3];
    for scenario in &catalogue.scenarios {
        let mine: Vec<_> = catalogue.cases.iter().filter(|c| c.scenario.id == scenario.id).collect();
        let up_to = Tier::ALL.map(|tier| mine.iter().filter(|c| c.tier <= tier).count());
        for (total, count) in totals.iter_mut().zip(up_to) {
            *total += count;
        }
        let [core, default, full] = up_to;
        write!(text, "{:<34} core {core:>3}  default {default:>3}  full {full:>3} ", scenario.id).unwrap();
        for floor in &catalogue.floors {
            let must_refuse = mine
                .iter()
                .filter(|case| {
                    case.certificate.is_some_and(|kind| kind.is_bad())
                        || breaches(floor, &proposal(case).unwrap())
                            .iter()
                            .any(|b| b.treatment == Treatment::Fail)
                })
                .count();
            write!(text, " {} {must_refuse:>3}", floor.id).unwrap();
        }
        text.push('\n');
    }
    let [core, default, full] = totals;
    writeln!(text, "{:<34} core {core:>3}  default {default:>3}  full {full:>3}", "all").unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/census.txt");
    if std::env::var_os("SHAKEDOWN_WRITE_CENSUS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert_eq!(text, committed, "run `make census` and review the difference");
}
