//! k3s and RKE2: what they say by themselves, and the template that they write the config from.

use std::fs;
use std::path::Path;

use crate::tool::Run;

use super::{K3S, NVIDIA, Tree, loads, rendered};

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

/// What was written by hand stays in the generated config until k3s starts.
#[test]
fn no_hint_names_what_takes_nothing_away() {
    let tree = Tree::of("k3s-template");
    tree.run(&["remove", "crun", "--adopt"]).exits(0);
    let run = tree.run(&["remove", "crun"]).exits(0);
    assert!(run.stderr.contains("crun stays listed"), "{run:#?}");
    assert!(!run.stderr.contains("--adopt"), "{run:#?}");
}

#[test]
fn a_key_that_belongs_above_all_tables_has_no_place_in_a_template() {
    for name in ["k3s-template", "k3s-no-template"] {
        let tree = Tree::of(name);
        let before = tree.files();
        for key in ["imports", "disabled_plugins"] {
            let run = tree.run(&["set", &format!("{key}=['/x']")]).exits(65);
            let said = format!("a template has no place for {key}");
            assert!(run.stderr.contains(&said), "{run:#?}");
            assert_eq!(tree.files(), before);
        }
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
