//! Systems that write the config themselves: an edit is refused, and a look is not.

use crate::tool::tool;

#[test]
fn what_is_managed_can_be_looked_at() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/distributions");
    for system in ["gke", "bottlerocket"] {
        let root = format!("{fixtures}/{system}/host");
        let run = |arguments: &[&str]| {
            let mut command = tool();
            command.args(["--host-root", &root]).args(arguments);
            command.output().expect("it runs").status.code()
        };
        for arguments in [
            &["list"][..],
            &["show", "runc"],
            &["get", "version"],
            &["check"],
            &["status"],
            &["log"],
        ] {
            assert_eq!(run(arguments), Some(0), "{system}: {arguments:?}");
        }
        for arguments in [&["add", "kata", "--dry-run"][..], &["undo"], &["restart"]] {
            assert_eq!(run(arguments), Some(78), "{system}: {arguments:?}");
        }
    }
}
