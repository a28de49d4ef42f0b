//! A handler of a drop-in that somebody has copied to another file leaves with its owner.

use std::fs;

use crate::tool::{Node, Run, tool};

use super::{RUNTIMES, drop_in, in_conf_d, text, with_folder};

const IMAGES: &str = "plugins.\"io.containerd.cri.v1.images\".registry.config_path";

/// What `containerd config migrate` prints of the drop-in, in the main file: the same values in other
/// quotes, beside settings of which nobody has said anything.
const MIGRATED: &str = "\
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/certs.d'

[plugins.'io.containerd.cri.v1.runtime'.containerd]
  default_runtime_name = 'kata'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]
  runtime_type = 'io.containerd.kata.v2'
  runtime_path = ''
  pod_annotations = ['io.katacontainers.*']
  privileged_without_host_devices = true
";

/// A node on which `a` has a handler in a drop-in, the default and a key.
fn installed() -> Node {
    let node = with_folder();
    node.run(&["add", "kata", "--default", "--owner", "a"])
        .exits(0);
    let set = format!("{IMAGES}=/etc/certs.d");
    node.run(&["set", &set, "--owner", "a"]).exits(0);
    assert_eq!(in_conf_d(&node), ["50-a.toml"]);
    node
}

/// Removes the owner, and says of its key that the copy stays, and how it goes.
fn leaves(node: &Node, place: &str, next: &str) -> Run {
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(run.stdout.contains("removed kata"), "{run:#?}");
    let said = format!("{IMAGES} stands in {place}, where a has not written it, and stays; {next}");
    assert!(run.stderr.contains(&said), "{run:#?}");
    assert!(!run.stderr.contains("was there before"), "{run:#?}");
    run
}

#[test]
fn a_copy_in_a_migrated_config_leaves_with_the_drop_in() {
    let node = installed();
    let main = node.text();
    fs::write(node.config(), format!("{main}\n{MIGRATED}")).expect("writes");
    let unset = node.hinted(&format!("unset '{IMAGES}'"));
    let run = leaves(&node, "config.toml:5:3", &unset);
    let said =
        format!("removed as a whole, with what others had added: {RUNTIMES}.kata.runtime_path");
    assert!(run.stderr.contains(&said), "{run:#?}");
    let (kept, _) = MIGRATED.split_once("\n[").expect("two tables");
    let table = "[plugins.'io.containerd.cri.v1.runtime'.containerd]\n";
    assert_eq!(node.text(), format!("{main}\n{kept}\n{table}"));
    assert_eq!(in_conf_d(&node), [""; 0]);
}

#[test]
fn a_drop_in_of_another_name_is_still_its_owners() {
    let node = installed();
    let main = node.text();
    let renamed = drop_in(&node, "99-renamed.toml");
    fs::rename(drop_in(&node, "50-a.toml"), &renamed).expect("renames");
    let status = node.run(&["status"]).exits(0).stdout;
    let created = format!("{}, created for a\n", renamed.display());
    assert!(status.contains(&created), "{status}");
    // It is where the owner's keys go, and others don't notice.
    node.run(&["set", "debug.level=debug", "--owner", "a"])
        .exits(0);
    node.run(&["add", "crun", "--owner", "b"]).exits(0);
    assert!(text(&renamed).contains("[debug]"));
    assert_eq!(in_conf_d(&node), ["50-b.toml", "99-renamed.toml"]);
    // It has no ledger of its own.
    let config = renamed.to_string_lossy();
    Run::of(tool().args(["--config", &*config, "add", "spin"])).exits(78);
    // Nothing is missing, and a bare flag means this file.
    let run = node.run(&["restore"]).exits(0);
    assert!(!run.stdout.contains("gone"), "{run:#?}");
    let add = ["add", "kata", "--owner", "a", "--drop-in", "--exit-code"];
    node.run(&add).exits(0);
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(!run.stderr.contains("stays"), "{run:#?}");
    assert_eq!(
        (node.text(), in_conf_d(&node)),
        (main, vec!["50-b.toml".to_owned()])
    );
}

/// Its handler goes with it; a single key may be anybody's.
#[test]
fn a_drop_in_that_was_put_into_the_config_loses_its_handler() {
    let node = installed();
    let set = [
        "set",
        "disabled_plugins=io.containerd.snapshotter.v1.zfs",
        "--owner",
        "a",
    ];
    node.run(&set).exits(0);
    let own = drop_in(&node, "50-a.toml");
    let disabled = "disabled_plugins = [\"io.containerd.snapshotter.v1.zfs\"]\n";
    let merged = text(&own)
        .replace("version = 3\n", "")
        .replace(disabled, "");
    fs::write(node.config(), format!("{}{disabled}{merged}", node.text())).expect("writes");
    fs::remove_file(&own).expect("removes");
    let unset = node.hinted(&format!("unset '{IMAGES}'"));
    let run = leaves(&node, "config.toml:8:3", &unset);
    let said =
        "disabled_plugins[\"io.containerd.snapshotter.v1.zfs\"] stands in config.toml:3:1, where";
    assert!(run.stderr.contains(said), "{run:#?}");
    // Of what is gone it is not said that it stays.
    let recovery = run
        .stderr
        .lines()
        .find(|line| line.contains("a comment says"));
    assert!(
        recovery.is_some_and(|line| !line.contains("kata")),
        "{run:#?}"
    );
}

/// Somebody has decided otherwise there.
#[test]
fn a_handler_with_other_values_elsewhere_stays() {
    let node = installed();
    let other = MIGRATED.replace("io.katacontainers.*", "mine");
    let theirs = format!("{}\n{other}", node.text());
    fs::write(node.config(), &theirs).expect("writes");
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    let removal = node.hinted("remove kata --adopt");
    let said = format!(
        "kata stands in config.toml:10:1, where a has not written it, and stays; {removal}"
    );
    assert!(run.stderr.contains(&said), "{run:#?}");
    assert_eq!(node.text(), theirs);
}

/// What a key more says was somebody's choice.
#[test]
fn a_handler_with_more_in_it_elsewhere_stays() {
    let node = with_folder();
    node.run(&["add", "spin", "--owner", "a"]).exits(0);
    let theirs = format!(
        "version = 3\n[{RUNTIMES}.spin]\nruntime_type = 'io.containerd.spin.v2'\nsnapshotter = 'native'\n"
    );
    let path = drop_in(&node, "80-theirs.toml");
    fs::write(&path, &theirs).expect("writes");
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(
        run.stderr.contains("where a has not written it, and stays"),
        "{run:#?}"
    );
    assert_eq!(text(&path), theirs);
}

/// The table is looked up by the file's new name.
#[test]
fn a_renamed_drop_in_with_a_table_of_its_own_goes() {
    let node = with_folder();
    let add = [
        "add",
        "kata",
        "--owner",
        "a",
        "--plugin-id",
        "io.containerd.grpc.v1.cri",
    ];
    node.run(&add).exits(0);
    fs::rename(drop_in(&node, "50-a.toml"), drop_in(&node, "99-a.toml")).expect("renames");
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(run.stdout.contains("removed kata"), "{run:#?}");
    assert_eq!(in_conf_d(&node), [""; 0]);
}

/// The bytes of a file that says nothing of the tool's are no name.
#[test]
fn a_file_of_the_same_bytes_is_not_taken_for_one_that_held_nothing() {
    let node = with_folder();
    let theirs = drop_in(&node, "10-site.toml");
    for name in ["10-site.toml", "50-a.toml"] {
        fs::write(drop_in(&node, name), "version = 3\n").expect("writes");
    }
    node.run(&["set", "debug.level=debug", "--owner", "a"])
        .exits(0);
    node.run(&["unset", "debug.level", "--owner", "a"]).exits(0);
    fs::remove_file(drop_in(&node, "50-a.toml")).expect("removes");
    node.run(&["set", "debug.level=debug", "--owner", "a"])
        .exits(0);
    assert_eq!(text(&theirs), "version = 3\n");
}

/// Where the tool's keys are taken away to see what would be without them, the `runc` of others stays:
/// containerd 1.x takes all of CRI from one file, and another drop-in would hide theirs.
#[test]
fn the_runc_of_another_drop_in_is_no_copy() {
    let node = Node::with("version = 2\nimports = [\"conf.d/*.toml\"]\n");
    node.run(&["add", "kata", "--owner", "k"]).exits(0);
    let runtimes = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    let theirs = format!(
        "version = 2\n[{runtimes}.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n\
         [{runtimes}.nvidia]\n  runtime_type = \"io.containerd.runc.v2\"\n"
    );
    fs::create_dir(node.folder().join("conf.d")).expect("a folder");
    fs::write(drop_in(&node, "10-nvidia.toml"), theirs).expect("writes");
    let before = node.text();
    let run = node
        .run(&["add", "kata", "--owner", "k", "--drop-in"])
        .exits(78);
    let said = "containerd 1.6 would not load nvidia any more";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(node.text(), before);
    assert_eq!(in_conf_d(&node), ["10-nvidia.toml"]);
}
