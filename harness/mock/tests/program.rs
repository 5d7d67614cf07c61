//! The crate against programs that behave like `shakedown serve` or fail to: shell scripts. That it gets on with the real
//! one is held by harness/tests/mock_server.rs, where there is a built program.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use shakedown_mock::{FinishError, MockServer, MockServerBuilder, Reason, StartError, Verdict};

/// A script in a folder of its own, with a CA file beside it.
struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    /// `{ready}` stands for a ready line of this version.
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        fs::write(&ca, "a CA").unwrap();
        let ready = format!(
            r#"{{"type":"ready","address":"127.0.0.1:1","ca_pem":{ca:?},"policy":"p","backend":"b","floor":"aws","certificates":[],"pid":1,"shakedown":"{}"}}"#,
            env!("CARGO_PKG_VERSION")
        );
        let program = Self { folder };
        let script = script.replace("{ready}", &format!("echo '{ready}'"));
        fs::write(program.folder.path().join("program.script"), script).unwrap();
        let player = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program.sh");
        std::os::unix::fs::symlink(player, program.path()).unwrap();
        program
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    fn builder(&self) -> MockServerBuilder {
        MockServer::builder().program(self.path()).start_timeout(Duration::from_secs(20))
    }

    fn pid(&self) -> String {
        fs::read_to_string(self.folder.path().join("pid")).unwrap().trim().to_owned()
    }

    fn is_alive(&self) -> bool {
        PathBuf::from(format!("/proc/{}/cmdline", self.pid())).exists()
            && fs::read_to_string(format!("/proc/{}/stat", self.pid()))
                .is_ok_and(|stat| !stat.contains(") Z "))
    }
}

const STOPS: &str = "cat >/dev/null; echo '{\"type\":\"stopped\",\"connections\":0,\"unfinished\":0}'";
const NOTE_PID: &str = "echo $$ > \"$(dirname \"$0\")/pid\"";

/// Everything else must take no longer than this, whatever the program does.
const SOON: Duration = Duration::from_secs(15);

#[test]
fn a_server_that_starts_and_stops_saw_nothing() {
    let program = Program::new(&format!("{{ready}}; {STOPS}"));
    let server = program.builder().start();
    assert_eq!((server.port(), server.url().as_str()), (1, "https://localhost:1/"));
    assert_eq!((server.ca_pem(), server.ca_pem_path()), ("a CA", &*program.folder.path().join("ca.pem")));
    let seen = server.finish();
    assert_eq!((seen.connections().len(), seen.verdict()), (0, Verdict::Inconclusive));
}

#[test]
fn a_missing_program_is_an_error_that_says_how_to_install_it() {
    let error = MockServer::builder().program("/nowhere/shakedown").try_start().unwrap_err();
    assert!(matches!(error, StartError::ProgramMissing { .. }));
    let text = error.to_string();
    assert!(text.contains("cargo install --path .") && text.contains("SHAKEDOWN"), "{text}");
}

#[test]
fn a_program_that_ends_at_once_is_quoted() {
    let program = Program::new("echo 'shakedown: unknown policy \"elb/x\"; nearest: elb/y' >&2; exit 2");
    let error = program.builder().try_start().unwrap_err();
    assert!(matches!(error, StartError::Ended { .. }));
    let text = error.to_string();
    assert!(text.contains("exit status: 2") && text.contains("nearest: elb/y"), "{text}");
}

#[test]
fn a_program_that_says_nothing_is_not_waited_for() {
    let program = Program::new(&format!("{NOTE_PID}; exec sleep 60"));
    let start = Instant::now();
    let error = program.builder().start_timeout(Duration::from_secs(2)).try_start().unwrap_err();
    assert!(matches!(error, StartError::NotReady { .. }), "{error}");
    assert!(start.elapsed() < SOON && !program.is_alive());
}

#[test]
fn a_program_of_another_version_is_refused() {
    let old = env!("CARGO_PKG_VERSION");
    for (found, script) in [("0.0.9", "{ready}"), ("of another version", "{ready}")] {
        let change = if found == "0.0.9" { "s/PKG/0.0.9/" } else { "s/,\"shakedown\":\"PKG\"//" };
        let program = Program::new(&format!("({script}) | sed '{}'; {STOPS}", change.replace("PKG", old)));
        let error = program.builder().try_start().unwrap_err();
        assert!(matches!(error, StartError::OtherVersion { .. }), "{error}");
        assert!(error.to_string().contains(found), "{error}");
    }
}

#[test]
fn a_line_that_is_not_understood_ends_it() {
    let no_json = Program::new(&format!("echo hello; {STOPS}")).builder().try_start().unwrap_err();
    assert!(
        matches!(&no_json, StartError::NotUnderstood { what, .. } if what.contains("hello")),
        "{no_json}"
    );
    let later = Program::new(&format!("{{ready}}; echo '{{\"type\":\"connection\"}}'; {STOPS}"));
    let error = later.builder().start().try_finish().unwrap_err();
    assert!(matches!(&error, FinishError::NotUnderstood { what, .. } if what.contains("peer")), "{error}");
}

#[test]
fn a_flood_of_output_blocks_nobody() {
    // More than a pipe holds, on both of them, and one line without an end.
    let flood = "head -c 3000000 /dev/zero | tr '\\0' 'x'";
    let program = Program::new(&format!("{{ready}}; {flood} >&2; {STOPS}"));
    let start = Instant::now();
    assert_eq!(program.builder().start().finish().connections().len(), 0);
    let endless = Program::new(&format!("{{ready}}; {flood}; {flood}; {STOPS}"));
    let error = endless.builder().start().try_finish().unwrap_err();
    assert!(
        matches!(&error, FinishError::NotUnderstood { what, .. } if what.contains("without an end")),
        "{error}"
    );
    assert!(error.to_string().len() < 1000);
    assert!(start.elapsed() < SOON);
}

#[test]
fn a_server_that_died_is_no_server_that_saw_nothing() {
    let killed = Program::new("{ready}; kill -9 $$").builder().start().try_finish().unwrap_err();
    assert!(matches!(killed, FinishError::Died { .. }), "{killed}");
    let quiet = Program::new("{ready}; cat >/dev/null").builder().start().try_finish().unwrap_err();
    assert!(matches!(quiet, FinishError::Died { .. }), "without its last line: {quiet}");
    let failed =
        Program::new(&format!("{{ready}}; {STOPS}; echo oh >&2; exit 1")).builder().start().try_finish();
    assert!(failed.as_ref().is_err_and(|e| e.to_string().contains("oh")), "{failed:?}");
}

#[test]
fn lines_that_are_missing_are_noticed() {
    let script = STOPS.replace("\"connections\":0", "\"connections\":2");
    let error = Program::new(&format!("{{ready}}; {script}")).builder().start().try_finish().unwrap_err();
    assert!(matches!(error, FinishError::LinesMissing { counted: 2, reported: 0 }), "{error}");
}

#[test]
fn a_server_that_does_not_stop_is_killed() {
    let program = Program::new(&format!("{NOTE_PID}; {{ready}}; exec sleep 60"));
    let start = Instant::now();
    let server = program.builder().finish_timeout(Duration::from_secs(1)).start();
    let error = server.try_finish().unwrap_err();
    assert!(matches!(error, FinishError::NotStopped { .. }), "{error}");
    assert!(start.elapsed() < SOON && !program.is_alive());
}

#[test]
fn a_server_does_not_outlive_a_test_that_panics() {
    let program = Program::new(&format!("{NOTE_PID}; {{ready}}; exec sleep 60"));
    let start = Instant::now();
    let panic = std::panic::catch_unwind(|| {
        let _server = program.builder().start();
        panic!("the test's own reason");
    });
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the test's own reason"));
    assert!(start.elapsed() < SOON && !program.is_alive());
}

fn connection(verdict: &str) -> String {
    format!(
        r#"echo '{{"type":"connection","peer":"127.0.0.1:2","outcome":"completed","reach":"data","version":"TLSv1.2","suite":"TLS_RSA_WITH_AES_128_CBC_SHA","verdict":"{verdict}","findings":[]}}'"#
    )
}

#[test]
fn dropping_a_server_panics_if_a_client_broke_the_floor_or_the_server_died() {
    let dropped = |script: String| {
        let program = Program::new(&script);
        let server = program.builder().start();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(server)))
            .err()
            .map(|panic| panic.downcast_ref::<String>().expect("a panic with a text").clone())
    };
    let one = STOPS.replace("\"connections\":0", "\"connections\":1");
    let broken = dropped(format!("{{ready}}; {}; {one}", connection("fail"))).expect("a panic");
    assert!(
        broken.contains("broke the floor") && broken.contains("TLS_RSA_WITH_AES_128_CBC_SHA"),
        "{broken}"
    );
    assert!(dropped("{ready}; exit 1".to_owned()).expect("a panic").contains("ended by itself"));
    assert_eq!(dropped(format!("{{ready}}; {}; {one}", connection("pass"))), None);
    assert_eq!(dropped(format!("{{ready}}; {STOPS}")), None);
}

/// Text, and file and line, of a panic.
fn panic_of<R>(body: impl FnOnce() -> R + std::panic::UnwindSafe) -> (String, u32, String) {
    use std::cell::RefCell;
    thread_local!(static PLACE: RefCell<(u32, String)> = const { RefCell::new((0, String::new())) });
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().expect("a panic has a place");
            PLACE.replace((place.line(), place.file().to_owned()));
            usual(info);
        }));
    });
    let panic = std::panic::catch_unwind(body).map(|_| ()).expect_err("a panic");
    let (line, file) = PLACE.take();
    (panic.downcast_ref::<String>().expect("a panic with a text").clone(), line, file)
}

#[test]
fn panics_name_the_line_of_the_test() {
    let is_here = |(text, line, file): (String, u32, String), expected: u32| {
        assert_eq!((line, file.ends_with("tests/program.rs")), (expected, true), "{file}: {text}");
    };
    let missing = || MockServer::builder().program("/nowhere/x");
    is_here(panic_of(|| missing().start()), line!());
    is_here(panic_of(|| missing().assert_refused_by(|_| ())), line!());
    let dying = Program::new("{ready}; exit 1").builder().start();
    is_here(panic_of(std::panic::AssertUnwindSafe(|| dying.finish())), line!());
    let seen = Program::new(&format!("{{ready}}; {STOPS}")).builder().start().finish();
    is_here(panic_of(|| seen.assert_refused().connections().len()), line!());
    is_here(panic_of(|| seen.assert_floor_kept().connections().len()), line!());
    is_here(panic_of(|| seen.assert_negotiated("TLSv1.2", None).connections().len()), line!());
    is_here(panic_of(|| seen.assert_never_offered("TLSv1.0").connections().len()), line!());
}

#[test]
fn a_trial_whose_server_does_not_start_or_dies_proves_nothing() {
    let missing = MockServer::builder().program("/nowhere/x").check_refused_by(|_| ()).unwrap_err();
    assert_eq!(missing.reason(), Reason::Unproven);
    let dying = Program::new("{ready}; exit 1").builder().check_refused_by(|_| ()).unwrap_err();
    assert_eq!(dying.reason(), Reason::Unproven);
}

#[test]
fn a_trial_that_nobody_came_to_proves_nothing() {
    let unmet =
        Program::new(&format!("{{ready}}; {STOPS}")).builder().check_refused_by(|_| "not today").unwrap_err();
    assert_eq!(unmet.reason(), Reason::Unproven);
    assert!(unmet.what().contains("positive control"), "{unmet}");
    assert!(unmet.to_string().contains("\"not today\""), "{unmet}");
}
