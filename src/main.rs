//! The `wscope` program: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    wscope::cli::main()
}
