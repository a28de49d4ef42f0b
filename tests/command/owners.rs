//! Several installers on one node: what each adds, replaces, upgrades and takes away.

use std::fs;
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use crate::tool::{Node, Run, drop_comments, tool};

const CONFIG: &str = "# node-a\nversion = 2\n\n[debug]\n  level = \"info\" # ours\n\n\
    [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n  default_runtime_name = \"runc\"\n\n\
    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n  \
    runtime_type = \"io.containerd.runc.v2\"";

/// Each installer's first and second release.
const INSTALLERS: [(&str, [&str; 2]); 3] = [
    (
        "kata-deploy",
        [
            "default = 'kata-qemu'\n[handlers.kata-qemu]\npreset = 'kata'\n\
             [handlers.kata-fc]\npreset = 'kata'\n[debug]\nlevel = 'debug'\n",
            "default = 'kata-clh'\n[handlers.kata-clh]\npreset = 'kata'\nsnapshotter = 'overlayfs'\n\
             [handlers.kata-fc]\npreset = 'kata'\n",
        ],
    ),
    (
        "gpu-operator",
        [
            "default = 'nvidia'\n[handlers.nvidia]\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n",
            "[handlers.nvidia]\n[handlers.nvidia-cdi]\npreset = 'nvidia'\n\
             [handlers.runc.options]\nSystemdCgroup = true\n[handlers.runc]\npreset = 'runc'\n\
             [debug]\nlevel = 'trace'\n",
        ],
    ),
    (
        "wasm",
        [
            "[handlers.spin]\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n",
            "[handlers.spin]\n[handlers.wasmtime]\n[proxy_plugins.cache]\ntype = 'snapshot'\n\
             address = '/run/cache.sock'\n",
        ],
    ),
];

/// A folder with a config and the patch files of all installers.
fn node() -> Node {
    let node = Node::with(CONFIG);
    for (owner, releases) in INSTALLERS {
        for (number, release) in releases.into_iter().enumerate() {
            let path = node.folder().join(format!("{owner}-{number}.patch"));
            fs::write(path, format!("owner = '{owner}'\n{release}")).expect("writes");
        }
    }
    node
}

fn apply(node: &Node, owner: &str, release: usize) -> Command {
    let path = node.folder().join(format!("{owner}-{release}.patch"));
    let path = path.to_str().expect("UTF-8").to_owned();
    node.command(&["apply", "--prune", &path])
}

fn remove(node: &Node, owner: &str) -> Command {
    node.command(&["remove", "--owner", owner])
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("JSON")
}

#[test]
fn installers_that_overlap_lose_nothing_of_each_other() {
    let node = node();
    thread::scope(|scope| {
        for (owner, _) in INSTALLERS {
            let node = &node;
            scope.spawn(move || {
                for round in 0..8 {
                    Run::of(&mut apply(node, owner, 0)).exits(0);
                    Run::of(&mut apply(node, owner, 1)).exits(0);
                    if round % 2 == 0 {
                        Run::of(&mut remove(node, owner)).exits(0);
                    }
                }
            });
        }
    });
    let listed = json(&node.run(&["list", "-o", "json"]).exits(0));
    let mut names: Vec<&str> = listed["handlers"]
        .as_array()
        .expect("handlers")
        .iter()
        .map(|handler| handler["name"].as_str().expect("a name"))
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "kata-clh",
            "kata-fc",
            "nvidia",
            "nvidia-cdi",
            "runc",
            "spin",
            "wasmtime"
        ]
    );
    for (owner, _) in INSTALLERS {
        let code = Run::of(apply(&node, owner, 1).args(["--dry-run", "--exit-code"])).exit;
        assert_eq!(code, Some(0), "{owner} finds all in place");
    }
    thread::scope(|scope| {
        for (owner, _) in INSTALLERS {
            let node = &node;
            scope.spawn(move || Run::of(&mut remove(node, owner)).exits(0));
        }
    });
    assert_eq!(node.text(), CONFIG);
}

/// containerd 1.x reads a handler of that name from a table of its own.
#[test]
fn a_default_in_a_table_of_long_ago_comes_back() {
    let table = "[plugins.\"io.containerd.grpc.v1.cri\".containerd";
    let kind = "runtime_type = \"io.containerd.runc.v2\"";
    let text = format!(
        "version = 2\n{table}]\ndefault_runtime_name = \"untrusted\"\n{table}.runtimes.runc]\n{kind}\n\
         {table}.untrusted_workload_runtime]\n{kind}\n"
    );
    let node = Node::with(&text);
    node.run(&["add", "crun", "--default"]).exits(0);
    node.run(&["remove", "crun"]).exits(0);
    assert_eq!(node.text(), text);
}

#[test]
fn what_an_owner_replaced_comes_back_when_it_leaves() {
    let node = node();
    Run::of(&mut apply(&node, "kata-deploy", 0)).exits(0);
    assert!(node.text().contains("level = \"debug\" # ours"));
    Run::of(&mut apply(&node, "gpu-operator", 1)).exits(0);
    assert!(node.text().contains("level = \"trace\" # ours"));
    // From below: what came later stays.
    Run::of(&mut remove(&node, "kata-deploy")).exits(0);
    assert!(node.text().contains("level = \"trace\" # ours"));
    Run::of(&mut remove(&node, "gpu-operator")).exits(0);
    assert_eq!(node.text(), CONFIG);
}

#[test]
fn another_owners_handler_is_refused_until_it_is_taken_over() {
    let node = node();
    node.run(&["add", "spin", "--owner", "somebody"]).exits(0);
    let installed = node.text();
    let run = Run::of(&mut apply(&node, "wasm", 0)).exits(78);
    assert!(
        run.stderr.contains("the handler spin belongs to somebody"),
        "{run:#?}"
    );
    assert!(run.stderr.contains("--take-over"), "{run:#?}");
    assert_eq!(node.text(), installed);
    let run = node.run(&["remove", "spin", "--owner", "wasm"]).exits(78);
    assert!(run.stderr.contains("belongs to somebody"), "{run:#?}");

    Run::of(apply(&node, "wasm", 0).arg("--take-over")).exits(0);
    assert_eq!(
        node.run(&["remove", "--owner", "somebody"]).exits(0).stderr,
        ""
    );
    assert!(
        node.text().contains("runtimes.spin]"),
        "it is wasm's by now"
    );
    Run::of(&mut remove(&node, "wasm")).exits(0);
    assert_eq!(node.text(), CONFIG);
}

/// As a tool does that parses the file and prints it again.
#[test]
fn an_owner_whose_comments_are_gone_is_known_and_leaves_as_ever() {
    let node = node();
    Run::of(&mut apply(&node, "wasm", 1)).exits(0);
    drop_comments(&node.config());

    let status = json(&node.run(&["status", "-o", "json"]).exits(0));
    let handlers = status["handlers"].as_array().expect("handlers");
    let spin = handlers.iter().find(|handler| handler["name"] == "spin");
    assert_eq!(spin.expect("spin")["owner"], "wasm", "{status}");

    let run = Run::of(&mut remove(&node, "wasm")).exits(0);
    assert_eq!(run.stderr, "", "{run:#?}");
    let original = Node::with(CONFIG);
    drop_comments(&original.config());
    assert_eq!(node.text(), original.text());
}

#[test]
fn a_change_of_the_ledger_alone_needs_no_restart() {
    let node = node();
    Run::of(&mut apply(&node, "gpu-operator", 0)).exits(0);
    let run = Run::of(apply(&node, "wasm", 0).args(["-o", "json"])).exits(0);
    assert_eq!(json(&run)["restart_required"], true);
    // Both want CDI: with one of them it is still there.
    let patch = node.folder().join("cdi.patch");
    fs::write(
        &patch,
        "owner = 'cdi'\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n",
    )
    .expect("writes");
    let patch = patch.to_str().expect("UTF-8");
    let (text, identity) = (node.text(), node.identity());
    let apply = ["apply", patch, "-o", "json", "--exit-code"];
    let report = json(&node.run(&apply).exits(0));
    assert_eq!(
        (&report["changed"], &report["restart_required"]),
        (&json!(false), &json!(false))
    );
    let run = node.run(&["remove", "--owner", "cdi"]).exits(0);
    assert!(run.stdout.contains("recorded"), "{run:#?}");
    assert_eq!((node.text(), node.identity()), (text, identity));
}

#[test]
fn the_default_is_set_and_given_back() {
    let node = node();
    node.run(&["add", "spin"]).exits(0);
    let added = node.text();
    let run = node.run(&["set-default", "spin"]).exits(0);
    assert!(
        run.stdout.contains("the default handler is now spin"),
        "{run:#?}"
    );
    assert_eq!(
        node.run(&["set-default", "spin", "--exit-code"]).exit,
        Some(0)
    );
    let run = node.run(&["set-default", "nothing"]).exits(78);
    assert!(run.stderr.contains("nothing"), "{run:#?}");
    node.run(&["set-default", "--unset", "--owner", "other"])
        .exits(0);
    assert_ne!(node.text(), added, "that is another owner's");
    node.run(&["set-default", "--unset"]).exits(0);
    assert_eq!(node.text(), added);
    node.run(&["set-default", "--unset"]).exits(0);
    assert_eq!(node.text(), added, "the file's own default stays");
}

/// The owner that a variable names is no licence for another owner's handler.
#[test]
fn a_handler_goes_by_name_for_its_owner_only() {
    let node = node();
    node.run(&["add", "spin", "--owner", "somebody"]).exits(0);
    let text = node.text();
    let remove = |owner: &str| {
        let mut command = tool();
        command.env("CONTAINERD_EDIT_OWNER", owner).arg("--config");
        Run::of(command.arg(node.config()).args(["remove", "spin"]))
    };
    let refused = remove("wasm").exits(78);
    let next = node.hinted("remove spin --owner somebody");
    assert!(refused.stderr.contains(&next), "{refused:?}");
    assert_eq!(node.text(), text);
    node.run(&["remove", "spin", "--owner", "somebody"])
        .exits(0);
    assert_eq!(node.text(), CONFIG);
}

/// A value that is set by hand is not its owner's own any more.
#[test]
fn what_was_set_by_hand_outlives_the_owner() {
    let runtimes = "plugins.\"io.containerd.cri.v1.runtime\".containerd";
    let original = format!(
        "version = 3\n\n[{runtimes}]\n  default_runtime_name = \"runc\"\n\n\
         [{runtimes}.runtimes.mine]\n  runtime_type = \"io.containerd.runc.v2\"\n\n\
         [debug]\n  level = \"info\"\n"
    );
    let node = Node::with(&original);
    let patch = node.folder().join("patch");
    let wanted = "default = \"nvidia\"\n[handlers.nvidia]\n[debug]\nlevel = \"debug\"\n";
    fs::write(&patch, wanted).expect("writes");
    let patch = patch.to_str().expect("UTF-8");
    let apply = ["apply", patch, "--prune", "--owner", "gpu-operator"];
    node.run(&apply).exits(0);
    let by_hand = |text: &str| {
        text.replace("_name = \"nvidia\"", "_name = \"mine\"")
            .replace("level = \"debug\"", "level = \"warn\"")
    };
    let left = original
        .replace("\"runc\"\n", "\"mine\"\n")
        .replace("\"info\"", "\"warn\"");
    fs::write(node.config(), by_hand(&node.text())).expect("writes");

    // It is drift for the owner as long as it is there.
    let probe = [&apply[..], &["--dry-run", "--exit-code"]].concat();
    node.run(&probe).exits(10);

    let run = node.run(&["remove", "--owner", "gpu-operator"]).exits(0);
    assert_eq!(node.text(), left);
    for key in ["containerd.default_runtime_name", "debug.level"] {
        let said = format!("{key} was set by hand since and stays as it is");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
    }

    // A newer release that wants neither any more leaves them, too.
    node.run(&apply).exits(0);
    fs::write(node.config(), by_hand(&node.text())).expect("writes");
    fs::write(node.folder().join("patch"), "").expect("writes");
    node.run(&apply).exits(0);
    assert_eq!(node.text(), left);
}

/// It was not loaded before they came, and its owner leaves all the same.
#[test]
fn keys_leave_a_handler_that_has_no_type_of_its_own() {
    let config = "version = 3\n\
        [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.kata]\n";
    for drop_in in [&[][..], &["--drop-in"]] {
        let node = Node::with(config);
        let patch = node.folder().join("patch.toml");
        fs::write(&patch, "owner = 'a'\n[handlers.kata]\n").expect("writes");
        let patch = patch.to_str().expect("a path");
        node.run(&[&["apply", patch], drop_in].concat()).exits(0);
        let run = node.run(&["remove", "--owner", "a", "-o", "json"]).exits(0);
        assert_eq!(node.text(), config);
        let warnings = &json(&run)["warnings"];
        let said = "kata is left without what its owner had set, and containerd 2.0, 2.1, 2.2, 2.3 \
                    and 2.4 will not load it: it has no runtime_type of its own";
        assert_eq!(warnings[0]["code"], "not-loaded", "{warnings}");
        assert_eq!(warnings[0]["message"], said);
        // And back.
        node.run(&["undo"]).exits(0);
        node.run(&["undo"]).exits(0);
        node.run(&["remove", "--owner", "a"]).exits(0);
        assert_eq!(node.text(), config);
    }
}

/// 2.x reads the other table, and loads as much of the handler as before: nothing.
#[test]
fn a_handler_that_a_release_looks_for_elsewhere_does_not_lack_a_type() {
    let [old, new] = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"]
        .map(|id| format!("plugins.\"{id}\".containerd.runtimes"));
    let kind = "runtime_type = 'io.containerd.runc.v2'\n";
    let config = format!("version = 2\n[{old}.runc]\n{kind}[{old}.kata]\n{kind}[{new}.x]\n{kind}");
    let node = Node::with(&config);
    let patch = node.folder().join("patch.toml");
    fs::write(
        &patch,
        "owner = 'a'\n[handlers.kata]\nsnapshotter = 'native'\n",
    )
    .expect("writes");
    let patch = patch.to_str().expect("a path");
    let named = ["--containerd-version", "1.7"];
    node.run(&[&["apply", patch], &named[..]].concat()).exits(0);
    let run = node.run(&["remove", "--owner", "a", "-o", "json"]).exits(0);
    assert_eq!(node.text(), config);
    let warnings = json(&run)["warnings"].clone();
    let codes = warnings.as_array().into_iter().flatten();
    let codes: Vec<&str> = codes.filter_map(|it| it["code"].as_str()).collect();
    assert_eq!(codes, ["was-there"], "{warnings}");
}

/// containerd would not start with an address alone, and an uninstall is not held up.
#[test]
fn a_proxy_plugin_with_a_key_set_by_hand_keeps_its_type() {
    let kata = "owner = 'kata'\n[handlers.kata]\n[proxy_plugins.nydus]\ntype = 'snapshot'\n\
                address = '/run/nydus.sock'\n";
    for drop_in in [&[][..], &["--drop-in"]] {
        let node = Node::with("version = 3\n");
        let patch = node.folder().join("patch.toml");
        fs::write(&patch, kata).expect("writes");
        let patch = patch.to_str().expect("a path");
        node.run(&[&["apply", patch], drop_in].concat()).exits(0);
        let file = match drop_in {
            [] => node.config(),
            _ => node.folder().join("conf.d/50-kata.toml"),
        };
        let text = fs::read_to_string(&file).expect("there");
        let by_hand = text.replace(
            "address = \"/run/nydus.sock\"",
            "address = \"/run/mine.sock\"",
        );
        fs::write(&file, by_hand).expect("writes");
        let run = node.run(&["remove", "--owner", "kata"]).exits(0);
        assert_eq!(run.stderr.matches("by hand").count(), 2, "{run:#?}");
        let left = fs::read_to_string(&file).expect("there");
        let table =
            "[proxy_plugins.nydus]\n  type = \"snapshot\"\n  address = \"/run/mine.sock\"\n";
        assert!(left.ends_with(table), "{left}");
        assert!(!left.contains("kata]"), "{left}");
        // It is nobody's now.
        let again = node.run(&["remove", "--owner", "kata"]).exits(0);
        assert_eq!(again.stderr, "");
    }
}

/// No pod without a RuntimeClass can start then.
#[test]
fn a_default_that_is_left_without_its_type_is_said_to_be_the_default() {
    let config = "version = 3\n\
        [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.mine]\nsnapshotter = 's'\n";
    let node = Node::with(config);
    node.run(&[
        "add",
        "mine",
        "--preset",
        "crun",
        "--owner",
        "x",
        "--take-over",
    ])
    .exits(0);
    node.run(&["set-default", "mine", "--owner", "y"]).exits(0);
    let run = node.run(&["remove", "--owner", "x"]).exits(0);
    assert!(
        run.stderr
            .contains("it is the default there, and pods without a RuntimeClass can't start"),
        "{run:#?}"
    );
}

/// The user's handler of the same name stays, and nobody has dropped a comment of it.
#[test]
fn what_was_in_a_drop_in_is_not_looked_for_in_the_config() {
    let config = "version = 3\n\
        [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.mine]\n\
        runtime_type = 'io.containerd.runc.v2'\nsnapshotter = 's'\n";
    let node = Node::with(config);
    node.run(&[
        "add",
        "mine",
        "--preset",
        "crun",
        "--owner",
        "x",
        "--drop-in",
    ])
    .exits(0);
    for said in ["mine was there before x came, and stays", ""] {
        let run = node.run(&["remove", "--owner", "x"]).exits(0);
        assert!(run.stderr.contains(said), "{run:#?}");
        assert!(!run.stderr.is_empty() || said.is_empty(), "{run:#?}");
        assert_eq!(node.text(), config);
    }
    let status = json(&node.run(&["status", "-o", "json"]).exits(0));
    assert_eq!(status["handlers"][0]["added_by"], Value::Null, "{status}");
}

#[test]
fn a_ledger_that_is_cut_off_is_an_error_with_its_place_and_a_next_step() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--owner", "kata-deploy"])
        .exits(0);
    let whole = fs::read_to_string(node.ledger()).expect("a ledger");
    for (sidecar, next) in [
        (
            ".owners",
            "put the ledger before the last change in its place",
        ),
        (
            ".owners.before",
            "move it away: then the ledger that holds is the",
        ),
    ] {
        let path = node.folder().join(format!("config.toml{sidecar}"));
        for cut in ["", "{\n", &whole[..whole.len() / 2], "\u{0}"] {
            fs::write(&path, cut).expect("writes");
            let before = node.text();
            for verb in [
                &["add", "crun"][..],
                &["remove", "--owner", "kata-deploy"],
                &["list"],
            ] {
                let run = node.run(verb).exits(65);
                let name = format!("config.toml{sidecar}:");
                assert!(run.stderr.contains(&name), "{cut:?}: {run:#?}");
                let next = format!("hint: {next}");
                assert!(run.stderr.contains(&next), "{run:#?}");
            }
            // All else is known all the same.
            let run = node.run(&["status", "--exit-code"]).exits(10);
            let said = "unknown: the ledger can't be read: ";
            assert!(run.stdout.contains(said), "{run:#?}");
            assert!(run.stdout.contains(next), "{run:#?}");
            assert_eq!(node.text(), before);
        }
        fs::remove_file(&path).expect("removes");
        // What the hint says: then the comments tell.
        node.run(&["add", "crun", "--owner", "ops"]).exits(0);
        node.run(&["remove", "--owner", "ops"]).exits(0);
    }
    node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}

/// What another owner wants of the implied `runc`, and somebody has taken out, keeps nobody here.
#[test]
fn an_owner_leaves_although_anothers_keys_of_runc_are_gone() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "kata"]).exits(0);
    node.run(&["set", "handlers.runc.options.SystemdCgroup=true"])
        .exits(0);
    fs::write(node.config(), "version = 2\n").expect("another tool writes it anew");
    node.run(&["add", "kata-fc", "--owner", "kata-deploy"])
        .exits(0);
    node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
    assert_eq!(node.text(), "version = 2\n");
}
