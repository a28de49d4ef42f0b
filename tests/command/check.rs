//! `check`: what each containerd release makes of a config.

use std::fs;

use serde_json::json;

use crate::tool::Node;

const OLD: &str = "plugins.\"io.containerd.grpc.v1.cri\"";
const RUNC: &str = "runtime_type = \"io.containerd.runc.v2\"\n";

#[test]
fn a_good_config_serves_on_every_release_that_reads_it() {
    let node = Node::with("version = 3\n");
    let run = node.run(&["check"]).exits(0);
    let table = "config version 3\n\
                 1.6–1.7  -       can't read config version 3\n\
                 2.0–2.4  serves  runc (default runc)\n";
    assert!(run.stdout.ends_with(table), "{run:#?}");
    node.run(&["check", "--containerd-version", "2.0.1"])
        .exits(0);
    node.run(&["check", "--containerd-version", "1.7"])
        .exits(78);
}

#[test]
fn what_keeps_cri_off_is_named_with_its_place() {
    let node = Node::with(format!(
        "version = 2\n[{OLD}.containerd.runtimes.foo]\n{RUNC}"
    ));
    let run = node.run(&["check"]).exits(78);
    let place = format!("{}:2:", node.config().display());
    let line = run
        .stdout
        .lines()
        .find(|line| line.starts_with("1.6–1.7  "))
        .expect("one row for 1.6 and 1.7");
    assert!(line.contains("no-cri") && line.contains(&place), "{run:#?}");
    node.run(&["check", "--containerd-version", "2.1"]).exits(0);
    let run = Node::with("version = 2\n\"3s\"\n")
        .run(&["check"])
        .exits(65);
    assert!(run.stderr.contains(":2:5: not valid TOML"), "{run:#?}");
    Node::empty().run(&["check"]).exits(66);
    Node::with("version = 'two'\n").run(&["check"]).exits(65);
}

#[test]
fn the_report_for_programs_has_a_row_for_each_release() {
    let node = Node::with(format!(
        "version = 2\nroot = 5\n[{OLD}.containerd.runtimes.runc]\n{RUNC}"
    ));
    let arguments = ["check", "-o", "json", "--containerd-version", "1.6.20"];
    let run = node.run(&arguments).exits(78);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let path = node.config().display().to_string();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["config_version"], 2);
    assert_eq!(
        report["releases"],
        json!([{
            "containerd": "1.6.20",
            "reads": true,
            "verdict": "exits",
            "handlers": [],
            "default": null,
            "reason": format!("root is an integer where containerd decodes a string ({path}:2:1)"),
        }])
    );
    let node = Node::with(format!(
        "version = 4\n{}",
        RUNC.replace("runtime_type", "unknown")
    ));
    let run = node.run(&["check", "-o", "json"]).exits(0);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["releases"][0]["reads"], false);
    assert_eq!(report["releases"][0]["verdict"], serde_json::Value::Null);
    assert_eq!(report["releases"][5]["verdict"], "serves");
    assert_eq!(report["releases"][5]["handlers"], json!(["runc"]));
}

#[test]
fn what_a_pod_would_stumble_over_is_a_warning() {
    let node = Node::with(format!(
        "version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}\
         [{OLD}.containerd.runtimes.untyped]\nzzz = 1\n\
         [{OLD}.containerd.runtimes.odd]\nruntime_type = 'garbage'\nPod_Annotations = []\n\
         [{OLD}.containerd.runtimes.gone]\nruntime_type = '/nowhere/shim'\n\
         [{OLD}.containerd.runtimes.gone.options]\nBinaryName = '/nowhere/runc'\nIoUid = 'x'\n\
         [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.elsewhere]\n{RUNC}"
    ));
    let run = node.run(&["check"]);
    for said in [
        "untyped has no runtime_type",
        "unknown key zzz in handler untyped: no containerd release reads it",
        "runtime_type \"garbage\" of odd names no shim",
        "Pod_Annotations of odd is spelled pod_annotations",
        "the shim /nowhere/shim of gone is not on this host",
        "/nowhere/runc of gone is not on this host",
        "options.IoUid of gone wants an integer",
        "containerd 1.6 and 1.7 do not load elsewhere",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    let run = node.run(&["check", "-q"]);
    assert_eq!((run.stderr.as_str(), run.stdout.as_str()), ("", ""));
}

/// A config that does not serve, and the command that `check` advises for it.
const BROKEN: [(&str, &str); 7] = [
    (
        "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
         default_runtime_name = 'nvidia'\n",
        "set-default runc",
    ),
    (
        "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.foo]\n\
         runtime_type = 'io.containerd.runc.v2'\n",
        "set-default runc",
    ),
    (
        "version = 2\ndisabled_plugins = ['cri']\n",
        "unset disabled_plugins=cri",
    ),
    (
        "version = 2\nrequired_plugins = ['io.containerd.x.v1.y']\n",
        "unset required_plugins=io.containerd.x.v1.y",
    ),
    (
        "version = 2\nimports = ['/nowhere/gone.toml']\n",
        "unset imports=/nowhere/gone.toml",
    ),
    ("version = 2\n[debug]\nlevel = 5\n", "unset debug.level"),
    (
        "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n\
         runtime_type = 'io.containerd.runc.v2'\nbase_runtime_spec = '/nowhere/spec.json'\n",
        "unset handlers.runc.base_runtime_spec",
    ),
];

#[test]
fn the_hint_of_a_config_that_does_not_serve_is_a_command_that_works_there() {
    for (config, command) in BROKEN {
        let node = Node::with(config);
        let run = node.run(&["check"]).exits(78);
        let hint = format!("\nhint: run {}\n", node.hinted(command));
        assert!(run.stdout.ends_with(&hint), "{command}: {run:#?}");
        let json = node.run(&["check", "-o", "json"]).exits(78);
        let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
        let hint = json["hint"].as_str().expect("a hint");
        assert!(hint.contains(command), "{hint}");
        assert_eq!(node.names(), ["config.toml"], "looking changes nothing");
        let words: Vec<&str> = command.split(' ').collect();
        node.run(&words).exits(0);
        let run = node.run(&["check"]).exits(0);
        assert!(!run.stdout.contains("hint"), "{run:#?}");
    }
}

/// Who has set the key has to take it away: the command says so.
#[test]
fn the_hint_names_the_owner_of_the_key_that_is_to_go() {
    let node = Node::with("version = 3\n");
    let key = "handlers.runc.base_runtime_spec";
    let set = format!("{key}=/nowhere/spec.json");
    node.run(&["add", "runc", "--owner", "ops"]).exits(0);
    node.run(&["set", &set, "--owner", "ops"]).exits(0);
    let run = node.run(&["check"]).exits(78);
    let command = format!("unset {key} --owner ops");
    assert!(run.stdout.contains(&node.hinted(&command)), "{run:#?}");
    node.run(&["unset", key, "--owner", "ops"]).exits(0);
    node.run(&["check"]).exits(0);
}

#[test]
fn where_no_command_helps_the_place_is_to_be_fixed() {
    let node = Node::with("version = 2\nroot = 5\n");
    let run = node.run(&["check"]).exits(78);
    let rows = format!(
        "1.6–2.4  exits  root is an integer where containerd decodes a string ({}:2:1)\n\
         hint: fix the place that is named, then run {} again\n",
        node.config().display(),
        node.hinted("check")
    );
    assert!(run.stdout.ends_with(&rows), "{run:#?}");
    // The tool keeps what it has written.
    let node = Node::with("version = 2\n");
    node.run(&["add", "crun"]).exits(0);
    fs::write(node.config(), format!("root = 5\n{}", node.text())).expect("writes");
    let run = node.run(&["check"]).exits(78);
    let hint = format!("serves: {}\n", node.hinted("restore"));
    assert!(run.stdout.ends_with(&hint), "{run:#?}");
    node.run(&["restore"]).exits(0);
    node.run(&["check"]).exits(0);
}

/// Who has named a release is not told to name one.
#[test]
fn where_a_release_does_not_read_the_version_the_hint_says_which_do() {
    let node = Node::with("version = 3\n");
    let run = node
        .run(&["check", "--containerd-version", "1.6,1.7"])
        .exits(78);
    let hint = "\nhint: config version 3 takes containerd 2.0 or newer: upgrade containerd, or write \
                the config in an older version\n";
    assert!(run.stdout.ends_with(hint), "{run:#?}");
    for named in [&[][..], &["--containerd-version", "2.4"]] {
        let node = Node::with("version = 7\n");
        let run = node.run(&[&["check"], named].concat()).exits(78);
        assert!(run.stdout.contains("\nhint: fix `version`: "), "{run:#?}");
    }
    // One that reads it can be helped.
    let node = Node::with(BROKEN[0].0);
    let run = node
        .run(&["check", "--containerd-version", "1.7,2.1"])
        .exits(78);
    let hint = format!("\nhint: run {}\n", node.hinted(BROKEN[0].1));
    assert!(run.stdout.ends_with(&hint), "{run:#?}");
}

/// The line that has the config not serve is another program's, in a file of its own.
#[test]
fn a_file_that_is_not_the_tools_is_repaired_by_taking_over() {
    let table = "[plugins.'io.containerd.cri.v1.runtime'.containerd]\n";
    for (foreign, command) in [
        (
            format!("{table}default_runtime_name = 'kata'\n"),
            "set-default runc --take-over",
        ),
        (
            "disabled_plugins = ['io.containerd.cri.v1.runtime']\n".to_owned(),
            "unset disabled_plugins=io.containerd.cri.v1.runtime --take-over",
        ),
        (
            "[debug]\nlevel = 5\n".to_owned(),
            "unset debug.level --take-over",
        ),
    ] {
        let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
        let drop_in = node.folder().join("conf.d/99-foreign.toml");
        fs::create_dir(node.folder().join("conf.d")).expect("creates");
        fs::write(&drop_in, format!("version = 3\n{foreign}")).expect("writes");
        let hint = node.hinted(command);
        let run = node.run(&["check"]).exits(78);
        assert!(
            run.stdout.ends_with(&format!("hint: run {hint}\n")),
            "{run:#?}"
        );
        let run = node.run(&["add", "crun"]).exits(78);
        let check = node.hinted("check");
        assert!(
            [&hint, &check].iter().any(|it| run.stderr.contains(*it)),
            "{run:#?}"
        );
        let words: Vec<&str> = command.split(' ').collect();
        node.run(&words).exits(0);
        node.run(&["check"]).exits(0);
    }
}

#[test]
fn quiet_leaves_the_exit_code() {
    for (config, exit) in [("version = 3\n", 0), (BROKEN[0].0, 78)] {
        let run = Node::with(config).run(&["-q", "check"]).exits(exit);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    }
}

#[test]
fn every_verb_takes_a_list_of_releases_and_no_typo() {
    let patch = "[handlers.crun]\npreset = 'crun'\n";
    for verb in [
        "add crun",
        "apply patch.toml",
        "remove crun",
        "set debug.level=debug",
        "unset debug.level",
        "set-default runc",
        "undo",
        "list",
        "show runc",
        "get debug.level",
        "check",
    ] {
        let node = Node::with("version = 2\n[debug]\nlevel = 'info'\n");
        let file = node.folder().join("patch.toml");
        fs::write(&file, patch).expect("writes");
        let runc = ["add", "runc", "--owner", "before"];
        node.run(&runc).exits(0);
        let named = file.display().to_string();
        let verb = verb.replace("patch.toml", &named);
        let with = |releases: &str| {
            let mut arguments: Vec<&str> = verb.split(' ').collect();
            arguments.extend(["--containerd-version", releases]);
            node.run(&arguments)
        };
        let run = with("1.7foo").exits(2);
        let said = "\"1.7foo\" is not a containerd version, as in 1.7 or 1.7.24";
        assert!(run.stderr.contains(said), "{verb}: {run:#?}");
        with("1.7,2.1").exits(0);
    }
    let node = Node::with("version = 3\n");
    let run = node
        .run(&["check", "--containerd-version", "2.1,2.2,1.7"])
        .exits(78);
    let rows = "\n2.1–2.2  serves  runc (default runc)\n1.7      exits   unsupported";
    assert!(run.stdout.contains(rows), "{run:#?}");
}

/// One rule for `check` and for the verbs that set the key.
#[test]
fn a_program_that_is_not_there_is_told_by_whoever_names_it() {
    let patch = "[handlers.a]\nruntime_type = 'io.containerd.nowhere.v2'\n";
    let node = Node::with("version = 3\n");
    let file = node.folder().join("patch.toml");
    fs::write(&file, patch).expect("writes");
    let named = file.display().to_string();
    for (arguments, said) in [
        (
            &["add", "a", "--set", "runtime_type=garbage"][..],
            "runtime_type \"garbage\" of a names no shim: it wants io.containerd.NAME.v2 or an \
             absolute path",
        ),
        (
            &["apply", &named],
            "the shim containerd-shim-nowhere-v2 of a is not on this host",
        ),
        (
            &["set", "handlers.a.runtime_type=/nowhere/shim"],
            "the shim /nowhere/shim of a is not on this host",
        ),
        (
            &["set", "handlers.a.options.BinaryName=/nowhere/runc"],
            "/nowhere/runc of a is not on this host",
        ),
    ] {
        for arguments in [arguments, &["check"]] {
            let run = node.run(arguments).exits(0);
            let all = run.missing.concat() + &run.stderr;
            assert!(all.contains(said), "{arguments:?}: {run:#?}");
        }
        let run = node.run(arguments).exits(0);
        let all = run.missing.concat() + &run.stderr;
        assert!(
            !all.contains("warning"),
            "nothing to do, nothing to say: {run:#?}"
        );
    }
}

#[test]
fn imported_files_are_judged_and_blamed() {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    let drop_in = node.folder().join("conf.d/a.toml");
    fs::write(&drop_in, "version = 3\nroot = 5\n").expect("writes");
    let run = node.run(&["check"]).exits(78);
    assert!(run.stdout.contains("conf.d/a.toml:2:1"), "{run:#?}");
}

/// The warnings of `check`, of which none is about what is missing on this host.
fn warnings(node: &Node) -> Vec<String> {
    let run = node.run(&["check"]);
    let lines = run.stderr.lines().map(str::to_owned);
    lines.filter(|line| !line.contains("not on this")).collect()
}

#[test]
fn handlers_of_imported_files_have_warnings_with_their_places() {
    let node = Node::with(format!(
        "version = 2\nimports = ['x.toml']\n[{OLD}.containerd.runtimes.runc]\n{RUNC}"
    ));
    let drop_in = node.folder().join("x.toml");
    let text = format!(
        "version = 2\n[{OLD}.containerd.runtimes]\n[{OLD}.containerd.runtimes.kata]\n\
         snapshotter = 'nope'\ntypo = 1\n[{OLD}.containerd.runtimes.runc]\n"
    );
    fs::write(&drop_in, text).expect("writes");
    let warnings = warnings(&node);
    let said = |what: &str| {
        let found = warnings.iter().find(|it| it.contains(what));
        let found = found.unwrap_or_else(|| panic!("{what}: {warnings:#?}"));
        let place = format!("({}:3:", drop_in.display());
        assert!(found.contains(&place), "{found}");
    };
    for what in [
        "kata has no runtime_type",
        "unknown key typo in handler kata",
        "containerd 1.6 does not read snapshotter of handler kata",
        "no pod can run on handler kata: containerd 1.7",
    ] {
        said(what);
    }
    let has_type = |it: &String| it.contains("runc has no runtime_type");
    assert!(!warnings.iter().any(has_type), "{warnings:#?}");
}

/// 2.0 to 2.2 take the version of the file that is loaded last for all.
#[test]
fn what_a_newer_drop_in_hides_is_named_with_the_drop_in() {
    let runc = format!("[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    let node = Node::with(format!(
        "version = 2\nimports = ['x.toml']\n[{OLD}]\nsandbox_image = 'x'\n\
         {runc}options.SystemdCgroup = true\n"
    ));
    let drop_in = node.folder().join("x.toml");
    fs::write(&drop_in, "version = 3\n").expect("writes");
    let said = format!(
        "containerd 2.0, 2.1 and 2.2 do not read {OLD}.sandbox_image, \
         {OLD}.containerd.runtimes.runc.options.SystemdCgroup: these releases look in another \
         plugin, and do not move it since {} has a newer config version, which holds for all files",
        drop_in.display()
    );
    let warnings = warnings(&node);
    assert!(
        warnings.iter().any(|it| it.ends_with(&said)),
        "{warnings:#?}"
    );
}

#[test]
fn keys_of_version_1_are_named_as_the_file_has_them() {
    let runc = format!("[plugins.cri.containerd.runtimes.runc]\n{RUNC}");
    let node = Node::with(format!(
        "[plugins.cri]\nsandbox_image = 'x'\n{runc}options.SystemdCgroup = true\n"
    ));
    let said = "containerd 2.0, 2.1 and 2.2 do not read plugins.cri.sandbox_image, \
                plugins.cri.containerd.runtimes.runc.options.SystemdCgroup: these releases look in \
                another plugin, and do not move it from a config of this version";
    let warnings = warnings(&node);
    assert!(
        warnings.iter().any(|it| it.ends_with(said)),
        "{warnings:#?}"
    );
}
