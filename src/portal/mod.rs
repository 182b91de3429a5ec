//! A NukeViet-like portal of our own on loopback, for the demo, the tests and the benchmark.
