//! Each distribution's layout: install, repeat, upgrade, uninstall on a host's tree, and nothing
//! but the right file is touched.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use containerd_edit::Release;
use containerd_edit::model::{ConfigFiles, Host, Verdict, load};
use tempfile::TempDir;

use crate::folders::copy;
use crate::tool::{Run, drop_comments, tool};

const FIRST: &str = "[handlers.kata-qemu]\npreset = 'kata'\n[handlers.kata-fc]\npreset = 'kata'\n";
const SECOND: &str = "[handlers.kata-qemu]\npreset = 'kata'\n[handlers.kata-clh]\npreset = 'kata'\n\
    [debug]\nlevel = 'info'\n";
const OTHER: &str = "[handlers.youki]\n";

/// A copy of a host's tree.
struct Tree {
    folder: TempDir,
}

/// What a fixture is edited in, and what is told to do then.
struct Layout {
    fixture: &'static str,
    edited: &'static str,
    next_step: &'static str,
}

const K3S: &str = "var/lib/rancher/k3s/agent/etc/containerd";
const LAYOUTS: [Layout; 10] = [
    Layout {
        fixture: "containerd",
        edited: "etc/containerd/config.toml",
        next_step: "systemctl restart containerd",
    },
    Layout {
        fixture: "aks",
        edited: "etc/containerd/config.toml",
        next_step: "systemctl restart containerd",
    },
    Layout {
        fixture: "k3s-drop-in",
        edited: "var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/50-kata-deploy.toml",
        next_step: "systemctl restart k3s-agent",
    },
    Layout {
        fixture: "k3s-no-template",
        edited: "var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.tmpl",
        next_step: "systemctl restart k3s",
    },
    Layout {
        fixture: "k3s-template",
        edited: "var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl",
        next_step: "systemctl restart k3s",
    },
    Layout {
        fixture: "rke2",
        edited: "var/lib/rancher/rke2/agent/etc/containerd/config-v3.toml.d/50-kata-deploy.toml",
        next_step: "systemctl restart rke2-agent",
    },
    Layout {
        fixture: "k0s",
        edited: "etc/k0s/containerd.d/50-kata-deploy.toml",
        next_step: "k0s restarts containerd by itself",
    },
    Layout {
        fixture: "k0s-v3",
        edited: "etc/k0s/containerd.d/50-kata-deploy.toml",
        next_step: "k0s restarts containerd by itself",
    },
    Layout {
        fixture: "k0s-unmanaged",
        edited: "etc/k0s/containerd.toml",
        next_step: "systemctl restart k0sworker",
    },
    Layout {
        fixture: "microk8s",
        edited: "var/snap/microk8s/current/args/containerd-template.toml",
        next_step: "systemctl restart snap.microk8s.daemon-containerd",
    },
];

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/distributions");
    fixtures.join(name).join("host")
}

/// The files below a folder, without what the tool keeps beside a config.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("readable") {
            let path = entry.expect("an entry").path();
            let extension = path.extension().and_then(|it| it.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if !matches!(extension, Some("last" | "lock" | "log" | "prev" | "owners")) {
                let name = path.strip_prefix(folder).expect("below").to_owned();
                found.insert(name, fs::read(path).expect("readable"));
            }
        }
    }
    found
}

impl Tree {
    fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&fixture(name), &folder.path().join("host"));
        Self { folder }
    }

    fn host(&self) -> PathBuf {
        self.folder.path().join("host")
    }

    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files(&self.host())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tool();
        command.arg("--host-root").arg(self.host()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    fn apply(&self, owner: &str, wanted: &str) -> Command {
        let path = self.folder.path().join(format!("{owner}.patch"));
        fs::write(&path, format!("owner = '{owner}'\n{wanted}")).expect("writes");
        self.command(&["apply", "--prune", path.to_str().expect("UTF-8")])
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.host().join(path)).expect("readable")
    }

    /// What the tree's only changed or new file is, compared with `before`.
    #[track_caller]
    fn only_change(&self, before: &BTreeMap<PathBuf, Vec<u8>>) -> PathBuf {
        let now = self.files();
        let mut changed = now
            .iter()
            .filter(|(path, bytes)| before.get(*path) != Some(*bytes));
        let (path, _) = changed.next().expect("something has changed");
        assert_eq!(
            changed.next().map(|(path, _)| path),
            None,
            "and {}",
            path.display()
        );
        assert!(
            before.keys().all(|path| now.contains_key(path)),
            "nothing has gone"
        );
        path.clone()
    }
}

/// Compares what was installed with `installed` beside the tree; with `GOLDEN=overwrite` in the
/// environment that is written instead: read the diff before you commit it.
#[track_caller]
fn golden(name: &str, found: &str) {
    let path = fixture(name).with_file_name("installed");
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "overwrite") {
        fs::write(&path, found).expect("the golden file is written");
    }
    let wanted = fs::read_to_string(&path).expect("each tree has its golden file");
    assert_eq!(found, wanted, "{}", path.display());
}

#[test]
fn whole_lives_on_every_layout() {
    for layout in LAYOUTS {
        let tree = Tree::of(layout.fixture);
        let original = tree.files();
        let fails = |what: &str| format!("{}: {what}", layout.fixture);

        let run = Run::of(&mut tree.apply("kata-deploy", FIRST)).exits(0);
        assert!(
            run.stdout.contains(layout.next_step),
            "{}: {run:#?}",
            layout.fixture
        );
        let edited = tree.only_change(&original);
        assert_eq!(edited, Path::new(layout.edited), "{}", layout.fixture);
        let installed = tree.files();
        golden(layout.fixture, &tree.text(layout.edited));

        let run = Run::of(&mut tree.apply("kata-deploy", FIRST)).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:#?}");
        let code = Run::of(
            tree.apply("kata-deploy", FIRST)
                .args(["--dry-run", "--exit-code"]),
        );
        code.exits(0);
        assert_eq!(
            tree.files(),
            installed,
            "{}",
            fails("a repeated run changes nothing")
        );

        Run::of(&mut tree.apply("wasm", OTHER)).exits(0);
        Run::of(&mut tree.apply("kata-deploy", SECOND)).exits(0);
        let text = tree.text(layout.edited);
        assert!(
            text.contains("kata-clh") && !text.contains("kata-fc"),
            "{text}"
        );
        Run::of(
            tree.apply("kata-deploy", SECOND)
                .args(["--dry-run", "--exit-code"]),
        )
        .exits(0);

        tree.run(&["remove", "--owner", "kata-deploy"]).exits(0);
        tree.run(&["remove", "--owner", "wasm"]).exits(0);
        assert_eq!(tree.files(), original, "{}", fails("not the original"));
        let left = fs::read_dir(tree.host().join("etc/k0s/containerd.d"));
        let left: Vec<_> = left.into_iter().flatten().flatten().collect();
        assert!(
            left.len() <= 1,
            "{left:?}: nothing but the final file in a watched folder"
        );
    }
}

/// Nothing but the tool's own is in the file from one release to the next.
#[test]
fn a_node_without_a_config_lives_a_whole_life() {
    let keys = "[debug]\nlevel = 'debug'\n";
    let renamed = SECOND.replace("kata-", "next-");
    for releases in [[FIRST, &renamed], [FIRST, keys], [keys, &renamed]] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let tree = Tree { folder };
        fs::create_dir_all(tree.host().join("etc/containerd")).expect("creates");
        let apply = |release| Run::of(&mut tree.apply("kata-deploy", release)).exits(0);
        let run = apply(releases[0]);
        assert!(run.stdout.contains("created the file"), "{run:#?}");
        assert!(apply(releases[0]).stdout.contains("nothing to do"));
        let upgrade = apply(releases[1]);
        for (release, verb) in [(releases[0], "removed"), (releases[1], "added")] {
            let is_said = upgrade.stdout.contains(verb);
            assert_eq!(is_said, release != keys, "{verb}: {upgrade:#?}");
        }
        assert!(apply(releases[1]).stdout.contains("nothing to do"));
        let text = tree.text("etc/containerd/config.toml");
        assert!(!text.contains("kata-qemu"), "{text}");
        tree.run(&["remove", "--owner", "kata-deploy"]).exits(0);
        assert_eq!(tree.files(), BTreeMap::new());
    }
}

/// k3s makes its config of the template; this is what it would be.
fn rendered(template: &str, base: &str) -> String {
    template.replace("{{ template \"base\" . }}\n", base)
}

/// Checks that these handlers are loaded, and no others.
#[track_caller]
fn loads(text: &str, names: &[&str]) {
    let files = ConfigFiles::new("/etc/containerd/config.toml", text);
    let releases = ["2.0", "2.1", "2.3"].map(|it| it.parse::<Release>().expect("a release"));
    for release in releases {
        match load(&files, release, &Host::default()) {
            Verdict::Serves { handlers, .. } => {
                assert_eq!(handlers.keys().collect::<Vec<_>>(), names, "{release}");
            }
            other => panic!("{release}: {other:?}\n{text}"),
        }
    }
}

#[test]
fn what_k3s_makes_of_the_template_serves() {
    let tree = Tree::of("k3s-no-template");
    let base = tree.text(&format!("{K3S}/config.toml"));
    tree.run(&["add", "gvisor"]).exits(0);
    let template = tree.text(&format!("{K3S}/config-v3.toml.tmpl"));
    assert!(
        template.starts_with("{{ template \"base\" . }}\n# containerd-edit owner=manual\n[plugins"),
        "{template}"
    );
    loads(&rendered(&template, &base), &["gvisor", "runc"]);
    // Once k3s has been started with it, that is the config.
    let config = tree.host().join(K3S).join("config.toml");
    fs::write(&config, rendered(&template, &base)).expect("writes");
    assert!(tree.run(&["list"]).exits(0).stdout.contains("gvisor"));
    let run = tree.run(&["add", "gvisor"]).exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:#?}");
    tree.run(&["add", "youki"]).exits(0);
    let template = tree.text(&format!("{K3S}/config-v3.toml.tmpl"));
    loads(&rendered(&template, &base), &["gvisor", "runc", "youki"]);
    tree.run(&["remove", "gvisor", "youki"]).exits(0);
    assert!(!tree.host().join(K3S).join("config-v3.toml.tmpl").exists());
}

#[test]
fn a_template_can_not_say_again_what_k3s_says() {
    let tree = Tree::of("k3s-template");
    let before = tree.files();
    let run = tree.run(&["add", "gvisor", "--default"]).exits(78);
    assert!(
        run.stderr.contains("k3s's own part has this already"),
        "{run:#?}"
    );
    assert!(run.stderr.contains("--default-runtime"), "{run:#?}");
    assert_eq!(tree.files(), before);
    let run = tree.run(&["add", "gvisor", "--drop-in"]).exits(2);
    assert!(run.stderr.contains("reads no drop-ins"), "{run:#?}");
}

/// Nothing would import it, and nobody can have it imported.
#[test]
fn where_the_distribution_writes_the_config_a_drop_in_has_its_place() {
    for (name, folder) in [
        ("k3s-drop-in", format!("/{K3S}/config-v3.toml.d")),
        (
            "rke2",
            "/var/lib/rancher/rke2/agent/etc/containerd/config-v3.toml.d".to_owned(),
        ),
        ("k0s", "/etc/k0s/containerd.d".to_owned()),
    ] {
        let tree = Tree::of(name);
        let before = tree.files();
        for path in [
            "x.toml",
            "/etc/x.toml",
            &format!("{folder}/deeper/x.toml"),
            &format!("{folder}/x"),
        ] {
            let flag = format!("--drop-in={path}");
            let run = tree.run(&["add", "gvisor", &flag]).exits(2);
            assert!(
                run.stderr.contains("no file of this node imports it"),
                "{run:#?}"
            );
            let hint = format!("leave the path out for {folder}/50-manual.toml");
            assert!(run.stderr.contains(&hint), "{run:#?}");
        }
        let run = tree.run(&["add", "gvisor", "--no-drop-in"]).exits(2);
        assert!(
            run.stderr.contains("hint: leave --no-drop-in out"),
            "{run:#?}"
        );
        assert_eq!(tree.files(), before);
        let path = format!("{folder}/60-x.toml");
        tree.run(&["add", "gvisor", "--drop-in", &path]).exits(0);
        assert_eq!(tree.only_change(&before), Path::new(&path[1..]));
        // Its place is kept.
        tree.run(&["add", "youki"]).exits(0);
        assert_eq!(tree.only_change(&before), Path::new(&path[1..]));
        tree.run(&["remove", "--owner", "manual"]).exits(0);
        assert_eq!(tree.files(), before);
        assert_eq!(tree.host().join(&folder[1..]).exists(), name == "k0s");
    }
}

/// k3s need not be started anew between two edits.
#[test]
fn what_k3s_says_is_known_before_it_was_started_with_the_template() {
    let tree = Tree::of("k3s-template");
    let before = tree.files();
    for name in ["gvisor", "youki"] {
        let run = tree.run(&["add", name]).exits(0);
        assert_eq!(run.stderr, "", "{run:#?}");
    }
    // What k3s says already need not be said again, and can't be otherwise.
    let known = tree.files();
    let run = tree.run(&["add", "runc"]).exits(0);
    assert!(run.stdout.contains("nothing to change"), "{run:#?}");
    assert_eq!(tree.files(), known);
    let run = tree
        .run(&["add", "runc", "--set", "options.BinaryName=/x"])
        .exits(78);
    assert!(
        run.stderr.contains("k3s's own part has this already"),
        "{run:#?}"
    );
    tree.run(&["remove", "gvisor", "youki"]).exits(0);
    assert_eq!(tree.files(), before);
}

#[test]
fn other_directives_are_left_alone_or_refused_with_their_place() {
    let tree = Tree::of("k3s-template");
    let template = tree.host().join(K3S).join("config.toml.tmpl");
    let original = fs::read_to_string(&template).expect("readable");
    let with =
        format!("{{{{/* ours */}}}}\n{original}\n[metrics]\n  address = \"{{{{ .Address }}}}\"\n");
    fs::write(&template, &with).expect("writes");
    tree.run(&["add", "gvisor"]).exits(0);
    let edited = fs::read_to_string(&template).expect("readable");
    for line in with.lines() {
        assert!(edited.contains(line), "{line}: {edited}");
    }
    tree.run(&["remove", "gvisor"]).exits(0);
    assert_eq!(fs::read_to_string(&template).expect("readable"), with);

    let with = format!("{original}\n{{{{ if .IsRunningInUserNS }}}}\n[debug]\n{{{{ end }}}}\n");
    fs::write(&template, &with).expect("writes");
    let run = tree.run(&["add", "gvisor"]).exits(78);
    assert!(run.stderr.contains("the directive `if`"), "{run:#?}");
    assert!(run.stderr.contains("config.toml.tmpl:10:1"), "{run:#?}");
    assert_eq!(fs::read_to_string(&template).expect("readable"), with);
    // Go does not know of comments.
    fs::write(&template, with.replace("{{ ", "# {{ ")).expect("writes");
    let run = tree.run(&["add", "gvisor"]).exits(78);
    assert!(run.stderr.contains("config.toml.tmpl:1:3"), "{run:#?}");
}

/// What the distribution makes of a broken template is not known, nor whether one that only it can read
/// is broken.
#[test]
fn a_broken_template_is_put_back() {
    let tree = Tree::of("k3s-no-template");
    let before = tree.files();
    tree.run(&["add", "kata", "--owner", "b"]).exits(0);
    let template = tree.host().join(K3S).join("config-v3.toml.tmpl");
    let good = fs::read_to_string(&template).expect("readable");
    fs::write(&template, format!("{good}[")).expect("writes");
    let run = tree.run(&["restore"]).exits(0);
    assert!(!run.stdout.contains("serves all the same"), "{run:#?}");
    assert_eq!(fs::read_to_string(&template).expect("readable"), good);
    let theirs = format!("{good}a{{{{ if }}}}\n");
    fs::write(&template, &theirs).expect("writes");
    let run = tree.run(&["restore"]).exits(78);
    assert!(run.stderr.contains(" restore --from last`"), "{run:#?}");
    assert_eq!(fs::read_to_string(&template).expect("readable"), theirs);
    tree.run(&["restore", "--from", "last"]).exits(0);
    assert_eq!(fs::read_to_string(&template).expect("readable"), good);
    tree.run(&["remove", "--owner", "b"]).exits(0);
    let broken = |path: &Path| path.to_string_lossy().contains(".broken-");
    let mut after = tree.files();
    after.retain(|path, _| !broken(path));
    assert_eq!(after, before);
}

/// k3s carries directives out wherever they stand: in values, in keys, in comments.
#[test]
fn no_directive_comes_into_a_template() {
    for name in ["k3s-template", "k3s-no-template"] {
        let tree = Tree::of(name);
        let before = tree.files();
        for wanted in [
            "[handlers.bar]\nruntime_type = 'b.v2'\noptions.A = '{{ if x }}'\n",
            "[handlers.bar]\npreset = 'kata'\noptions.ConfigPath = '/opt/{{ .X }}'\n",
            "[handlers.bar]\npreset = 'kata'\noptions.ConfigPath = \"\\u007b\\u007b\"\n",
            "[handlers.bar]\npreset = 'kata'\noptions.'{{ .X }}' = 1\n",
            "[handlers.bar]\npreset = 'kata'\npod_annotations = ['{{- .X -}}']\n",
            "[proxy_plugins.'{{ .X }}']\ntype = 'snapshot'\naddress = '/a'\n",
            "[debug]\naddress = '/run/{{ .X }}'\n",
        ] {
            let run = Run::of(&mut tree.apply("x", wanted)).exits(78);
            assert!(
                run.stderr.contains("for a directive, and carry it out: {{"),
                "{run:#?}"
            );
            assert!(
                run.stderr.contains("hint: leave `{{` out of it"),
                "{run:#?}"
            );
            assert_eq!(tree.files(), before, "{wanted}");
        }
        // One brace is none, and drop-ins are no templates.
        let wanted = "[handlers.bar]\npreset = 'kata'\noptions.A = '{ .X }}'\n";
        Run::of(&mut tree.apply("x", wanted)).exits(0);
        tree.run(&["remove", "--owner", "x"]).exits(0);
        assert_eq!(tree.files(), before);
    }
    let tree = Tree::of("k3s-drop-in");
    let before = tree.files();
    tree.run(&["add", "kata", "--set", "options.A='{{ .X }}'"])
        .exits(0);
    tree.run(&["remove", "kata"]).exits(0);
    assert_eq!(tree.files(), before);
}

/// Somebody's own directive is set aside with the value that it stands in, and comes back.
#[test]
fn a_directive_that_is_there_stays_one() {
    let tree = Tree::of("k3s-template");
    let template = tree.host().join(K3S).join("config.toml.tmpl");
    let mut text = fs::read_to_string(&template).expect("readable");
    text.push_str("[debug]\n  address = '/run/{{ .Node \"x\" }}'\n");
    fs::write(&template, &text).expect("writes");
    Run::of(&mut tree.apply("x", "[debug]\naddress = '/run/x'\n[handlers.youki]\n")).exits(0);
    let edited = fs::read_to_string(&template).expect("readable");
    assert!(
        edited.ends_with("[debug]\n  address = \"/run/x\"\n"),
        "{edited}"
    );
    tree.run(&["remove", "--owner", "x"]).exits(0);
    assert_eq!(fs::read_to_string(&template).expect("readable"), text);
}

/// Whichever file a distribution has containerd read its version from.
#[test]
fn nothing_is_added_for_a_release_that_does_not_read_what_the_distribution_writes() {
    let named = ["--containerd-version", "1.7"];
    for name in ["k3s-drop-in", "k3s-no-template", "rke2", "k0s-v3"] {
        let tree = Tree::of(name);
        let before = tree.files();
        let run = tree
            .run(&[&["add", "youki"], &named[..]].concat())
            .exits(78);
        let said = "containerd 1.7 does not read config version 3";
        assert!(run.stderr.contains(said), "{name}: {run:#?}");
        assert_eq!(tree.files(), before, "{name}");
        tree.run(&["add", "youki", "--containerd-version", "2.1"])
            .exits(0);
        let run = tree
            .run(&[&["remove", "youki"], &named[..]].concat())
            .exits(0);
        assert!(run.stderr.contains(said), "{name}: {run:#?}");
        assert_eq!(tree.files(), before, "{name}");
    }
}

#[test]
fn an_unmanaged_k0s_config_is_said() {
    let tree = Tree::of("k0s-unmanaged");
    let run = tree.run(&["add", "gvisor"]).exits(0);
    assert!(
        run.stderr.contains("k0s does not manage this config"),
        "{run:#?}"
    );
}

/// `/run/k0s` is not mounted, or k0s has not been started yet.
#[test]
fn what_k0s_imports_may_be_out_of_sight() {
    let tree = Tree::of("k0s");
    fs::remove_dir_all(tree.host().join("run")).expect("removes");
    let before = tree.files();
    for wanted in ["default = 'nope'", "[debug]\nlevel = 'loud'"] {
        let run = Run::of(&mut tree.apply("x", wanted)).exits(78);
        assert!(run.stderr.contains("mount the host's /run/k0s"), "{run:#?}");
        assert_eq!(tree.files(), before);
    }
    let run = Run::of(&mut tree.apply("x", "[handlers.crun]")).exits(0);
    assert!(run.stderr.contains("mount the host's /run/k0s"), "{run:#?}");
}

#[test]
fn microk8s_strings_are_not_touched() {
    let tree = Tree::of("microk8s");
    let path = "var/snap/microk8s/current/args/containerd-template.toml";
    let before = tree.text(path);
    tree.run(&["add", "gvisor", "--default"]).exits(0);
    let after = tree.text(path);
    assert_eq!(
        before.matches("${").count(),
        after.matches("${").count() + 1,
        "one is in the ledger"
    );
    assert!(before.contains("default_runtime_name = \"${RUNTIME}\"\n"));
    assert!(after.contains("default_runtime_name = \"gvisor\"\n"));
    assert!(tree.run(&["check"]).exits(0).stdout.contains("serves"));
    tree.run(&["remove", "gvisor"]).exits(0);
    assert_eq!(tree.text(path), before);
}

#[test]
fn what_can_not_be_edited_is_refused_with_what_to_do_there() {
    for (fixture, exit, word) in [
        ("bottlerocket", 78, "settings"),
        ("talos", 78, "machine config"),
        ("gke", 78, "GKE Sandbox"),
        ("ambiguous", 66, "--distribution containerd|k3s"),
    ] {
        let tree = Tree::of(fixture);
        let before = tree.files();
        let run = tree.run(&["add", "kata"]).exits(exit);
        assert!(run.stderr.contains(word), "{run:#?}");
        let run = tree.run(&["-o", "json", "add", "kata"]).exits(exit);
        assert!(
            run.stdout.starts_with("{\"schema\":1,\"error\":"),
            "{run:#?}"
        );
        assert_eq!(tree.files(), before);
    }
    let tree = Tree::of("ambiguous");
    let run = tree.run(&["--distribution", "k3s", "add", "kata"]).exits(0);
    assert!(run.stdout.contains("restart k3s"), "{run:#?}");
    let run = tree
        .run(&["--distribution", "rke2", "add", "kata"])
        .exits(66);
    assert!(
        run.stderr.contains("this host does not run RKE2"),
        "{run:#?}"
    );
    let run = tree.run(&["--distribution", "rancher", "list"]).exits(2);
    assert!(
        run.stderr.contains("containerd, k3s, rke2, k0s, microk8s"),
        "{run:#?}"
    );
}

/// The lock and what is kept of earlier texts.
#[test]
fn a_watched_folder_sees_nothing_but_the_drop_in() {
    let tree = Tree::of("k0s");
    tree.run(&["add", "kata"]).exits(0);
    tree.run(&["add", "spin"]).exits(0);
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(tree.host().join(folder)).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|it| it.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("etc/k0s/containerd.d"), ["50-manual.toml", "README"]);
    assert_eq!(
        names("etc/k0s"),
        [
            "containerd.d",
            "containerd.d%2F50-manual.toml.last",
            "containerd.d%2F50-manual.toml.prev",
            "containerd.toml",
            "containerd.toml.lock",
            "containerd.toml.log",
            "containerd.toml.owners",
            "containerd.toml.owners.prev"
        ]
    );
}

/// Where each owner has a file of its own, and the config is the distribution's.
const DROP_INS: [&str; 4] = ["k3s-drop-in", "rke2", "k0s", "k0s-v3"];

#[test]
fn an_owner_leaves_whatever_other_owners_have_made_of_its_handlers() {
    for name in DROP_INS {
        for owners in [["a", "b"], ["b", "a"]] {
            let tree = Tree::of(name);
            let original = tree.files();
            let [first, second] = owners;
            let other = "default = 'kata'\n[handlers.spin]\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n";
            Run::of(&mut tree.apply(first, "[handlers.kata]\n")).exits(0);
            let installed = tree.files();
            Run::of(&mut tree.apply(second, other)).exits(0);
            let run = tree.run(&["remove", "--owner", first]).exits(0);
            let said = format!("{second} wants kata as the default, which is not listed");
            assert!(run.stderr.contains(&said), "{name}: {run:#?}");
            // It wants it again, and has it once the handler is there.
            let again = Run::of(&mut tree.apply(second, other));
            let again = again.exits(78);
            assert!(again.stderr.contains("kata"), "{again:#?}");
            Run::of(&mut tree.apply(first, "[handlers.kata]\n")).exits(0);
            Run::of(&mut tree.apply(second, other)).exits(0);
            tree.run(&["remove", "--owner", second]).exits(0);
            assert_eq!(tree.files(), installed, "{name}");
            tree.run(&["remove", "--owner", first]).exits(0);
            assert_eq!(tree.files(), original, "{name}");
        }
    }
}

#[test]
fn a_handler_goes_by_name_from_any_drop_in_of_this_tool() {
    for name in DROP_INS {
        let tree = Tree::of(name);
        let original = tree.files();
        Run::of(&mut tree.apply("a", "[handlers.kata]\n")).exits(0);
        let run = tree.run(&["remove", "kata", "--owner", "a"]).exits(0);
        assert!(run.stdout.contains("removed kata"), "{name}: {run:#?}");
        assert_eq!(tree.files(), original, "{name}");
        // The distribution's own stays, and is not said to be gone.
        let run = tree.run(&["remove", "runc"]).exits(0);
        let said = "runc stays listed: the distribution writes it to ";
        assert!(run.stderr.contains(said), "{run:#?}");
        assert!(run.stdout.contains("nothing to do"), "{run:#?}");
        assert_eq!(tree.files(), original, "{name}");
    }
    for name in ["k3s-template", "k3s-no-template"] {
        let tree = Tree::of(name);
        let run = tree.run(&["remove", "runc"]).exits(0);
        assert!(run.stderr.contains("runc stays listed"), "{run:#?}");
        let run = tree.run(&["remove", "kata"]).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:#?}");
    }
}

#[test]
fn a_drop_in_whose_comments_are_gone_goes_with_its_owner() {
    for name in DROP_INS {
        for leave in [
            &["remove", "--owner", "a"][..],
            &["remove", "kata", "--owner", "a"],
        ] {
            let tree = Tree::of(name);
            Run::of(&mut tree.apply("b", "[handlers.spin]\n")).exits(0);
            let before = tree.files();
            Run::of(&mut tree.apply(
                "a",
                "[handlers.kata]\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n",
            ))
            .exits(0);
            let mut changed = tree.files().into_keys();
            let drop_in = changed.find(|path| !before.contains_key(path));
            drop_comments(&tree.host().join(drop_in.expect("a drop-in")));
            let run = tree.run(leave).exits(0);
            assert!(run.stdout.contains("removed kata"), "{name}: {run:#?}");
            assert_eq!(run.stderr, "", "{name}");
            tree.run(&["remove", "--owner", "a"]).exits(0);
            assert_eq!(tree.files(), before, "{name}");
        }
    }
}

/// Two owners want it then, where it stands.
#[test]
fn a_handler_is_taken_over_from_another_drop_in() {
    for name in DROP_INS {
        let tree = Tree::of(name);
        let original = tree.files();
        Run::of(&mut tree.apply("z-old", "[handlers.kata]\nsnapshotter = 'old'\n")).exits(0);
        let run = Run::of(&mut tree.apply("b", "[handlers.kata]\n")).exits(78);
        assert!(run.stderr.contains("kata belongs to z-old"), "{run:#?}");
        let wanted = "[handlers.kata]\nsnapshotter = 'new'\n";
        let run = Run::of(tree.apply("b", wanted).arg("--take-over")).exits(0);
        assert!(run.stdout.contains("changed kata"), "{name}: {run:#?}");
        let files = tree.files();
        let mut changed = files
            .iter()
            .filter(|(path, _)| !original.contains_key(*path));
        let (path, text) = changed.next().expect("a drop-in");
        assert!(path.ends_with("50-z-old.toml"), "{}", path.display());
        assert!(String::from_utf8_lossy(text).contains("snapshotter = \"new\""));
        assert!(changed.next().is_none());
        tree.run(&["remove", "--owner", "z-old"]).exits(0);
        assert!(tree.files()[path] != *text, "it is b's alone");
        tree.run(&["remove", "--owner", "b"]).exits(0);
        assert_eq!(tree.files(), original, "{name}");
    }
}

#[test]
fn what_another_drop_in_says_instead_is_told() {
    for name in DROP_INS {
        let tree = Tree::of(name);
        let older = "default = 'kata'\n[handlers.kata]\n";
        Run::of(&mut tree.apply("z", older)).exits(0);
        let newer = "default = 'spin'\n[handlers.spin]\n";
        let run = Run::of(&mut tree.apply("a", newer)).exits(0);
        assert!(
            run.stdout.contains("the default handler is now spin"),
            "{name}: {run:#?}"
        );
        for _ in 0..2 {
            let run = Run::of(tree.apply("z", older).arg("--exit-code")).exits(0);
            let said = "default_runtime_name stays \"spin\", not \"kata\"";
            assert!(run.stderr.contains(said), "{name}: {run:#?}");
            assert!(!run.stdout.contains("default handler"), "{name}: {run:#?}");
        }
    }
}

#[test]
fn status_tells_of_the_drop_ins_and_whose_they_are() {
    for name in DROP_INS {
        let tree = Tree::of(name);
        Run::of(&mut tree.apply("a", "[handlers.kata]\n")).exits(0);
        Run::of(&mut tree.apply("b", "[handlers.spin]\n")).exits(0);
        let status = tree.run(&["status"]).exits(0).stdout;
        let lines: Vec<&str> = status.lines().collect();
        for (owner, handler) in [("a", "kata"), ("b", "spin")] {
            let at = lines.iter().position(|line| {
                line.starts_with("drop-in: ") && line.ends_with(&format!(", created for {owner}"))
            });
            let below = &lines[at.expect(&status) + 1..];
            let told = below.iter().find(|line| line.contains(handler));
            assert!(
                told.expect(&status).ends_with(&format!(" {owner}")),
                "{status}"
            );
        }
        let status = tree.run(&["status", "-o", "json"]).exits(0).stdout;
        let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
        let drop_ins = status["drop_ins"].as_array().expect("an array");
        assert_eq!(drop_ins.len(), 2, "{status}");
        assert_eq!(drop_ins[1]["created_for"], "b");
        let handlers = drop_ins[1]["handlers"].as_array().expect("an array");
        let last = handlers.last().expect("one");
        assert_eq!(
            (&last["name"], &last["owner"]),
            (&"spin".into(), &"b".into())
        );
    }
    for name in ["k3s-template", "k3s-no-template"] {
        let tree = Tree::of(name);
        tree.run(&["add", "gvisor"]).exits(0);
        let status = tree.run(&["status"]).exits(0).stdout;
        assert!(status.contains("gvisor  manual\n"), "{status}");
    }
}

#[test]
fn stdout_gets_the_file_that_would_be_written() {
    for name in DROP_INS {
        let tree = Tree::of(name);
        let run = tree.run(&["add", "gvisor", "--stdout"]).exits(0);
        assert_eq!(tree.files(), Tree::of(name).files());
        tree.run(&["add", "gvisor"]).exits(0);
        let written = tree
            .files()
            .into_iter()
            .find(|(path, _)| path.ends_with("50-manual.toml"));
        let (path, written) = written.expect("it is written");
        assert_eq!(run.stdout.as_bytes(), written, "{name}");
        // One of somebody else is no answer.
        let run = tree
            .run(&["remove", "--owner", "manual", "--stdout"])
            .exits(0);
        assert_eq!(run.stdout, "");
        Run::of(&mut tree.apply("b", "default = 'spin'\n[handlers.spin]\n")).exits(0);
        tree.run(&["set-default", "gvisor"]).exits(0);
        let run = tree
            .run(&["remove", "--owner", "manual", "--stdout"])
            .exits(2);
        let said = "this edit changes both";
        let names = run.stderr.contains(said) && run.stderr.contains("50-b.toml\n");
        assert!(names, "{run:#?}");
        assert_eq!(tree.files()[&path], written);
    }
}

/// Also where the template was there before, and is no TOML.
#[test]
fn an_edit_of_any_layout_is_undone_to_the_byte() {
    for name in [
        "k3s-template",
        "k3s-no-template",
        "k3s-drop-in",
        "k0s",
        "microk8s",
    ] {
        let tree = Tree::of(name);
        for runtime in ["youki", "gvisor"] {
            let before = tree.files();
            tree.run(&["add", runtime]).exits(0);
            assert_ne!(tree.files(), before, "{name}: {runtime}");
            let run = tree.run(&["undo"]).exits(0);
            assert_eq!(tree.files(), before, "{name}: {runtime}: {run:?}");
            // Then upon an edit of this tool.
            tree.run(&["add", runtime]).exits(0);
        }
    }
}

/// k3s would declare it a second time at its next start, and the node would be down.
#[test]
fn what_k3s_lists_by_itself_does_not_come_into_a_template() {
    let tree = Tree::of("k3s-template");
    let before = tree.files();
    for name in ["nvidia", "spin", "wasmtime"] {
        let run = tree.run(&["add", name]).exits(78);
        let said = format!("k3s lists {name} by itself as soon as it finds its program");
        assert!(run.stderr.contains(&said), "{run:#?}");
        let hint = format!("hint: install the program of {name} and restart k3s");
        assert!(run.stderr.contains(&hint), "{run:#?}");
        assert_eq!(tree.files(), before);
    }
    // The user's own is there already, and k3s has started with it.
    let crun = ["add", "crun", "--set", "runtime_path=/x", "--take-over"];
    tree.run(&crun).exits(0);
    tree.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(tree.files(), before);
    // Drop-ins may say it again.
    for name in ["k3s-drop-in", "rke2"] {
        let tree = Tree::of(name);
        tree.run(&["add", "spin"]).exits(0);
    }
}

const NVIDIA: &str = "
[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.\"nvidia\"]
  runtime_type = \"io.containerd.runc.v2\"
[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.\"nvidia\".options]
  BinaryName = \"/usr/bin/nvidia-container-runtime\"
  SystemdCgroup = true
";

/// It found the program when it was started last.
#[test]
fn what_k3s_lists_as_it_is_wanted_is_left_to_k3s() {
    let tree = Tree::of("k3s-template");
    let generated = tree.host().join(K3S).join("config.toml");
    let without = fs::read_to_string(&generated).expect("readable");
    fs::write(&generated, format!("{without}{NVIDIA}")).expect("writes");
    let before = tree.files();
    let add = ["add", "nvidia", "--owner", "gpu"];
    let run = tree.run(&add).exits(0);
    assert!(run.stdout.contains("nothing to change"), "{run:#?}");
    assert!(tree.run(&add).exits(0).stdout.contains("nothing to do"));
    let otherwise = [&add[..], &["--set", "options.BinaryName=/x"]].concat();
    let run = tree.run(&otherwise).exits(78);
    assert!(
        run.stderr.contains("a template can't say it again"),
        "{run:#?}"
    );
    assert_eq!(tree.files(), before);
    // It stays, whoever removes it, and however often.
    for remove in [
        &["remove", "nvidia", "--owner", "gpu"][..],
        &["remove", "nvidia"],
        &["remove", "nvidia", "runc", "kata"],
        &["remove", "--owner", "gpu"],
    ] {
        let run = tree.run(remove).exits(0);
        assert!(run.stdout.contains("nothing to "), "{run:#?}");
        assert_eq!(tree.files(), before, "{remove:?}");
    }
    let run = tree.run(&["remove", "nvidia"]).exits(0);
    assert!(run.stderr.contains("nvidia stays listed"), "{run:#?}");

    // The program has gone since.
    tree.run(&add).exits(0);
    fs::write(&generated, &without).expect("writes");
    let run = tree.run(&add).exits(78);
    assert!(
        run.stderr.contains("k3s lists nvidia by itself"),
        "{run:#?}"
    );
    tree.run(&["remove", "--owner", "gpu"]).exits(0);
    assert_eq!(tree.text(&format!("{K3S}/config.toml")), without);
}

#[test]
fn an_uninstall_does_not_mind_what_it_does_not_touch() {
    let tree = Tree::of("k3s-template");
    let template = tree.host().join(K3S).join("config.toml.tmpl");
    let original = fs::read_to_string(&template).expect("readable");
    tree.run(&["add", "gvisor", "--owner", "g"]).exits(0);
    let with = fs::read_to_string(&template).expect("readable");
    for theirs in [
        "\n{{ if .IsRunningInUserNS }}\n[metrics]\n{{ end }}\n",
        "\n# {{ range .X }}\n",
    ] {
        fs::write(&template, format!("{with}{theirs}")).expect("writes");
        let run = tree.run(&["add", "youki", "--owner", "y"]).exits(78);
        assert!(
            run.stderr.contains("decides what becomes of other lines"),
            "{run:#?}"
        );
        tree.run(&["remove", "--owner", "g"]).exits(0);
        let left = fs::read_to_string(&template).expect("readable");
        assert_eq!(left, format!("{original}{theirs}"));
        tree.run(&["undo"]).exits(0);
        let back = fs::read_to_string(&template).expect("readable");
        assert_eq!(back, format!("{with}{theirs}"));
    }
}

#[test]
fn messages_name_rke2_where_it_is_rke2() {
    let tree = Tree::of("rke2");
    let folder = tree
        .host()
        .join("var/lib/rancher/rke2/agent/etc/containerd");
    let generated = folder.join("config.toml");
    let text = fs::read_to_string(&generated).expect("readable");
    let text: Vec<&str> = text
        .lines()
        .filter(|it| !it.starts_with("imports"))
        .collect();
    fs::write(&generated, text.join("\n") + "\n").expect("writes");
    for arguments in [
        &["add", "nvidia"][..],
        &["add", "runc", "--set", "options.BinaryName=/x"],
        &["add", "kata", "--set", "options.ConfigPath='{{ .X }}'"],
    ] {
        let run = tree.run(arguments).exits(78);
        assert!(run.stderr.contains("RKE2"), "{run:#?}");
        assert!(!run.stderr.contains("k3s"), "{run:#?}");
    }
}
