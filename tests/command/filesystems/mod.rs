//! Filesystems that are full, forbid something, or can't do what an edit asks for: each refusal with
//! its name and a next step, and the config untouched.

mod attributes;
mod descriptors;
mod drop_ins;
mod mounts;
mod refusals;
mod system_calls;

use std::fs;
use std::process::Command;

use crate::tool::{Node, Run, tool_path};

const CONFIG: &str = "version = 3\n";

/// Runs a script in a mount namespace of its own. `$FOLDER` is the config's folder, `$WORK` another
/// one, `mounted TYPE` mounts a new filesystem at `$FOLDER` and puts the config there, and `edit`
/// runs the command; the last one's exit code is the script's.
pub(crate) fn in_namespace(node: &Node, script: &str) -> Run {
    let prelude = r#"
        edit() { "$TOOL" --config "$FOLDER/config.toml" "$@"; }
        mounted() {
            truncate -s 512M "$WORK/disk"
            mkfs.$1 -q "$WORK/disk" >/dev/null
            mount -o loop "$WORK/disk" "$FOLDER"
            printf 'version = 3\n' > "$FOLDER/config.toml"
        }
        unchanged() { test "$(cat "$FOLDER/config.toml")" = 'version = 3'; ls -A "$FOLDER"; }
    "#;
    let work = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "sh", "-ec"])
        .arg(format!("{prelude}{script}"))
        .env("FOLDER", node.folder())
        .env("WORK", work.path())
        .env("TOOL", tool_path());
    Run::of(&mut command)
}

/// Runs the command under strace, with these injections.
fn injected(node: &Node, injections: &[&str], arguments: &[&str]) -> Run {
    let mut command = Command::new("strace");
    command
        .arg("-f")
        .arg("-o")
        .arg(node.folder().join("strace"));
    for injection in injections {
        command.args(["-e", &format!("inject={injection}")]);
    }
    command.arg(tool_path()).arg("--config").arg(node.config());
    let run = Run::of(command.args(arguments));
    let log = fs::read_to_string(node.folder().join("strace")).expect("strace's log");
    assert!(log.contains("(INJECTED"), "{log}");
    run
}
