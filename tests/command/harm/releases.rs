//! Judged for some releases, and what they do not read.

use std::fs;

use crate::tool::Node;

use super::{OLD, RUNC, refused};

#[test]
fn the_judgement_can_be_narrowed_to_one_release() {
    let config = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    let node = Node::with(&config);
    let add = [
        "add",
        "crun",
        "--set",
        "io_type=pipe",
        "--containerd-version",
    ];
    let with = |version| [&add[..], &[version]].concat();
    refused(&node, &with("2.1"));
    node.run(&with("1.7.24")).exits(0);
    node.run(&with("1.5")).exits(2);
}

/// containerd 2.0 to 2.2 read no handler of a file of version 1. What 1.x takes from another file goes
/// there.
#[test]
fn a_handler_that_no_release_would_load_is_refused() {
    // containerd 2.0 to 2.2 look elsewhere for handlers in a file of version 1.
    let config = "version = 1\n[plugins.cri.containerd.runtimes.runc]\n";
    let node = Node::with(format!("{config}{RUNC}"));
    let stderr = refused(&node, &["add", "kata", "--containerd-version", "2.1"]);
    assert!(stderr.contains("would load kata"), "{stderr}");
}

#[test]
fn a_handler_goes_where_the_section_is_that_containerd_takes() {
    let config =
        format!("version = 2\nimports = ['more.toml']\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    let node = Node::with(config);
    let theirs = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    let path = node.folder().join("more.toml");
    fs::write(&path, &theirs).expect("writes");
    // containerd 1.x takes the section from the file that it reads last, so it goes there.
    let before = node.text();
    let arguments = ["add", "kata", "--containerd-version", "1.7"];
    node.run(&arguments).exits(0);
    assert!(fs::read_to_string(&path).expect("there").contains("kata]"));
    node.run(&["remove", "kata"]).exits(0);
    assert_eq!(
        (node.text(), fs::read_to_string(&path).expect("there")),
        (before, theirs)
    );
}

/// A wrong release is named: what it does not read can't do it harm, nor be of use to it.
#[test]
fn nothing_is_added_for_a_release_that_does_not_read_the_file() {
    let new = "version = 4\n";
    for (config, release, said) in [
        (
            "version = 3\n",
            "1.7",
            "containerd 1.7 does not read config version 3",
        ),
        (new, "2.1", "containerd 2.1 does not read config version 4"),
    ] {
        let node = Node::with(config);
        for verb in [
            &["set-default", "runc"][..],
            &["add", "spin"],
            &["add", "spin", "--drop-in"],
            &["add", "spin", "--dry-run"],
        ] {
            let stderr = refused(&node, &[verb, &["--containerd-version", release]].concat());
            let place = format!("{}:1:11: {said}\n", node.config().display());
            assert!(stderr.contains(&place), "{stderr}");
            assert!(
                stderr.contains("with --containerd-version, or leave it away"),
                "{stderr}"
            );
        }
        assert!(!node.folder().join("conf.d").exists());
    }
    let node = Node::with(new);
    let run = node
        .run(&["add", "spin", "--containerd-version", "2.1", "-o", "json"])
        .exits(78);
    assert!(
        run.stdout.contains("\"code\":\"version-not-read\""),
        "{run:#?}"
    );
    node.run(&["add", "spin", "--containerd-version", "2.3"])
        .exits(0);
    let node = Node::empty();
    node.run(&["add", "spin", "--containerd-version", "1.7"])
        .exits(0);
}

/// An uninstaller that names the release that was there once still comes to its end.
#[test]
fn what_goes_is_judged_for_the_releases_that_read_the_file() {
    let config = "version = 3\n";
    let node = Node::with(config);
    node.run(&["add", "spin"]).exits(0);
    let named = ["--containerd-version", "1.7"];
    let run = node
        .run(&[&["remove", "spin"], &named[..]].concat())
        .exits(0);
    let said =
        "containerd 1.7 does not read config version 3; judged for 2.0, 2.1, 2.2, 2.3 and 2.4";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(node.text(), config);
    node.run(&["add", "spin"]).exits(0);
    let run = node.run(&[&["undo"], &named[..]].concat()).exits(0);
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(node.text(), config);
}

/// After an upgrade a handler may stand in a table that the new release does not read. The command that
/// the refusal names moves it.
#[test]
fn an_unchanged_handler_that_is_not_loaded_is_named_with_what_moves_it() {
    let new = "plugins.\"io.containerd.cri.v1.runtime\"";
    let own = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    for config in [
        format!("{own}[{new}.containerd.runtimes.x]\n{RUNC}"),
        format!("{own}[{new}.containerd.runtimes]\nx.runtime_type = 'io.containerd.runc.v2'\n"),
    ] {
        let node = Node::with(&config);
        let named = ["--containerd-version", "1.7"];
        let add = ["add", "gvisor", "--owner", "a"];
        node.run(&[&add[..], &named[..]].concat()).exits(0);
        node.run(&[&["add", "spin", "--owner", "b"], &named[..]].concat())
            .exits(0);
        let run = node.run(&[&add[..], &named[..]].concat()).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:#?}");
        let named = ["--containerd-version", "2.1"];
        let stderr = refused(&node, &[&add[..], &named[..]].concat());
        assert!(stderr.contains("would load gvisor"), "{stderr}");
        let hint = format!(
            "hint: {}, then {}, then run this command again with --plugin-id \
             io.containerd.cri.v1.runtime",
            node.hinted("remove gvisor --owner a"),
            node.hinted("remove spin --owner b")
        );
        assert!(stderr.contains(&hint), "{stderr}");
        node.run(&["remove", "gvisor", "--owner", "a"]).exits(0);
        node.run(&["remove", "spin", "--owner", "b"]).exits(0);
        assert_eq!(node.text(), config);
        let plugin_id = ["--plugin-id", "io.containerd.cri.v1.runtime"];
        let run = node
            .run(&[&add[..], &named[..], &plugin_id[..]].concat())
            .exits(0);
        assert!(!run.stderr.contains("not load"), "{run:#?}");
        let check = node.run(&["check", "--containerd-version", "2.1"]).exits(0);
        assert!(check.stdout.contains("gvisor"), "{check:#?}");
    }
}

/// Up to 2.2 a newer drop-in has containerd look for handlers where its own version has them, in the
/// main file too.
#[test]
fn a_handler_beside_a_newer_drop_in_goes_into_a_drop_in_of_its_version() {
    let main = format!(
        "version = 2\nimports = ['conf.d/*.toml']\n[{OLD}.containerd.runtimes.runc]\n{RUNC}"
    );
    let named = ["--containerd-version", "2.1"];
    for owner in ["a", "z"] {
        let node = Node::with(&main);
        fs::create_dir(node.folder().join("conf.d")).expect("creates");
        let newer = node.folder().join("conf.d/60-m.toml");
        fs::write(newer, "version = 3\n[debug]\nlevel = 'info'\n").expect("writes");
        let add = ["add", "gvisor", "--owner", owner];
        let stderr = refused(&node, &[&add[..], &named[..]].concat());
        let hint = "hint: run this command again with --drop-in";
        assert!(stderr.contains(hint), "{stderr}");
        let run = node.run(&add).exits(0);
        let said = "2.0, 2.1 and 2.2 will not load gvisor";
        assert!(run.stderr.contains(said), "{run:#?}");
        assert!(run.stderr.contains("again with --drop-in"), "{run:#?}");
        let run = node.run(&[&add[..], &["--drop-in"]].concat()).exits(0);
        assert!(!run.stderr.contains("not load"), "{run:#?}");
        assert_eq!(node.text(), main);
        let drop_in = node.folder().join(format!("conf.d/50-{owner}.toml"));
        let text = fs::read_to_string(drop_in).expect("reads");
        assert!(text.starts_with("version = 3\n"), "{text}");
        for release in ["2.1", "2.3"] {
            let check = node.run(&["check", "--containerd-version", release]);
            assert!(check.stdout.contains("gvisor"), "{check:#?}");
        }
        node.run(&["remove", "--owner", owner]).exits(0);
        assert_eq!(node.text(), main);
    }
}

/// A health check is quiet neither about its own keys nor about a config with which nothing starts.
#[test]
fn with_nothing_to_do_and_nothing_that_serves_that_is_said() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "kata", "--owner", "k"]).exits(0);
    let config = node.text();
    fs::write(
        node.config(),
        format!("disabled_plugins = [\"cri\"]\n{config}"),
    )
    .expect("writes");
    let run = node
        .run(&["add", "kata", "--owner", "k", "--dry-run", "-q"])
        .exits(0);
    assert!(
        run.stderr.contains("this config does not serve CRI"),
        "{run:#?}"
    );
    let report = node
        .run(&["add", "kata", "--owner", "k", "-o", "json"])
        .exits(0);
    assert!(report.stdout.contains("\"serves-nowhere\""), "{report:#?}");
}

/// The config that is there says which releases run, not the version that the edit would write into it.
#[test]
fn a_config_without_a_version_stays_with_the_releases_that_read_it() {
    let config = "[grpc]\ngid = 0\n";
    let set = ["set", "debug.level=debug", "--drop-in=conf.d/10.toml"];
    let with_drop_in = |config: &str| {
        let node = Node::with(config);
        fs::create_dir(node.folder().join("conf.d")).expect("creates");
        fs::write(node.folder().join("conf.d/10.toml"), "version = 3\n").expect("writes");
        node
    };
    let node = with_drop_in(config);
    let stderr = refused(&node, &set);
    let said = "containerd 1.6 and 1.7 would not start any more";
    assert!(stderr.contains(said), "{stderr}");
    let for_one = [&set[..], &["--containerd-version", "2.1"]].concat();
    node.run(&for_one).exits(0);
    // No release depends on a config that says nothing.
    for config in ["", "# nothing\n"] {
        with_drop_in(config).run(&set).exits(0);
    }
}
