//! Rule 11, the liars that are programs: exit codes, answers, crashes.

use std::path::PathBuf;
use std::sync::Arc;

use shakedown::judge::{FindingCode, Verdict};
use shakedown::run::client::Client;
use shakedown::run::events::Expected;

use crate::support::drive::{is_control, knock, strict, v4, visit};
use crate::support::{
    STATIC_RSA, STATIC_RSA_FORCED, Setting, Told, child, core, forge_on, has, one_per_class, run, show,
};

fn shell(script: &str) -> Client {
    Client::command(PathBuf::from("/bin/sh"), vec!["-c".to_owned(), script.to_owned()])
}

fn classes() -> Setting {
    Setting { cases: one_per_class(), ..Setting::default() }
}

/// Slow liars get two cases.
fn two() -> Setting {
    Setting { cases: one_per_class().into_iter().take(2).collect(), ..Setting::default() }
}

/// Skips are not green: nothing was proven.
#[track_caller]
fn is_skipped_and_not_green(told: &Told) {
    told.each_must_refuse(|case| {
        assert_eq!(case.verdict, Verdict::Skipped, "{}", show(case));
        assert!(has(case, FindingCode::UnsupportedByClient), "{}", show(case));
    });
    assert!(told.totals.findings.iter().all(|f| f.code == FindingCode::ClassUnproven));
    assert_eq!(told.totals.findings.len(), 4, "{:?}", told.totals.findings);
    told.client_is_not_green();
    assert_eq!(told.exit, 3);
}

#[test]
fn an_honest_program_passes() {
    let told = run(classes(), child::command("honest"));
    told.each_must_refuse(|case| {
        assert!(matches!(case.verdict, Verdict::Pass | Verdict::Warn), "{}", show(case));
    });
    assert_eq!(told.exit, 0);
}

#[test]
fn exit_code_89_to_everything_is_never_green() {
    let told = run(Setting::default(), shell("exit 89"));
    is_skipped_as_a_whole(&told);
}

/// The controls, too, were called unsupported: the client was not judged at all, and the run says so.
fn is_skipped_as_a_whole(told: &Told) {
    told.all_must_refuse(Verdict::Skipped, FindingCode::UnsupportedByClient);
    assert_eq!((told.totals.verdict, told.exit), (Some(Verdict::Skipped), 4));
}

#[test]
fn exit_code_0_without_a_connection_is_never_green() {
    let told = run(Setting::default(), shell("exit 0"));
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::NoConnection);
    told.is_never_green();
}

#[test]
fn a_program_that_does_not_exist_is_never_green() {
    let told = run(classes(), Client::command(PathBuf::from("/nonexistent/client"), Vec::new()));
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::NoConnection);
    told.is_never_green();
}

#[test]
fn a_worker_that_calls_everything_unsupported_is_never_green() {
    let told = run(classes(), child::worker("worker-unsupported"));
    is_skipped_as_a_whole(&told);
}

#[test]
fn a_worker_that_calls_the_cases_unsupported_is_skipped_and_not_green() {
    is_skipped_and_not_green(&run(classes(), child::worker("worker-unsupported-in-cases")));
}

#[test]
fn a_worker_that_calls_the_cases_unsupported_and_connected_is_skipped_and_not_green() {
    is_skipped_and_not_green(&run(classes(), child::worker("worker-unsupported-and-connected")));
}

#[test]
fn unsupported_after_a_hello_counts_for_nothing() {
    let told = run(classes(), child::worker("worker-hello-then-unsupported"));
    told.each_must_refuse(|case| assert_eq!(case.verdict, Verdict::Fail, "{}", show(case)));
}

#[test]
fn a_program_that_dies_when_it_should_refuse_has_not_refused() {
    let told = run(classes(), child::command("aborts-when-refusing"));
    assert_eq!(told.control("rsa2048"), "completed");
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ClientCrashed);
    told.is_never_green();
}

#[test]
fn a_worker_that_dies_when_it_should_refuse_has_not_refused() {
    let told = run(classes(), child::worker("worker-exits-when-refusing"));
    assert_eq!(told.control("rsa2048"), "completed");
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ClientCrashed);
    told.is_never_green();
}

#[test]
fn a_closure_that_panics_when_it_should_refuse_has_not_refused() {
    let told = forge_on(one_per_class(), |address| {
        if is_control(address) {
            return visit(v4(address.port), strict());
        }
        let (mut stream, mut engine) = (v4(address.port), strict());
        knock(&mut stream, &mut *engine);
        // Without the hook: a panic's message in the output of a good test is noise.
        std::panic::resume_unwind(Box::new("a client's crash"));
    });
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ClientCrashed);
    told.is_never_green();
}

#[test]
fn what_a_program_says_of_itself_moves_no_verdict() {
    for says in [true, false] {
        let told = run(
            Setting { cases: core(), ..Setting::default() },
            Client::closure(
                "liar",
                Arc::new(move |address| {
                    visit(v4(address.port), crate::support::drive::permissive());
                    says
                }),
            ),
        );
        for case in &told.cases {
            match case.expected {
                Expected::MustRefuse => assert_eq!(case.verdict, Verdict::Fail, "{}", show(case)),
                _ => assert_ne!(case.verdict, Verdict::Fail, "{}", show(case)),
            }
        }
        // A forced session cannot come to a request, so there "connected" is the contradiction.
        assert_eq!(has(told.case(STATIC_RSA), FindingCode::ClientReportDiffers), !says);
        assert_eq!(has(told.case(STATIC_RSA_FORCED), FindingCode::ClientReportDiffers), says);
    }
}

#[test]
fn a_wrapper_that_ends_a_hanging_client_has_not_refused_for_it() {
    let told = run(two(), child::wrapped("hangs-when-refusing", r#"timeout 0.6 "$0" "$@""#));
    assert_eq!(told.control("rsa2048"), "completed");
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ClientCrashed);
    told.is_never_green();
}

#[test]
fn a_wrapper_that_tells_of_a_crash_has_not_refused() {
    let told = run(two(), child::wrapped("aborts-when-refusing", r#""$0" "$@"; exit $?"#));
    assert_eq!(told.control("rsa2048"), "completed");
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ClientCrashed);
    told.is_never_green();
}

#[test]
fn a_client_left_in_the_background_that_we_have_to_end_has_not_refused() {
    let script = r#""$0" "$@" & sleep 0.5; exit 1"#;
    let told = run(two(), child::wrapped("hangs-when-refusing", script));
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ClientCrashed);
    told.is_never_green();
}

#[test]
fn a_worker_that_comes_back_after_its_answer_is_not_believed() {
    let told = run(classes(), child::worker("worker-comes-back"));
    assert_eq!(told.control("rsa2048"), "completed");
    // Seen after the case, or still in it as a connection on which nothing came.
    told.each_must_refuse(|case| {
        assert_eq!(case.verdict, Verdict::Inconclusive, "{}", show(case));
        assert!(has(case, FindingCode::Unstable) || has(case, FindingCode::Timeout), "{}", show(case));
    });
    told.is_never_green();
}
