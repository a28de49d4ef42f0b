//! Edits that are refused, and the warnings of those that are not.

use std::fs;

use crate::tool::{Node, Run, tool};

use super::{OLD, RUNC, refused};

#[test]
fn settings_that_turn_cri_off_are_refused_with_containerds_reason() {
    let config = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    for (setting, said) in [
        (
            "runtime_root=/run/x",
            "1.6 and 1.7 would turn CRI off: invalid plugin config: `runtime_root`",
        ),
        ("io_type=pipe", "2.0, 2.1, 2.2 and 2.3 would turn CRI off"),
        (
            "privileged_without_host_devices_all_devices_allowed=true",
            "requires `privileged_without_host_devices`",
        ),
    ] {
        let node = Node::with(&config);
        let stderr = refused(&node, &["add", "crun", "--set", setting]);
        assert!(stderr.contains(said), "{setting}: {stderr}");
        assert!(stderr.contains("hint: "), "{stderr}");
    }
}

#[test]
fn drop_ins_are_judged_together_with_the_config() {
    let node = Node::with("imports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    let drop_in = node.folder().join("conf.d/10.toml");
    fs::write(&drop_in, "version = 2\n[debug]\nlevel = 'info'\n").expect("writes");
    let file = node.folder().join("patch");
    fs::write(&file, "[debug]\nlevel = 'loud'\n").expect("writes");
    let apply = ["apply", &*file.to_string_lossy(), "--owner", "x"];
    let stderr = refused(&node, &apply);
    let said = "10.toml:3:1: debug.level belongs in this file";
    assert!(stderr.contains(said), "{stderr}");
    let stderr = refused(&node, &[&apply[..], &["--take-over"]].concat());
    assert!(stderr.contains("not a valid logrus level"), "{stderr}");
    // Where CRI's section is: in the main file it would be lost on containerd 1.x.
    let theirs = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    fs::write(&drop_in, &theirs).expect("writes");
    let main = node.text();
    let run = node.run(&["add", "kata"]).exits(0);
    let said = "written to conf.d/10.toml, not to config.toml: kata";
    assert!(run.stderr.contains(said), "{run:#?}");
    node.run(&["check"]).exits(0);
    node.run(&["remove", "kata"]).exits(0);
    let left = fs::read_to_string(&drop_in).expect("it is there");
    assert_eq!((node.text(), left), (main, theirs));
    let node = Node::with(format!(
        "version = 2\nimports = ['{}']\n",
        drop_in.display()
    ));
    fs::remove_file(&drop_in).expect("removes");
    let run = node.run(&["add", "crun"]).exits(0);
    assert!(
        run.stderr.contains("containerd does not start without it"),
        "already broken, and said: {run:#?}"
    );
}

#[test]
fn sidecars_that_an_import_would_load_are_refused() {
    let node = Node::empty();
    let pattern = node.folder().join("*");
    fs::write(
        node.config(),
        format!("version = 3\nimports = ['{}']\n", pattern.display()),
    )
    .expect("writes");
    let stderr = refused(&node, &["add", "crun"]);
    assert!(stderr.contains("config.toml.lock"), "{stderr}");
    assert!(stderr.contains("*.toml"), "a next step: {stderr}");
}

/// The handlers were listed without `runc` before the tool came: 1.x had no CRI then either.
#[test]
fn the_way_back_is_open_and_said() {
    let config = format!("version = 2\n[{OLD}.containerd.runtimes.mine]\n{RUNC}");
    let node = Node::with(&config);
    node.run(&["add", "crun", "--default"]).exits(0);
    node.run(&["check", "--containerd-version", "1.7"]).exits(0);
    let run = node.run(&["remove", "crun"]).exits(0);
    assert_eq!(node.text(), config);
    assert!(
        run.stderr.contains("as without this tool's keys"),
        "{run:#?}"
    );
}

#[test]
fn a_drop_in_that_is_to_blame_is_named() {
    let node = Node::with("version = 2\nimports = ['drop-in.toml']\n");
    let drop_in = node.folder().join("drop-in.toml");
    fs::write(&drop_in, "broken = = 1\n").expect("writes");
    let place = format!("{}:1:10", drop_in.display());
    let run = node.run(&["add", "crun"]).exits(78);
    assert!(run.stderr.contains(&place), "{run:#?}");
    let run = node.run(&["add", "crun", "--allow-not-serving"]).exits(0);
    assert!(run.stderr.contains(&place), "{run:#?}");
}

/// The hint of such a refusal is a command that works: after it the handler can be added.
#[test]
fn nothing_is_added_to_a_config_that_serves_nowhere() {
    let dangling = format!(
        "version = 2\n[{OLD}.containerd]\ndefault_runtime_name = \"nvidia\"\n\
         [{OLD}.containerd.runtimes.runc]\n{RUNC}"
    );
    let disabled = "version = 2\ndisabled_plugins = [\"cri\"]\n".to_owned();
    for (config, place) in [(dangling, ":3:1: "), (disabled, ":2:1: ")] {
        let node = Node::with(&config);
        for quiet in [&[][..], &["-q"]] {
            let run = node.run(&[quiet, &["add", "kata"]].concat()).exits(78);
            assert!(run.stderr.contains(place), "{run:#?}");
        }
        assert_eq!(node.text(), config);
        let run = node.run(&["add", "kata"]);
        let (_, hint) = run.stderr.split_once("hint: ").expect("a hint");
        let hint = hint.split('`').nth(1).expect("a command");
        let command = hint.strip_prefix("containerd-edit ").expect("of this tool");
        let arguments: Vec<&str> = command.split(' ').collect();
        Run::of(tool().args(&arguments)).exits(0);
        node.run(&["add", "kata"]).exits(0);
    }
    // What only takes out goes through, and asks for no restart.
    let node = Node::with("version = 2\ndisabled_plugins = [\"cri\"]\n");
    let add = ["add", "kata", "--allow-not-serving", "-o", "json"];
    let remove = ["remove", "kata", "-o", "json"];
    for arguments in [&add[..], &remove] {
        let run = node.run(arguments).exits(0);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert_eq!(report["restart_required"], false, "{report}");
    }
    node.run(&["add", "kata", "--allow-not-serving"]).exits(0);
    let run = node.run(&["remove", "kata", "-q"]).exits(0);
    assert!(run.stderr.contains("does not serve CRI"), "{run:#?}");
}

/// An installer's container that has /etc/containerd mounted and nothing else.
#[test]
fn an_import_out_of_sight_is_no_licence_for_harm() {
    let node = Node::with("version = 2\nimports = [\"/opt/nvidia/x.toml\"]\n");
    for (wanted, said) in [
        ("default = \"nope\"\n", "nope is not listed"),
        ("[debug]\nlevel = \"loud\"\n", "not start any more"),
    ] {
        let before = node.bytes();
        let patch = node.folder().join("wanted");
        fs::write(&patch, format!("owner = \"x\"\n{wanted}")).expect("writes");
        let patch = patch.to_str().expect("UTF-8");
        let run = node.run(&["apply", patch]).exits(78);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        let unread = "/opt/nvidia/x.toml (no such file here: in a container, mount the host's \
                      /opt/nvidia as well)";
        assert!(run.stderr.contains(unread), "{}", run.stderr);
        assert_eq!(node.bytes(), before, "the file is untouched");
    }
    let run = node.run(&["add", "crun"]).exits(0);
    let warning = format!(
        "warning: {}:2:1: judged without /opt/nvidia/x.toml (no such file here: in a container, \
         mount the host's /opt/nvidia as well); containerd does not start without it\n",
        node.config().display()
    );
    assert!(run.stderr.contains(&warning), "{}", run.stderr);
}

/// What repairs a config is not warned of what it has just repaired.
#[test]
fn an_import_that_goes_is_not_warned_of() {
    let node = Node::with("version = 2\nimports = ['/opt/a/x.toml', '/opt/b/y.toml']\n");
    let run = node.run(&["unset", "imports=/opt/a/x.toml"]).exits(0);
    assert!(!run.stderr.contains("/opt/a"), "{}", run.stderr);
    assert!(
        run.stderr.contains("without /opt/b/y.toml"),
        "{}",
        run.stderr
    );
    let run = node.run(&["unset", "imports=/opt/b/y.toml"]).exits(0);
    assert_eq!(run.stderr, "");
    node.run(&["check"]).exits(0);
}

/// The handlers are in the import: then nothing can be said of the rest.
#[test]
fn what_can_not_be_judged_is_refused() {
    let config = format!(
        "version = 2\nimports = ['/opt/nvidia/x.toml']\n\
         [{OLD}.containerd]\ndefault_runtime_name = 'nvidia'\n"
    );
    let node = Node::with(config);
    let stderr = refused(&node, &["add", "crun"]);
    assert!(stderr.contains("can't be told"), "{stderr}");
    assert!(stderr.contains("mount the host's /opt/nvidia"), "{stderr}");
}

/// Without the tool every release serves CRI here. What one owner's key needs of another's stays until
/// it is not needed any more.
#[test]
fn what_another_owner_needs_is_left_behind() {
    let base = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    let node = Node::with(&base);
    let apply = |owner: &str, text: &str, code: i32| {
        let file = node.folder().join("patch");
        fs::write(&file, text).expect("writes");
        let file = file.to_string_lossy();
        node.run(&["apply", &*file, "--owner", owner, "--take-over"])
            .exits(code)
    };
    apply(
        "a",
        "[handlers.crun]\nprivileged_without_host_devices = true\n",
        0,
    );
    apply(
        "b",
        "[handlers.crun]\nprivileged_without_host_devices_all_devices_allowed = true\n",
        0,
    );
    let run = node.run(&["remove", "--owner", "a"]).exits(79);
    let why = "requires `privileged_without_host_devices`";
    assert!(run.stderr.contains(why), "{run:#?}");
    node.run(&["add", "kata", "--owner", "c"]).exits(0);
    node.run(&["remove", "--owner", "c"]).exits(0);
    let run = node.run(&["remove", "--owner", "b"]).exits(0);
    assert!(!run.stderr.contains("does not serve CRI"), "{run:#?}");
    assert_eq!(node.text(), base);
}

/// A file that an edit refers to may come later, or be out of sight: the edit says what `check` says.
#[test]
fn an_edit_and_check_agree_on_the_files_that_handlers_refer_to() {
    let node = Node::with("version = 3\n");
    let file = node.folder().join("spec.json");
    for (text, is_spec) in [
        (None, false),
        (Some("{\"process\": []}"), false),
        (Some("{\"ociVersion\": \"1.0\"}"), true),
    ] {
        if let Some(text) = text {
            fs::write(&file, text).expect("writes");
        }
        let setting = format!("base_runtime_spec={}", file.display());
        let run = node.run(&["add", "crun", "--set", &setting]).exits(0);
        let said = "this config does not serve CRI on containerd 2.0, 2.1, 2.2, 2.3 and 2.4, as far \
                    as the host's files can be seen here: invalid plugin config: failed to load base OCI spec \
                    from file: ";
        assert_eq!(run.stderr.contains(said), !is_spec, "{text:?}: {run:#?}");
        let next = format!("restart containerd before {}", node.hinted("check"));
        assert_eq!(run.stdout.contains(&next), !is_spec, "{text:?}: {run:#?}");
        node.run(&["check"]).exits(if is_spec { 0 } else { 78 });
        node.run(&["remove", "crun"]).exits(0);
    }
}

/// The line as it would be, whether it is new or not.
#[test]
fn a_refusal_names_the_line_that_is_to_blame() {
    let node = Node::with("version = 3\n\n[debug]\n  level = \"info\"\n");
    let off = "disabled_plugins=io.containerd.grpc.v1.cri";
    let run = node.run(&["set", off]).exits(78);
    let place = format!("error: {}:2:1: with this change", node.config().display());
    assert!(run.stderr.starts_with(&place), "{run:#?}");
    assert!(run.stderr.contains("2 | disabled_plugins = ["), "{run:#?}");
}

/// Only what goes may take a config back to what it was without the tool.
#[test]
fn what_somebody_has_mended_is_not_broken_again_by_what_is_added() {
    let config = "version = 3\ndisabled_plugins = ['io.containerd.grpc.v1.cri']\n";
    let node = Node::with(config);
    let cri = "disabled_plugins=io.containerd.grpc.v1.cri";
    node.run(&["unset", cri, "--owner", "a"]).exits(0);
    let mended = node.text();
    let set = [
        "set",
        "required_plugins=io.containerd.nope.v1.x",
        "--owner",
        "b",
    ];
    let run = node.run(&set).exits(78);
    let said = "with this change containerd 2.0, 2.1, 2.2 and 2.3 would not start any more: required \
                plugin [io.containerd.nope.v1.x] not included";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(node.text(), mended);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), config);
}
