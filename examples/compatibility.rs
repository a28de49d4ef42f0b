//! Prints `docs/containerd-compatibility.md`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(containerd_edit::compatibility_tables().as_bytes())
}
