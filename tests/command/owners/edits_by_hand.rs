//! What somebody has set or taken out by hand outlives its owner, and keeps nobody on the node.

use std::fs;

use crate::tool::Node;

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

/// An empty array is a value as any other.
#[test]
fn an_empty_array_gives_back_what_was_set_by_hand() {
    let node = Node::empty();
    let set = [
        "set",
        "plugins.\"io.containerd.cri.v1.runtime\".cdi_spec_dirs=[]",
    ];
    node.run(&set).exits(0);
    let by_hand = node.text().replace("[]", "['/mine']");
    fs::write(node.config(), by_hand).expect("writes");
    node.run(&set).exits(0);
    assert!(node.text().contains("= []"), "{}", node.text());
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert!(
        node.text().contains("cdi_spec_dirs = ['/mine']"),
        "{}",
        node.text()
    );
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
        let apply = [&["apply", patch], drop_in].concat();
        node.run(&apply).exits(0);
        let file = match drop_in {
            [] => node.config(),
            _ => node.folder().join("conf.d/50-kata.toml"),
        };
        let text = || fs::read_to_string(&file).expect("there");
        let by_hand = text().replace("/run/nydus.sock", "/run/mine.sock");
        fs::write(&file, &by_hand).expect("writes");
        // Its owner puts its own over it.
        node.run(&apply).exits(0);
        let remove = ["remove", "--owner", "kata"];
        let run = node.run(&remove).exits(79);
        let said = "proxy_plugins.nydus.type: proxy_plugins.nydus.address (";
        assert!(run.stderr.contains(said), "{run:#?}");
        let table =
            "[proxy_plugins.nydus]\n  type = \"snapshot\"\n  address = \"/run/mine.sock\"\n";
        assert!(text().ends_with(table), "{}", text());
        assert!(!text().contains("kata]"), "{}", text());
        // It goes once nothing needs it.
        let by_hand = text().replace("  address = \"/run/mine.sock\"\n", "");
        fs::write(&file, by_hand).expect("writes");
        node.run(&remove).exits(0);
        assert_eq!(node.text(), "version = 3\n");
        assert_eq!(file.exists(), drop_in.is_empty());
    }
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

/// `containerd config migrate` fills tables with values that say nothing.
#[test]
fn a_proxy_plugin_that_was_migrated_goes_as_a_whole() {
    let node = Node::with("version = 3\n");
    let set = [
        "proxy_plugins.n.type=snapshot",
        "proxy_plugins.n.address=/n",
    ];
    node.run(&[&["set"], &set[..], &["--owner", "a"]].concat())
        .exits(0);
    let filled = "version = 3\n[proxy_plugins]\n  [proxy_plugins.n]\n    type = 'snapshot'\n    \
                  address = '/n'\n    platform = ''\n    capabilities = []\n    \
                  [proxy_plugins.n.exports]\n";
    fs::write(node.config(), filled).expect("writes");
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(!node.text().contains("proxy_plugins.n"), "{}", node.text());
}

const MINE: &str = "version = 3\n\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.mine]\n\
                    runtime_type = 'io.containerd.runc.v2'\n";

/// Nothing of an owner's stays because a person was there first.
#[test]
fn what_a_person_leaves_of_an_owners_keys_goes_with_the_owner() {
    let kata = "[handlers.kata]\n[handlers.kata.options]\n[debug]\nlevel = 'debug'\n";
    let nydus = "[handlers.kata]\nsnapshotter = 'nydus'\n";
    let cases = [
        // A header for a table that is there for another's sake.
        (MINE, "default = 'mine'\n", false),
        // The implied `runc`, and the twin of the snapshotter.
        ("version = 2\n", kata, false),
        ("version = 3\n", nydus, false),
        ("version = 3\n", kata, true),
        ("# mine\nversion = 3\n\n[grpc]\n  gid = 1\n", nydus, true),
    ];
    let cases = cases.map(|case| [false, true].map(|runs_between| (case, runs_between)));
    for ((original, patch, drop_in), runs_between) in cases.into_iter().flatten() {
        let node = Node::with(original);
        fs::write(node.folder().join("patch.toml"), patch).expect("writes");
        let path = node.folder().join("patch.toml");
        let path = path.to_str().expect("a path");
        let more: &[&str] = if drop_in { &["--drop-in"] } else { &[] };
        node.run(&[&["apply", path, "--owner", "a"], more].concat())
            .exits(0);
        let file = if drop_in {
            node.folder().join("conf.d/50-a.toml")
        } else {
            node.config()
        };
        let text = fs::read_to_string(&file).expect("reads");
        // A person deletes the handler's tables, and the line of the other key.
        let mut is_kata = false;
        let kept = text.split_inclusive('\n').filter(|line| {
            if line.starts_with('[') {
                is_kata = line.contains("runtimes.kata");
            }
            let is_key = line.contains("level = ") || line.contains("_name = ");
            !is_kata && !is_key
        });
        let kept: String = kept.collect();
        assert_ne!(kept, text);
        fs::write(&file, kept).expect("writes");
        if runs_between {
            node.run(&["remove", "--owner", "nobody"]).exits(0);
            node.run(&["set", "grpc.uid=7", "--owner", "b"]).exits(0);
            node.run(&["remove", "--owner", "b"]).exits(0);
        }
        node.run(&["remove", "--owner", "a"]).exits(0);
        assert_eq!(node.text(), original, "{patch} {drop_in} {runs_between}");
        assert_eq!(file.exists(), !drop_in);
    }
}

const RUNC: &str = "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n";
const RUNC_TYPE: &str = "  runtime_type = \"io.containerd.runc.v2\"\n";

/// A config in which `crun` has come with the implied `runc`, and the next want of its owner: one key of
/// `runc`, and no `crun`.
fn one_key_of_runc() -> (Node, String) {
    let node = Node::empty();
    let crun = "handlers.crun.options.SystemdCgroup=false";
    node.run(&["set", crun, "--owner", "c"]).exits(0);
    let patch = node.folder().join("patch");
    fs::write(
        &patch,
        format!("owner = \"c\"\n{RUNC}snapshotter = \"nydus\"\n"),
    )
    .expect("writes");
    (node, patch.to_string_lossy().into_owned())
}

/// Its comment stands above another one, and above what that was above once it is gone.
#[test]
fn a_comment_that_comes_to_stand_above_another_block_is_put_right_at_once() {
    let (node, patch) = one_key_of_runc();
    let text = node.text();
    let (runc, crun) = text
        .split_once("\n# containerd-edit owner=c\n")
        .expect("two blocks");
    let (before, runc) = runc.split_at(runc.find(RUNC).expect("runc"));
    let moved = format!("{before}\n# containerd-edit owner=c\n{crun}{runc}");
    fs::write(node.config(), moved).expect("writes");
    let apply = ["apply", &patch, "--prune", "--allow-not-serving"];
    node.run(&apply).exits(0);
    let block = format!("# containerd-edit owner=c\n{RUNC}");
    assert!(node.text().contains(&block), "{}", node.text());
    let again = node.run(&apply).exits(0);
    assert!(again.stdout.contains("nothing to do"), "{again:#?}");
}

/// What ran it stands elsewhere: the handler is completed, whatever goes with the same edit.
#[test]
fn a_handler_without_its_type_is_completed_while_another_one_goes() {
    let (node, patch) = one_key_of_runc();
    let moved = node.text().replacen(&format!("{RUNC}{RUNC_TYPE}"), RUNC, 1);
    fs::write(node.config(), moved).expect("writes");
    node.run(&["apply", &patch, "--prune"]).exits(0);
    let block = format!("{RUNC}{RUNC_TYPE}");
    assert!(node.text().contains(&block), "{}", node.text());
}
