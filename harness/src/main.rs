//! The `shakedown` program. See `shakedown --help`.

use std::process::ExitCode;

#[cfg(not(feature = "faults"))]
fn main() -> ExitCode {
    shakedown::cli::main()
}

/// `make faults` leaves its program where the good one was.
#[cfg(feature = "faults")]
fn main() -> ExitCode {
    use std::io::Write;
    let text = "shakedown: this program was built with planted faults, for testing the fuzz targets: no verdict of it means \
        anything; build it again with `cargo build`";
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::from(2)
}
