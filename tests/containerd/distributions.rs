//! The layouts of distributions on real nodes: what each makes of an edit is loaded, and after the
//! uninstall the node serves what it served before.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml_edit::{DocumentMut, Item};

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::folders::copy;
use crate::suites::Release;

const K3S: &str = "var/lib/rancher/k3s/agent/etc/containerd";
const PATCHES: [&str; 2] = [
    "owner = 'installer'\n[handlers.kata-qemu]\npreset = 'kata'\n[handlers.youki]\n",
    "owner = 'installer'\n[handlers.kata-clh]\npreset = 'kata'\n[handlers.youki]\n\
     [debug]\nlevel = 'info'\n",
];
/// A node whose containerd has no config.
const NO_CONFIG: &str = "none";
const OTHER: &str = "owner = 'other'\n[handlers.gvisor]\n";

/// What a distribution makes of its files when it starts containerd.
#[derive(Debug, Clone, Copy)]
enum Start {
    /// containerd reads the file as it is.
    Plain(&'static str),
    /// k3s: the template, with its own part in the place of the directive.
    Template(&'static str),
    /// k0s: its own part, merged with the drop-ins.
    Merge,
    /// MicroK8s: with its variables filled in.
    FillIn(&'static str),
}

/// The files of a tree, without the tool's sidecars.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("an entry").path();
        let extension = path.extension().and_then(|it| it.to_str());
        if path.is_dir() {
            found.extend(files(&path));
        } else if !matches!(extension, Some("last" | "lock" | "log" | "prev" | "owners")) {
            let bytes = fs::read(&path).expect("readable");
            found.insert(path, bytes);
        }
    }
    found
}

fn merge(base: &mut Item, more: &Item) {
    for (key, item) in more
        .as_table_like()
        .into_iter()
        .flat_map(|table| table.iter())
    {
        let table = base.as_table_like_mut().expect("tables on both sides");
        match table.get_mut(key) {
            Some(known) if known.is_table_like() && item.is_table_like() => merge(known, item),
            _ => drop(table.insert(key, item.clone())),
        }
    }
}

/// The config that the distribution starts containerd with. `own` is k3s's own part.
fn started(start: Start, tree: &Path, own: &str) -> String {
    let read = |path: &str| fs::read_to_string(tree.join(path)).unwrap_or_default();
    match start {
        Start::Plain(path) => read(path),
        Start::Template(path) => match read(path) {
            missing if missing.is_empty() => own.to_owned(),
            template => template.replace("{{ template \"base\" . }}\n", own),
        },
        Start::Merge => {
            let parsed = |text: String| text.parse::<DocumentMut>().expect("TOML").into_item();
            let mut merged = parsed(read("run/k0s/containerd-cri.toml"));
            let folder = fs::read_dir(tree.join("etc/k0s/containerd.d")).expect("a folder");
            for path in folder.map(|entry| entry.expect("an entry").path()) {
                if path
                    .extension()
                    .is_some_and(|extension| extension == "toml")
                {
                    merge(
                        &mut merged,
                        &parsed(fs::read_to_string(path).expect("readable")),
                    );
                }
            }
            let merged = merged.into_table().expect("a file is a table");
            DocumentMut::from(merged).to_string()
        }
        Start::FillIn(path) => read(path)
            .replace("${SNAPSHOTTER}", "overlayfs")
            .replace("${RUNTIME_TYPE}", "io.containerd.runc.v2")
            .replace("${RUNTIME}", "runc")
            .replace("${SNAP_DATA}", "/var/snap/microk8s/current")
            .replace("${SNAP}", "/snap/microk8s/current"),
    }
}

/// The whole lives of two installers on a host's tree.
fn whole_lives(suite: &str, fixture: &str, start: Start) {
    let release = Release::of(suite);
    let node = Node::new(&release, None);
    let tree = node.etc().join("tree");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/distributions");
    match fixture {
        NO_CONFIG => fs::create_dir_all(tree.join("etc/containerd")).expect("creates"),
        fixture => copy(&fixtures.join(fixture).join("host"), &tree),
    }
    let original = files(&tree);
    let own = own_part(&tree, start);
    let edit = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_containerd-edit"));
        let output = command
            .arg("--host-root")
            .arg(&tree)
            .args(arguments)
            .output();
        let output = output.expect("the command starts");
        assert!(
            output.status.success(),
            "{fixture}: {arguments:?}: {output:?}"
        );
    };
    let serves = |more: &[&str]| {
        let config = started(start, &tree, &own);
        fs::write(node.config_path(), &config).expect("writes");
        match node.verdict() {
            Verdict::Serves { handlers, default } => {
                let mut more: Vec<String> = more.iter().map(|&name| name.to_owned()).collect();
                more.retain(|name| !handlers.contains(name));
                assert!(
                    more.is_empty(),
                    "{fixture}: {more:?} not in {handlers:?}\n{config}"
                );
                (handlers, default)
            }
            other => panic!("{}, {fixture}: {other:?}\n{config}", release.name),
        }
    };
    let apply = |patch: &str| {
        let path = node.etc().join("patch");
        fs::write(&path, patch).expect("writes");
        edit(&["apply", "--prune", path.to_str().expect("UTF-8")]);
    };
    let before = serves(&["runc"]);
    apply(PATCHES[0]);
    let (_, default) = serves(&["runc", "kata-qemu", "youki"]);
    assert_eq!(default, before.1, "{fixture}");
    let installed = files(&tree);
    apply(PATCHES[0]);
    assert_eq!(files(&tree), installed, "{fixture}: a repeated run");
    apply(OTHER);
    apply(PATCHES[1]);
    let (handlers, default) = serves(&["runc", "kata-clh", "youki", "gvisor"]);
    assert!(!handlers.contains("kata-qemu"), "{fixture}: {handlers:?}");
    assert_eq!(default, before.1, "{fixture}");
    edit(&["remove", "--owner", "installer"]);
    let (handlers, default) = serves(&["runc", "gvisor"]);
    assert!(!handlers.contains("kata-clh"), "{fixture}: {handlers:?}");
    assert_eq!(default, before.1, "{fixture}");
    edit(&["remove", "--owner", "other"]);
    assert_eq!(files(&tree), original, "{fixture}");
    assert_eq!(serves(&["runc"]), before, "{fixture}");
}

/// k3s's own part: what it has generated, without what a template adds.
fn own_part(tree: &Path, start: Start) -> String {
    let Start::Template(template) = start else {
        return String::new();
    };
    let generated = fs::read_to_string(tree.join(K3S).join("config.toml")).expect("generated");
    let template = fs::read_to_string(tree.join(template)).unwrap_or_default();
    let rest = template.split_once("}}\n").map_or("", |(_, rest)| rest);
    generated
        .strip_suffix(rest)
        .expect("the template's rest")
        .to_owned()
}

/// Makes a test of each layout for each suite whose containerd reads its version.
macro_rules! lives {
    ($($name:ident $fixture:expr, $start:expr, $($suite:ident)+;)+) => {$(
        mod $name {
            use super::Start;
            $(
                #[test]
                #[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
                fn $suite() {
                    super::whole_lives(stringify!($suite), $fixture, $start);
                }
            )+
        }
    )+};
}

lives! {
    containerd "containerd", Start::Plain("etc/containerd/config.toml"), bookworm trixie forky;
    no_config super::NO_CONFIG, Start::Plain("etc/containerd/config.toml"), bookworm trixie forky;
    aks "aks", Start::Plain("etc/containerd/config.toml"), forky;
    k3s_drop_in "k3s-drop-in", Start::Plain("var/lib/rancher/k3s/agent/etc/containerd/config.toml"), forky;
    k3s_no_template "k3s-no-template", Start::Template("var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.tmpl"), forky;
    k3s_template "k3s-template", Start::Template("var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl"), bookworm trixie forky;
    rke2 "rke2", Start::Plain("var/lib/rancher/rke2/agent/etc/containerd/config.toml"), forky;
    k0s "k0s", Start::Merge, bookworm trixie forky;
    k0s_v3 "k0s-v3", Start::Merge, forky;
    k0s_unmanaged "k0s-unmanaged", Start::Plain("etc/k0s/containerd.toml"), bookworm trixie forky;
    microk8s "microk8s", Start::FillIn("var/snap/microk8s/current/args/containerd-template.toml"), bookworm trixie forky;
}
