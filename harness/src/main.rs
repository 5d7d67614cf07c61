//! The `shakedown` program. See `shakedown --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    shakedown::cli::main()
}
