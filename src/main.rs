//! The `khobao` binary: hands the command line to `khobao::cli` and exits with its code.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    khobao::cli::main()
}
