//! The `containerd-edit` command.
fn main() {}
