//! What holds on every layout.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::tool::Run;

use super::{DROP_INS, FIRST, LAYOUTS, OTHER, SECOND, Tree, golden};

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

/// What k3s makes of it is what it makes of none, and it is not empty.
#[test]
fn an_edit_of_a_template_that_only_brings_the_base_in_is_undone_to_the_byte() {
    let tree = Tree::of("k3s-no-template");
    let template = Path::new("var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.tmpl");
    let text = "{{ template \"base\" . }}\n";
    fs::write(tree.host().join(template), text).expect("writes");
    let before = tree.files();
    let run = tree.run(&["add", "youki"]).exits(0);
    assert!(!run.stderr.contains("emptied"), "{run:#?}");
    tree.run(&["undo"]).exits(0);
    assert_eq!(tree.files(), before);
    tree.run(&["add", "youki"]).exits(0);
    tree.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(tree.files()[template], before[template]);
    assert!(!tree.run(&["list"]).exits(0).stdout.contains("youki"));
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
