//! The `khobao` binary: hands the command line to `khobao::cli` and exits with its code.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // Huge pages double what a crawl holds in memory, and buy it no time. Where the kernel knows
    // none there is nothing to turn off.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_thp_disable(true);
    khobao::cli::main()
}
