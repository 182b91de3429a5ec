//! Floor 7: flags, plan, run; messages, progress, exit codes.

/// Runs the command line.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(2)
}
