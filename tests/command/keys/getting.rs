//! `get`: what is in force, and where it stands.

use crate::tool::Node;

use super::CONFIG;

#[test]
fn get_prints_what_is_in_force_over_all_files() {
    let node = Node::with("version = 3\nimports = [\"extra.toml\"]\n[debug]\nlevel = \"info\"\n");
    std::fs::write(
        node.folder().join("extra.toml"),
        "version = 3\n[debug]\nlevel = \"warn\"\n",
    )
    .expect("writes");
    let get = |key: &str| node.run(&["get", key]).exits(0).stdout;
    assert_eq!(get("debug.level"), "warn\n");
    assert_eq!(get("debug"), "level = \"warn\"\n");
    assert_eq!(get("version"), "3\n");
    let json = node.run(&["get", "debug.level", "-o", "json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    let extra = node.folder().join("extra.toml");
    assert_eq!(json["file"], extra.to_str().expect("UTF-8"));
    assert_eq!(
        (json["line"].as_u64(), json["column"].as_u64()),
        (Some(3), Some(1))
    );
    assert_eq!(json["value"], "warn");
    assert_eq!(json["owner"], serde_json::Value::Null);
    assert_eq!(
        json["releases"][0],
        serde_json::json!({"containerd": "2.0", "value": "warn"})
    );
}

#[test]
fn get_of_a_table_is_get_of_its_keys() {
    let servers = "[plugins.'io.containerd.server.v1.grpc']\naddress = '/g'\n\
        [plugins.'io.containerd.server.v1.debug']\naddress = '/d'\n";
    for dead in [
        "",
        "[grpc]\naddress = '/dead'\nuid = 0\n[metrics]\naddress = '/dead'\n",
    ] {
        let node = Node::with(format!(
            "version = 4\n[debug]\nlevel = 'info'\n{dead}{servers}"
        ));
        let get = |key: &str| node.run(&["get", key]).exits(0).stdout;
        assert_eq!(get("grpc.address"), "/g\n");
        let uid = if dead.is_empty() { "" } else { "uid = 0\n" };
        assert_eq!(get("grpc"), format!("{uid}address = \"/g\"\n"));
        assert_eq!(get("debug"), "level = \"info\"\naddress = \"/d\"\n");
        node.run(&["get", "metrics"]).exits(1);
    }
}

#[test]
fn get_tells_releases_and_spellings_apart() {
    let node = Node::with(
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"a\"\n\
         [plugins.\"io.containerd.cri.v1.images\".pinned_images]\nextra = \"b\"\n",
    );
    // Both spellings are one key.
    for key in [
        "plugins.\"io.containerd.grpc.v1.cri\".sandbox_image",
        "plugins.\"io.containerd.cri.v1.images\".pinned_images.sandbox",
    ] {
        let run = node.run(&["get", key]).exits(0);
        assert_eq!(
            (run.stdout.as_str(), run.stderr.as_str()),
            ("a\n", ""),
            "{key}"
        );
    }
    let key = "plugins.\"io.containerd.cri.v1.images\".pinned_images.extra";
    let run = node.run(&["get", key]).exits(0);
    assert_eq!(run.stdout, "b\n");
    assert!(
        run.stderr.contains("is not set on containerd 1.6 and 1.7"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_key_that_is_there_and_that_no_release_reads_is_not_said_to_be_missing() {
    let node = Node::with(
        "version = 3\n[plugins.'io.containerd.cri.v1.images']\nsandbox_image = 'x'\n\
         [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]\nsandbox_mode = 'shim'\n",
    );
    for (key, hint) in [
        (
            "plugins.'io.containerd.cri.v1.images'.sandbox_image",
            "did you mean plugins.\"io.containerd.grpc.v1.cri\".sandbox_image?",
        ),
        ("handlers.kata.sandbox_mode", "remove it: it has no effect"),
    ] {
        let run = node.run(&["get", key]).exits(1);
        let said = "is set, and no containerd release reads it there";
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert!(run.stderr.contains(hint), "{}", run.stderr);
    }
}

#[test]
fn getting_what_is_not_there_fails() {
    let node = Node::with(CONFIG);
    for (key, said) in [
        ("debug.levle", "did you mean debug.level?"),
        ("debug.format", "containerd's own default holds"),
        ("grpc.adress", "did you mean grpc.address?"),
        (
            "handlers.kata.options.ConfgPath",
            "did you mean handlers.kata.options.ConfigPath?",
        ),
        (
            "handlers.kata.options.Nothing",
            "the handler kata is not listed; see `",
        ),
        (
            "handlers.runc.snapshotter",
            "containerd's own default holds",
        ),
        (
            "plugins.'io.containerd.cri.v1.runtme'.enable_cdi",
            "did you mean plugins.\"io.containerd.cri.v1.runtime\".enable_cdi?",
        ),
        (
            "plugins.'io.containerd.nydus.v1.x'.y",
            "no containerd release is known to have a plugin io.containerd.nydus.v1.x",
        ),
        (
            "plugins.io.containerd.nri.v1.nri.disable",
            "quote the plugin's ID: 'plugins.\"io.containerd.nri.v1.nri\".disable'",
        ),
    ] {
        let run = node.run(&["get", key]).exits(1);
        assert!(
            run.stderr.contains("is not set in any file"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    let json = node.run(&["get", "debug.format", "-o", "json"]).exits(1);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["error"]["code"], "no-key");
}

/// In containerd's own keys it does not.
#[test]
fn the_case_of_letters_counts_in_names() {
    let node = Node::with(
        "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.Kata]\n\
         runtime_type = 't.v2'\n[proxy_plugins.Nydus]\ntype = 'snapshot'\naddress = '/a'\n\
         [timeouts]\n'a.B' = '7s'\n[Debug]\nLEVEL = 'info'\n",
    );
    for (key, other) in [
        ("handlers.Kata.runtime_type", "handlers.kata.runtime_type"),
        ("proxy_plugins.Nydus.address", "proxy_plugins.nydus.address"),
        ("timeouts.'a.B'", "timeouts.'a.b'"),
    ] {
        node.run(&["get", key]).exits(0);
        node.run(&["get", other]).exits(1);
    }
    node.run(&["get", "debug.level"]).exits(0);
}
