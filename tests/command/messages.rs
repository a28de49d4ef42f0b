//! What a person or a script is told: usage errors, hints, exit codes.

use std::fs;

use crate::tool::{Node, Run, tool};

const CRUN: &str = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.crun]\n\
                    runtime_type = \"io.containerd.runc.v2\"\n";

#[test]
fn usage_errors_exit_with_2_and_open_nothing() {
    let node = Node::empty();
    for (arguments, said) in [
        (&["add", "mine"][..], "the presets are kata, gvisor, crun"),
        (&["add", "kata-quemu"], "did you mean kata-qemu?"),
        (
            &["add", "crun", "--preset", "gvizor"],
            "did you mean gvisor?",
        ),
        (
            &["add", "crun", "--set", "runtime_type="],
            "runtime_type is not set",
        ),
        (
            &["add", "crun", "--set", "Pod_Annotations=5"],
            "did you mean pod_annotations?",
        ),
        (&["add", "Kata"], "RFC 1123"),
        (
            &["add", "crun", "--set", "pod_annotations=5"],
            "an array of strings",
        ),
        (
            &["add", "crun", "--set", "options.SystemdCgroup=yes"],
            "a boolean",
        ),
        (&["add", "crun", "--set", "options=[1"], "not TOML"),
        (&["add", "crun", "--set", "nothing"], "KEY=VALUE"),
        (
            &[
                "add",
                "crun",
                "--set",
                "options.x=1",
                "--set",
                "options.x.y=1",
            ],
            "both as a value and as a table",
        ),
        (
            &["add", "crun", "--preset", "docker"],
            "the presets are kata",
        ),
        (&["add", "crun", "--owner", "two words"], "owner"),
        (&["add", "crun", "--lock-timeout", "soon"], "lock-timeout"),
        (
            &["add", "crun", "--dry-run", "--stdout"],
            "cannot be used with",
        ),
        (&["--dry-run", "add", "crun"], "'add --dry-run' exists"),
        (
            &["-o", "json", "add", "crun", "--stdout"],
            "cannot be used with",
        ),
        (&["-q", "add", "crun", "-v"], "cannot be used with"),
        (&["list", "--dry-run"], "unexpected argument '--dry-run'"),
        (&["undo", "--stdout"], "unexpected argument '--stdout'"),
        (&["remove"], "required"),
    ] {
        let run = node.run(arguments).exits(2);
        let (told, silent) = if arguments.contains(&"json") {
            (run.stdout, run.stderr)
        } else {
            (run.stderr, run.stdout)
        };
        assert!(told.contains(said), "{arguments:?}: {told}");
        assert_eq!(silent, "", "{arguments:?}");
        assert_eq!(node.names(), Vec::<String>::new(), "{arguments:?}");
    }
}

#[test]
fn an_empty_path_is_a_usage_error() {
    let run = Run::of(tool().args(["--config", "", "list"])).exits(2);
    assert!(run.stderr.contains("the path is empty"), "{run:#?}");
}

#[test]
fn missing_files_and_folders_are_told_apart() {
    let node = Node::empty();
    let missing = node.folder().join("nowhere/config.toml");
    for verb in [&["add", "crun"][..], &["remove", "crun"], &["list"]] {
        let run = Run::of(tool().arg("--config").arg(&missing).args(verb)).exits(66);
        assert!(run.stderr.contains("the folder"), "{run:#?}");
        assert!(run.stderr.contains("hint: "), "{run:#?}");
    }
    node.run(&["remove", "crun"]).exits(0);
    let run = node.run(&["list"]).exits(66);
    assert!(run.stderr.contains("no such file"), "{run:#?}");
    let path = node.folder().join("new/");
    let run = Run::of(tool().arg("--config").arg(path).args(["add", "crun"])).exits(66);
    assert!(run.stderr.contains("the folder"), "{run:#?}");
    let folder = Run::of(
        tool()
            .arg("--config")
            .arg(node.folder())
            .args(["add", "crun"]),
    )
    .exits(66);
    assert!(folder.stderr.contains("this is a folder"), "{folder:#?}");
    assert!(folder.stderr.contains("config.toml"), "{folder:#?}");
}

#[test]
fn the_exit_code_says_whether_something_changed() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "crun", "--exit-code", "--dry-run"])
        .exits(10);
    node.run(&["add", "crun", "--exit-code"]).exits(10);
    node.run(&["add", "crun", "--exit-code"]).exits(0);
    node.run(&["add", "crun", "--exit-code", "--stdout"])
        .exits(0);
    node.run(&["remove", "crun", "--exit-code"]).exits(10);
    assert_eq!(node.text(), "version = 2\n");
}

#[test]
fn environment_variables_stand_in_for_flags_and_empty_ones_for_nothing() {
    let node = Node::empty();
    let run = |variable: &str, value: &str, arguments: &[&str]| {
        Run::of(tool().env(variable, value).args(arguments))
    };
    let config = node.config();
    let config = config.to_str().expect("UTF-8");
    run("CONTAINERD_EDIT_CONFIG", config, &["add", "crun"]).exits(0);
    assert!(node.text().contains("owner=manual"));
    let shown = run("CONTAINERD_EDIT_CONFIG", "", &["list", "-o", "json"]);
    assert!(
        !shown.stdout.contains(config),
        "the default path is meant: {shown:#?}"
    );
    let node = Node::empty();
    let mut command = node.command(&["add", "crun"]);
    Run::of(command.env("CONTAINERD_EDIT_OWNER", "ops")).exits(0);
    assert!(node.text().contains("owner=ops"));
    let node = Node::empty();
    let mut command = node.command(&["add", "crun"]);
    Run::of(command.env("CONTAINERD_EDIT_OWNER", "")).exits(0);
    assert!(node.text().contains("owner=manual"));
}

#[test]
fn quiet_says_nothing_and_verbose_shows_the_diff() {
    let node = Node::with("version = 2\n");
    let run = node.run(&["add", "crun", "-q"]).exits(0);
    assert_eq!((run.stdout, run.stderr), (String::new(), String::new()));
    let run = node.run(&["remove", "crun", "-v"]).exits(0);
    assert!(run.stdout.contains("\n-[plugins."), "{run:#?}");
    let run = node
        .run(&["add", "crun", "--dry-run", "--color", "always"])
        .exits(0);
    assert!(run.stdout.contains("\u{1b}["), "{run:#?}");
    let run = node.run(&["add", "crun", "--dry-run"]).exits(0);
    assert!(!run.stdout.contains('\u{1b}'), "not to a pipe: {run:#?}");
}

#[test]
fn an_unknown_option_is_written_with_a_warning() {
    let node = Node::with("version = 3\n");
    let run = node
        .run(&["add", "crun", "--set", "options.SystemdCgroups=true"])
        .exits(0);
    let said = "unknown key options.SystemdCgroups in handler crun: written as given (did you mean \
                options.SystemdCgroup?)";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert!(node.text().contains("    SystemdCgroups = true\n"));
}

/// One rule for all ways in, and each names what is to be typed there.
#[test]
fn what_was_meant_is_named_as_it_is_typed_there() {
    let asks = |run: &Run, meant: &str| {
        let hint = run.stderr.split("hint: ").nth(1).unwrap_or_default();
        let asked = hint.strip_prefix("did you mean ").unwrap_or_default();
        let asked = asked.lines().next().unwrap_or_default();
        assert_eq!(asked.trim_end_matches('?'), meant, "{run:#?}");
    };
    for config in ["", "version = 2\n", "version = 3\n", "version = 4\n"] {
        let node = Node::with(config);
        let patch = node.folder().join("patch.toml");
        for (table, name, by_command, by_patch) in [
            (
                "handlers.crun",
                "runtme_type",
                "handlers.crun.runtime_type",
                "runtime_type",
            ),
            (
                "handlers.crun",
                "SystemdCgroup",
                "handlers.crun.options.SystemdCgroup",
                "options.SystemdCgroup",
            ),
            ("handlers.crun", "future_key", "", ""),
            ("debug", "levle", "debug.level", "level"),
            ("debg", "levle", "debug.level", "debug"),
            (
                "runtimes.crun",
                "snapshotter",
                "handlers.crun.snapshotter",
                "handlers",
            ),
            (
                "plugins.cri",
                "config_path",
                "plugins.cri.registry.config_path",
                "registry.config_path",
            ),
        ] {
            let key = format!("{table}.{name}");
            asks(&node.run(&["get", &key]).exits(1), by_command);
            asks(
                &node.run(&["set", &format!("{key}=x")]).exits(2),
                by_command,
            );
            std::fs::write(&patch, format!("[{table}]\n{name} = 'x'\n")).expect("written");
            let apply = ["apply", &patch.to_string_lossy()];
            asks(&node.run(&apply).exits(65), by_patch);
            if table == "handlers.crun" {
                let run = node.run(&["add", "crun", "--set", &format!("{name}=x")]);
                asks(&run.exits(2), by_patch);
            }
        }
        assert_eq!(node.text(), config);
    }
}

#[test]
fn a_plugin_that_is_not_known_is_written_and_the_one_that_was_meant_is_named() {
    for (key, meant) in [
        (
            "plugins.\"io.containerd.cri.v1.runtim\".x=1",
            "io.containerd.cri.v1.runtime",
        ),
        ("plugins.nri.disable=true", "io.containerd.nri.v1.nri"),
    ] {
        let run = Node::with("version = 3\n").run(&["set", key]).exits(0);
        let said = format!("written as given (did you mean {meant}?)");
        assert!(run.stderr.contains(&said), "{run:#?}");
    }
    let node = Node::with("version = 3\n");
    let run = node.run(&["set", "plugins.io.containerd.grpc.v1.cri.enable_cdi=true"]);
    assert!(run.exits(2).stderr.contains("hint: quote the plugin's ID"));
    assert_eq!(node.run(&["unset", "handlers"]).exits(2).stdout, "");
}

#[test]
fn a_users_partial_runc_is_left_alone_with_a_warning() {
    let table = "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n\
                 SystemdCgroup = true\n";
    let node = Node::with(format!("version = 2\n{table}"));
    let run = node.run(&["add", "crun"]).exits(0);
    assert!(
        run.stderr.contains("runc handler has no runtime_type"),
        "{run:#?}"
    );
    assert!(node.text().starts_with(&format!("version = 2\n{table}")));
    assert!(!node.text().contains("implied"));
    let run = node.run(&["add", "runc"]).exits(0);
    assert_eq!(run.stderr, "", "it is whole now");
}

#[test]
fn a_default_that_names_nothing_is_said() {
    let table = "[plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
                 default_runtime_name = 'kata'\n";
    let node = Node::with(format!("version = 3\n{table}"));
    let run = node.run(&["add", "crun"]).exits(78);
    let said = "does not serve CRI on containerd 2.0, 2.1, 2.2, 2.3 and 2.4, before as after";
    assert!(run.stderr.contains(said), "{run:#?}");
    let run = node.run(&["add", "kata"]).exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_newer_version_needs_the_name_of_the_table() {
    let config = "version = 9\n[plugins.'io.containerd.cri.v9']\nx = 1\n";
    let node = Node::with(config);
    node.run(&["add", "crun"]).exits(65);
    node.run(&["add", "crun", "--plugin-id", "io.containerd.cri.v9"])
        .exits(0);
    let wanted = "[plugins.'io.containerd.cri.v9'.containerd.runtimes.crun]";
    assert!(node.text().contains(wanted), "{}", node.text());
    node.run(&["remove", "crun", "--plugin-id", "io.containerd.cri.v9"])
        .exits(0);
    assert_eq!(node.text(), config);
    // An uninstaller does not have to know the name.
    node.run(&["add", "crun", "--plugin-id", "io.containerd.cri.v9"])
        .exits(0);
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(node.text(), config);
}

#[test]
fn two_tables_that_other_releases_read_are_not_chosen_from() {
    let other = CRUN
        .replace("version = 2\n", "")
        .replace("grpc.v1.cri", "cri.v1.runtime");
    let runc = CRUN.replace("version = 2\n", "").replace("crun]", "runc]");
    let config = format!("{CRUN}{runc}{other}");
    let node = Node::with(&config);
    for verb in [&["add", "kata"][..], &["remove", "crun", "--adopt"]] {
        let run = node.run(verb).exits(78);
        let said = "--plugin-id io.containerd.grpc.v1.cri or --plugin-id \
                    io.containerd.cri.v1.runtime";
        assert!(run.stderr.contains(said), "{run:#?}");
        assert!(run.stderr.contains("config.toml:6:1: "), "{run:#?}");
    }
    for id in ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"] {
        node.run(&["add", "kata", "--plugin-id", id]).exits(0);
        let header = format!("[plugins.\"{id}\".containerd.runtimes.kata]");
        assert!(node.text().contains(&header), "{}", node.text());
        node.run(&["remove", "--owner", "manual"]).exits(0);
        assert_eq!(node.text(), config);
    }
    node.run(&["add", "kata", "--plugin-id", "io.containerd.cri.v1.runtime"])
        .exits(0);
    let other = ["add", "spin", "--plugin-id", "io.containerd.grpc.v1.cri"];
    let run = node.run(&other).exits(78);
    let said = "use --plugin-id io.containerd.cri.v1.runtime";
    assert!(run.stderr.contains(said), "{run:#?}");
    node.run(&["remove", "kata"]).exits(0);
    for id in ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"] {
        node.run(&["remove", "crun", "--adopt", "--plugin-id", id])
            .exits(0);
    }
    assert!(
        !node.text().contains("runtimes.crun"),
        "from both: {}",
        node.text()
    );
}

#[test]
fn help_and_version_are_no_errors() {
    let run = Run::of(tool().arg("--help")).exits(0);
    assert!(run.stdout.contains("Usage: containerd-edit"));
    let run = Run::of(tool().arg("--version")).exits(0);
    assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
    for words in [&["--version", "--verbose"][..], &["-vV"], &["-V", "-v"]] {
        let run = Run::of(tool().args(words)).exits(0);
        let (first, more) = run.stdout.split_once('\n').expect("lines");
        assert!(first.starts_with("containerd-edit "), "{run:?}");
        assert!(more.starts_with("features: cli"), "{run:?}");
        assert!(
            more.contains("\ncontainerd releases: 1.6, 1.7, "),
            "{run:?}"
        );
    }
}

/// Somebody else's tool writes a second table of handlers into a file in which the tool has written
/// to the first.
#[test]
fn a_second_table_of_handlers_does_not_hide_what_is_to_be_removed() {
    for (own, other) in [
        ("cri.v1.runtime", "grpc.v1.cri"),
        ("grpc.v1.cri", "cri.v1.runtime"),
    ] {
        let listed = CRUN.replace("grpc.v1.cri", own);
        let node = Node::with(&listed);
        node.run(&["add", "kata"]).exits(0);
        let second = CRUN
            .replace("version = 2\n", "")
            .replace("grpc.v1.cri", other);
        std::fs::write(node.config(), format!("{}{second}", node.text())).expect("writes");
        node.run(&["remove", "--owner", "manual"]).exits(0);
        assert_eq!(node.text(), format!("{listed}{second}"));
    }
}

/// Each broken ledger has a next step that works.
#[test]
fn the_hint_of_a_ledger_that_cannot_be_read_works() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "crun"]).exits(0);
    let before = node.folder().join("config.toml.owners.before");
    let good = fs::read_to_string(node.ledger()).expect("a ledger");
    let hint = |exit: i32| {
        let run = node.run(&["add", "kata"]).exits(exit);
        let hint = run.stderr.split("hint: ").nth(1);
        hint.unwrap_or_default().to_owned()
    };
    fs::write(&before, &good[..good.len() / 2]).expect("writes");
    let moved = hint(65);
    assert!(
        moved.starts_with("move it away: then the ledger"),
        "{moved}"
    );
    fs::remove_file(&before).expect("removes");
    assert_eq!(hint(0), "");
    let good = fs::read_to_string(node.ledger()).expect("a ledger");
    let later = good.replace("\"format\": 1", "\"format\": 2");
    for path in [&before, &node.ledger()] {
        fs::write(path, &later).expect("writes");
        let release = hint(65);
        assert!(release.starts_with("use the release"), "{release}");
        fs::write(path, &good[..good.len() / 2]).expect("writes");
        if *path == before {
            fs::remove_file(path).expect("removes");
        }
    }
    let previous = hint(65);
    assert!(previous.starts_with("put the ledger before"), "{previous}");
    fs::copy(node.folder().join("config.toml.owners.prev"), node.ledger()).expect("copies");
    assert_eq!(hint(0), "");
}

/// A command in a hint is about the config that the run was about.
#[test]
fn a_command_in_a_hint_names_the_same_config() {
    let node = Node::with(CRUN);
    node.run(&["add", "kata", "--owner", "o/1"]).exits(0);
    let config = node.config().display().to_string();
    let run = node.run(&["remove", "kata", "--owner", "b"]).exits(78);
    let command = format!("`containerd-edit --config {config} remove kata --owner o/1`\n");
    assert!(run.stderr.ends_with(&command), "{run:?}");
    let run = node.run(&["remove", "kata", "-o", "json"]).exits(78);
    let command = command.trim_end();
    assert!(run.stdout.contains(command), "{run:?}");
    // It can be pasted into a shell.
    let folder = node.folder().join("it's b");
    fs::create_dir(&folder).expect("creates");
    fs::copy(node.config(), folder.join("c.toml")).expect("copies");
    let on_host = |arguments: &[&str]| {
        let mut command = tool();
        command.arg("--host-root").arg(node.folder());
        command.args(["--config", "/it's b/c.toml"]).args(arguments);
        Run::of(&mut command)
    };
    on_host(&["add", "spin", "--owner", "a"]).exits(0);
    let run = on_host(&["remove", "spin", "--owner", "b"]).exits(78);
    let root = node.folder().display();
    let quoted = r"'/it'\''s b/c.toml'";
    let said =
        format!("`containerd-edit --host-root {root} --config {quoted} remove spin --owner a`\n");
    assert!(run.stderr.ends_with(&said), "{run:?}");
}
