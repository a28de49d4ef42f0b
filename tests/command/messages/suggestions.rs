//! Keys and plugins that nobody knows: the one that was meant is named.

use crate::tool::{Node, Run};

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
