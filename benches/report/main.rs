//! Everything that is compared, in one go: writes `docs/benchmarks.md` and its plots. `make bench-report`; `QUICK=1` measures each
//! for a moment, `OUT=folder` writes elsewhere.

mod facts;
mod handshakes;
mod memory;
mod page;
mod peers;
mod plot;
mod rounds;
mod scaling;
mod servers;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use handshakes::Lab;
use plot::Plots;
use rounds::Pace;
use servers::Weight;

/// Its name, and what writes it.
type Part<'a> = (&'a str, &'a dyn Fn(&mut String));

fn main() {
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let is_test = has("--test") || !has("--bench");
    let is_quick = is_test || std::env::var_os("QUICK").is_some();
    let pace = if is_quick {
        Pace { rounds: 3, slice: Duration::from_millis(1) }
    } else {
        Pace { rounds: 15, slice: Duration::from_millis(40) }
    };
    // `cargo bench --bench report -- servers` is that part alone, on standard output.
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_partial = !chosen.is_empty();
    let weight = match (is_test, is_quick) {
        (true, _) => Weight { rounds: 1, time: Duration::from_millis(200) },
        (_, true) => Weight { rounds: 1, time: Duration::from_secs(1) },
        _ => Weight { rounds: 5, time: Duration::from_secs(2) },
    };
    let sizes: &[usize] = if is_quick { &[100, 300] } else { &[100, 300, 1000, 3000, 10_000] };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let docs = match std::env::var_os("OUT") {
        Some(out) => PathBuf::from(out),
        // A test leaves the page alone, and so does a part.
        None if is_test || is_partial => folder.path().to_owned(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs"),
    };
    let plots = docs.join("benchmarks");
    std::fs::create_dir_all(&plots).expect("the folder can be written");
    let plots = Plots(plots);
    let lab = Lab::new(pace, &plots);
    let mut out = String::new();
    let parts: [Part<'_>; 10] = [
        ("forward secrecy", &|out| lab.forward_secrecy(out)),
        ("post-quantum", &|out| lab.post_quantum(out)),
        ("versions", &|out| lab.versions(out)),
        ("certificates", &|out| lab.certificates(out)),
        ("policies", &|out| lab.policies(out)),
        ("refusals", &|out| lab.refusals(out)),
        ("servers", &|out| servers::servers(out, &plots, weight, pace)),
        ("threads", &|out| scaling::threads(out, weight.rounds, weight.time / 4)),
        ("cases", &|out| scaling::cases(out, &plots, weight.rounds.min(3), sizes)),
        ("memory", &|out| memory::memory(out, &plots, sizes)),
    ];
    for (name, part) in parts {
        if is_partial && !chosen.iter().any(|chosen| chosen == name) {
            continue;
        }
        eprintln!("report: {name}");
        part(&mut out);
    }
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `make bench-report` in one go; what stands side by side was measured in turns. Times are medians \
         over the rounds, with half the distance of the quartiles; ratios are medians of the rounds' ratios. In memory, one thread, \
         without sockets, unless it says otherwise. A machine's own figures: compare the ratios.\n\n",
    );
    let rounds = format!("{} rounds of {} ms each", pace.rounds, pace.slice.as_millis());
    let mut facts = facts::facts();
    facts.extend(servers::peers());
    facts.push(vec!["pace".to_owned(), rounds]);
    page::table(&mut text, &["with", ""], &facts);
    let _ = write!(text, "{out}");
    if is_partial {
        println!("{}", text.trim_end());
        return;
    }
    std::fs::write(docs.join("benchmarks.md"), text.trim_end().to_owned() + "\n")
        .expect("the page can be written");
    println!("report: written to {}", docs.join("benchmarks.md").display());
}
