//! Do no harm: edits that some containerd release would suffer from are refused, or said.

use std::fs;

use crate::tool::{Node, Run, tool};

const OLD: &str = "plugins.\"io.containerd.grpc.v1.cri\"";
const RUNC: &str = "runtime_type = \"io.containerd.runc.v2\"\n";

/// Runs an edit that must be refused, and returns what was said.
fn refused(node: &Node, arguments: &[&str]) -> String {
    let before = node.bytes();
    let run = node.run(arguments).exits(78);
    assert_eq!(node.bytes(), before, "the file is untouched");
    run.stderr
}

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

/// Another table comes into force, and containerd's own `runc` takes the name of the one that had the
/// node's cgroup driver.
#[test]
fn a_listed_handler_does_not_give_way_to_the_built_in_one() {
    let runc = format!("{RUNC}options.SystemdCgroup = true\n");
    let config = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{runc}");
    let node = Node::with(&config);
    let plugin_id = ["--plugin-id", "io.containerd.cri.v1.runtime"];
    let add = ["add", "gvisor", "--containerd-version", "2.1"];
    let stderr = refused(&node, &[&add[..], &plugin_id[..]].concat());
    let said = "2.1 would run runc with its built-in settings, and not with those of this config";
    assert!(stderr.contains(said), "{stderr}");
    // What comes and goes with the tool's own handlers may.
    node.run(&["add", "gvisor"]).exits(0);
    node.run(&["remove", "gvisor"]).exits(0);
    let node = Node::with("version = 2\n");
    node.run(&["add", "gvisor"]).exits(0);
    node.run(&["remove", "gvisor"]).exits(0);
}

#[test]
fn the_judgement_can_be_narrowed_to_one_release() {
    let config = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    let node = Node::with(&config);
    let add = [
        "add",
        "crun",
        "--set",
        "io_type=pipe",
        "--containerd-version",
    ];
    let with = |version| [&add[..], &[version]].concat();
    refused(&node, &with("2.1"));
    node.run(&with("1.7.24")).exits(0);
    node.run(&with("1.5")).exits(2);
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

/// containerd 2.0 to 2.2 read no handler of a file of version 1. What 1.x takes from another file goes
/// there.
#[test]
fn a_handler_that_no_release_would_load_is_refused() {
    // containerd 2.0 to 2.2 look elsewhere for handlers in a file of version 1.
    let config = "version = 1\n[plugins.cri.containerd.runtimes.runc]\n";
    let node = Node::with(format!("{config}{RUNC}"));
    let stderr = refused(&node, &["add", "kata", "--containerd-version", "2.1"]);
    assert!(stderr.contains("would load kata"), "{stderr}");
}

#[test]
fn a_handler_goes_where_the_section_is_that_containerd_takes() {
    let config =
        format!("version = 2\nimports = ['more.toml']\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    let node = Node::with(config);
    let theirs = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    let path = node.folder().join("more.toml");
    fs::write(&path, &theirs).expect("writes");
    // containerd 1.x takes the section from the file that it reads last, so it goes there.
    let before = node.text();
    let arguments = ["add", "kata", "--containerd-version", "1.7"];
    node.run(&arguments).exits(0);
    assert!(fs::read_to_string(&path).expect("there").contains("kata]"));
    node.run(&["remove", "kata"]).exits(0);
    assert_eq!(
        (node.text(), fs::read_to_string(&path).expect("there")),
        (before, theirs)
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
        run.stderr
            .contains("as before the tool's own handlers came"),
        "{run:#?}"
    );
}

/// 2.x takes the drop-in's default: one in the main file would have no say. It is changed where it
/// stands, once that is asked for.
#[test]
fn a_default_that_a_drop_in_overrules_is_said() {
    const NEW: &str = "plugins.\"io.containerd.cri.v1.runtime\"";
    let node = Node::with(format!(
        "version = 3\nimports = ['drop-in.toml']\n[{NEW}.containerd.runtimes.runc]\n{RUNC}"
    ));
    let drop_in = node.folder().join("drop-in.toml");
    let text = format!("version = 3\n[{NEW}.containerd]\ndefault_runtime_name = 'runc'\n");
    fs::write(&drop_in, &text).expect("writes");
    let stderr = refused(&node, &["add", "crun", "--default"]);
    let place = format!("{}:3:1: ", drop_in.display());
    assert!(stderr.contains(&place), "{stderr}");
    assert!(stderr.contains("--take-over"), "a next step: {stderr}");
    let run = node.run(&["add", "kata"]).exits(0);
    assert!(!run.stderr.contains("default_runtime_name"), "{run:#?}");
    let run = node
        .run(&["add", "crun", "--default", "--take-over"])
        .exits(0);
    let said = "the default handler is now crun";
    assert!(run.stdout.contains(said), "{run:#?}");
    node.run(&["remove", "crun"]).exits(0);
    let left = fs::read_to_string(&drop_in).expect("the user's file stays");
    assert_eq!(left, text);
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

#[test]
fn a_default_that_made_up_for_a_missing_runc_can_go_again() {
    for config in [
        format!("version = 2\n[{OLD}.containerd.runtimes.kata]\nruntime_type = \"k.v2\"\n"),
        format!("version = 2\n[{OLD}.containerd.runtimes]\n"),
    ] {
        let node = Node::with(&config);
        node.run(&["add", "aa", "--preset", "crun", "--default"])
            .exits(0);
        let run = node.run(&["remove", "aa"]).exits(0);
        assert_eq!(node.bytes().as_deref(), Some(config.as_bytes()));
        assert!(run.stderr.contains("does not serve CRI"), "{run:#?}");
        assert!(
            run.stdout.contains("; do not restart containerd before"),
            "{run:#?}"
        );
        assert!(!run.stdout.contains("to load"), "{run:#?}");
    }
}

#[test]
fn a_runc_that_is_only_implied_can_go_beside_an_old_default_runtime() {
    let config = format!(
        "version = 2\n[{OLD}.containerd.runtimes.a]\nruntime_type = \"x.v2\"\n\
         [{OLD}.containerd.default_runtime]\n{RUNC}"
    );
    let node = Node::with(&config);
    node.run(&["add", "kata"]).exits(0);
    node.run(&["add", "crun", "--default"]).exits(0);
    node.run(&["remove", "kata"]).exits(0);
    node.run(&["remove", "crun"]).exits(0);
    assert_eq!(node.bytes().as_deref(), Some(config.as_bytes()));
}

/// The built-in map was in force before the tool came: whoever is listed by then needs `runc`, which is
/// the file's own once nothing else of the tool is in it.
#[test]
fn a_handler_that_came_later_keeps_the_implied_runc() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "crun"]).exits(0);
    let own = format!("version = 2\n[{OLD}.containerd.runtimes.mine]\n{RUNC}");
    let config = node.text().replacen("version = 2\n", &own, 1);
    fs::write(node.config(), config).expect("writes");
    let run = node.run(&["remove", "crun"]).exits(0);
    assert_eq!(run.stderr, "");
    assert!(node.text().contains("runtimes.runc]"), "{}", node.text());
    assert!(!node.text().contains("containerd-edit"), "{}", node.text());
    let run = node.run(&["check", "--containerd-version", "1.7"]).exits(0);
    assert!(run.stdout.contains("serves"), "{run:#?}");
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

/// A wrong release is named: what it does not read can't do it harm, nor be of use to it.
#[test]
fn nothing_is_added_for_a_release_that_does_not_read_the_file() {
    let new = "version = 4\n";
    for (config, release, said) in [
        (
            "version = 3\n",
            "1.7",
            "containerd 1.7 does not read config version 3",
        ),
        (new, "2.1", "containerd 2.1 does not read config version 4"),
    ] {
        let node = Node::with(config);
        for verb in [
            &["set-default", "runc"][..],
            &["add", "spin"],
            &["add", "spin", "--drop-in"],
            &["add", "spin", "--dry-run"],
        ] {
            let stderr = refused(&node, &[verb, &["--containerd-version", release]].concat());
            let place = format!("{}:1:11: {said}\n", node.config().display());
            assert!(stderr.contains(&place), "{stderr}");
            assert!(
                stderr.contains("with --containerd-version, or leave it away"),
                "{stderr}"
            );
        }
        assert!(!node.folder().join("conf.d").exists());
    }
    let node = Node::with(new);
    let run = node
        .run(&["add", "spin", "--containerd-version", "2.1", "-o", "json"])
        .exits(78);
    assert!(
        run.stdout.contains("\"code\":\"version-not-read\""),
        "{run:#?}"
    );
    node.run(&["add", "spin", "--containerd-version", "2.3"])
        .exits(0);
    let node = Node::empty();
    node.run(&["add", "spin", "--containerd-version", "1.7"])
        .exits(0);
}

/// An uninstaller that names the release that was there once still comes to its end.
#[test]
fn what_goes_is_judged_for_the_releases_that_read_the_file() {
    let config = "version = 3\n";
    let node = Node::with(config);
    node.run(&["add", "spin"]).exits(0);
    let named = ["--containerd-version", "1.7"];
    let run = node
        .run(&[&["remove", "spin"], &named[..]].concat())
        .exits(0);
    let said =
        "containerd 1.7 does not read config version 3; judged for 2.0, 2.1, 2.2, 2.3 and 2.4";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(node.text(), config);
    node.run(&["add", "spin"]).exits(0);
    let run = node.run(&[&["undo"], &named[..]].concat()).exits(0);
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(node.text(), config);
}

#[test]
fn a_default_that_no_release_loads_is_refused() {
    let kata = "[plugins.cri.containerd.runtimes.kata]\nruntime_type = \"io.containerd.kata.v2\"\n";
    let config = format!("{}{kata}", kata.replace("kata", "runc"));
    let node = Node::with(&config);
    let named = ["--containerd-version", "2.1"];
    let stderr = refused(&node, &[&["set-default", "kata"], &named[..]].concat());
    assert!(stderr.contains("would load kata"), "{stderr}");
    let stderr = refused(&node, &[&["set-default", "nope"], &named[..]].concat());
    assert!(stderr.contains("nope is not listed"), "{stderr}");
    let run = node.run(&["set-default", "kata"]).exits(0);
    let said = "containerd 2.0, 2.1 and 2.2 will not load kata";
    assert!(run.stderr.contains(said), "{run:#?}");
}

/// An owner's handler needs `runc` beside it on containerd 1.x, also once a `runc` that was removed by
/// hand can't come back with the default.
#[test]
fn runc_is_listed_again_when_the_default_falls_back_to_it() {
    const DEBIAN: &str = "version = 2\n\n[plugins]\n  [plugins.\"io.containerd.grpc.v1.cri\"]\n    \
        [plugins.\"io.containerd.grpc.v1.cri\".cni]\n      bin_dir = \"/usr/lib/cni\"\n";
    let node = Node::with(DEBIAN);
    node.run(&["add", "kata", "--default"]).exits(0);
    node.run(&["add", "gvisor", "--owner", "other"]).exits(0);
    node.run(&["remove", "runc"]).exits(0);
    node.run(&["remove", "kata"]).exits(0);
    let run = node.run(&["check", "--containerd-version", "1.7"]).exits(0);
    assert!(run.stdout.contains("serves"), "{run:#?}");
    node.run(&["remove", "--owner", "other"]).exits(0);
    assert_eq!(node.text(), DEBIAN, "the original bytes");
}

/// Without the tool every release serves CRI here. What one owner's key needs of another's must not
/// leave less than that.
#[test]
fn a_removal_that_leaves_less_than_without_the_tool_is_refused() {
    let node = Node::with(format!(
        "version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}"
    ));
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
    let stderr = refused(&node, &["remove", "--owner", "a"]);
    assert!(
        stderr.contains("requires `privileged_without_host_devices`"),
        "{stderr}"
    );
    node.run(&["remove", "--owner", "b"]).exits(0);
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(!run.stderr.contains("does not serve CRI"), "{run:#?}");
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

/// After an upgrade a handler may stand in a table that the new release does not read. The command that
/// the refusal names moves it.
#[test]
fn an_unchanged_handler_that_is_not_loaded_is_named_with_what_moves_it() {
    let new = "plugins.\"io.containerd.cri.v1.runtime\"";
    let own = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    for config in [
        format!("{own}[{new}.containerd.runtimes.x]\n{RUNC}"),
        format!("{own}[{new}.containerd.runtimes]\nx.runtime_type = 'io.containerd.runc.v2'\n"),
    ] {
        let node = Node::with(&config);
        let named = ["--containerd-version", "1.7"];
        let add = ["add", "gvisor", "--owner", "a"];
        node.run(&[&add[..], &named[..]].concat()).exits(0);
        node.run(&[&["add", "spin", "--owner", "b"], &named[..]].concat())
            .exits(0);
        let run = node.run(&[&add[..], &named[..]].concat()).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:#?}");
        let named = ["--containerd-version", "2.1"];
        let stderr = refused(&node, &[&add[..], &named[..]].concat());
        assert!(stderr.contains("would load gvisor"), "{stderr}");
        let hint = format!(
            "hint: {}, then {}, then run this command again with --plugin-id \
             io.containerd.cri.v1.runtime",
            node.hinted("remove gvisor --owner a"),
            node.hinted("remove spin --owner b")
        );
        assert!(stderr.contains(&hint), "{stderr}");
        node.run(&["remove", "gvisor", "--owner", "a"]).exits(0);
        node.run(&["remove", "spin", "--owner", "b"]).exits(0);
        assert_eq!(node.text(), config);
        let plugin_id = ["--plugin-id", "io.containerd.cri.v1.runtime"];
        let run = node
            .run(&[&add[..], &named[..], &plugin_id[..]].concat())
            .exits(0);
        assert!(!run.stderr.contains("not load"), "{run:#?}");
        let check = node.run(&["check", "--containerd-version", "2.1"]).exits(0);
        assert!(check.stdout.contains("gvisor"), "{check:#?}");
    }
}

/// Up to 2.2 a newer drop-in has containerd look for handlers where its own version has them, in the
/// main file too.
#[test]
fn a_handler_beside_a_newer_drop_in_goes_into_a_drop_in_of_its_version() {
    let main = format!(
        "version = 2\nimports = ['conf.d/*.toml']\n[{OLD}.containerd.runtimes.runc]\n{RUNC}"
    );
    let named = ["--containerd-version", "2.1"];
    for owner in ["a", "z"] {
        let node = Node::with(&main);
        fs::create_dir(node.folder().join("conf.d")).expect("creates");
        let newer = node.folder().join("conf.d/60-m.toml");
        fs::write(newer, "version = 3\n[debug]\nlevel = 'info'\n").expect("writes");
        let add = ["add", "gvisor", "--owner", owner];
        let stderr = refused(&node, &[&add[..], &named[..]].concat());
        let hint = "hint: run this command again with --drop-in";
        assert!(stderr.contains(hint), "{stderr}");
        let run = node.run(&add).exits(0);
        let said = "2.0, 2.1 and 2.2 will not load gvisor";
        assert!(run.stderr.contains(said), "{run:#?}");
        assert!(run.stderr.contains("again with --drop-in"), "{run:#?}");
        let run = node.run(&[&add[..], &["--drop-in"]].concat()).exits(0);
        assert!(!run.stderr.contains("not load"), "{run:#?}");
        assert_eq!(node.text(), main);
        let drop_in = node.folder().join(format!("conf.d/50-{owner}.toml"));
        let text = fs::read_to_string(drop_in).expect("reads");
        assert!(text.starts_with("version = 3\n"), "{text}");
        for release in ["2.1", "2.3"] {
            let check = node.run(&["check", "--containerd-version", release]);
            assert!(check.stdout.contains("gvisor"), "{check:#?}");
        }
        node.run(&["remove", "--owner", owner]).exits(0);
        assert_eq!(node.text(), main);
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
