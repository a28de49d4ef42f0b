//! How the command is called: usage errors, paths that lead nowhere, variables, exit codes, `--help`.

use crate::tool::{Node, Run, tool};

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

#[test]
fn what_is_not_understood_is_coloured_as_was_asked_for() {
    for (flag, variable, is_coloured) in [
        ("never", "CLICOLOR_FORCE", false),
        ("auto", "CLICOLOR_FORCE", true),
        ("auto", "NO_COLOR", false),
    ] {
        for place in [["--color", flag, "add"], ["add", "--color", flag]] {
            let run = Run::of(tool().args(place).env(variable, "1")).exits(2);
            assert_eq!(run.stderr.contains('\u{1b}'), is_coloured, "{run:#?}");
        }
    }
}
