//! Findings of the target `mitm` in the form that people read, and drawn edit lists at length.

use std::fs;
use std::path::PathBuf;

use fastrand::Rng;
use shakedown::edit::Saved;
use shakedown::fuzzing::{replay_edits, target};

use super::{count, played};

/// A finding that was mended stays mended: on its pair the oracle holds, and the edits still apply.
#[test]
fn every_saved_edit_list_is_played_again_and_the_oracle_holds() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/regressions/mitm");
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Others are inputs in bytes.
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        files += 1;
        let name = path.file_name().unwrap().to_str().unwrap();
        let saved = Saved::parse(name, &fs::read_to_string(&path).unwrap()).unwrap();
        let oracle = saved.oracle.clone().unwrap_or_else(|| panic!("{name} names no oracle"));
        assert!(name.starts_with(&oracle), "{name} is about {oracle}");
        assert!(!saved.edits.is_empty(), "{name} edits nothing");
        // What it prints is what was read.
        assert_eq!(Saved::parse(name, &saved.print()), Ok(saved.clone()), "{name}");
        let seen = replay_edits(&saved).unwrap();
        assert!(!seen.summary.ends_with(" 0 applied"), "{name}: {}", seen.summary);
    }
    assert!(files >= 1);
}

#[test]
fn the_downgrade_made_by_hand_ends_at_the_client() {
    let text = include_str!("../../../fuzz/regressions/mitm/agreement-sentinel-stripped.toml");
    let seen = replay_edits(&Saved::parse("x.toml", text).unwrap()).unwrap();
    assert_eq!(seen.summary, "TLSv1.3, OpenSsl failed, OpenSsl failed, 2 applied");
    assert!(!seen.completed);
}

#[test]
fn a_saved_list_of_no_pair_says_which_there_are() {
    let unknown = Saved { cell: Some("nowhere".to_owned()), ..Saved::default() };
    let error = replay_edits(&unknown).unwrap_err().to_string();
    assert!(error.starts_with("no cell Some(\"nowhere\"); known: openssl-openssl-SSLv3-002f-0, "), "{error}");
    assert!(error.contains("wide-openssl-rustls-TLSv1.3-1301-6"), "{error}");
    replay_edits(&Saved::default()).unwrap_err();
}

#[test]
fn a_bad_saved_list_names_file_line_and_what_is_allowed() {
    for (text, wanted) in [
        ("client = 1\n", "f.toml:1: "),
        ("client = \"x\"\ncolour = 1\n", "f.toml:2: unknown field `colour`, expected one of `client`"),
        ("\n[[edit]]\nat = \"client-helo\"\nchange = \"drop\"\n", "f.toml:2: unknown place \"client-helo\""),
        (
            "[[edit]]\nat = \"client-hello\"\nchange = \"lose\"\n",
            "f.toml:1: unknown change \"lose\"; allowed: set-version",
        ),
        ("[[edit]]\nat = \"client-hello\"\n", "missing field `change`"),
    ] {
        let error = Saved::parse("f.toml", text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let long = "[[edit]]\nat = \"client-hello\"\nchange = \"drop\"\n".repeat(257);
    assert!(Saved::parse("f.toml", &long).unwrap_err().to_string().contains("257 edits; at most 256"));
}

/// Seeds hold one edit at most: here lists of up to four are drawn, over all pairs.
#[test]
fn drawn_edit_lists_find_nothing() {
    let target = target("mitm").unwrap();
    let mut rng = Rng::with_seed(11);
    let (mut applied, mut completed) = (0, 0);
    for _ in 0..count() {
        let length = rng.usize(8..64);
        let mut input: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(length).collect();
        if rng.bool() {
            input[0] |= 0x80;
        }
        let seen = played(target, &input).unwrap_or_else(|text| panic!("{text}\ninput {input:02x?}"));
        applied += usize::from(!seen.summary.ends_with(" 0 applied"));
        completed += usize::from(seen.completed);
    }
    // Most lists do something, and not all of them end everything.
    assert!(2 * applied > count(), "{applied} of {}", count());
    assert!(20 * completed > count(), "{completed} of {}", count());
}
