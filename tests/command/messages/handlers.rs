//! Handlers that are not whole, and tables of handlers among which to choose.

use crate::tool::Node;

use super::CRUN;

#[test]
fn a_users_partial_runc_is_left_alone_with_a_warning() {
    let table = "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n\
                 SystemdCgroup = true\n";
    let node = Node::with(format!("version = 2\n{table}"));
    let run = node.run(&["add", "crun"]).exits(0);
    assert!(
        run.stderr.contains("runc handler has no runtime_type"),
        "{run:#?}"
    );
    assert!(node.text().starts_with(&format!("version = 2\n{table}")));
    assert!(!node.text().contains("implied"));
    let run = node.run(&["add", "runc"]).exits(0);
    assert_eq!(run.stderr, "", "it is whole now");
}

#[test]
fn a_default_that_names_nothing_is_said() {
    let table = "[plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
                 default_runtime_name = 'kata'\n";
    let node = Node::with(format!("version = 3\n{table}"));
    let run = node.run(&["add", "crun"]).exits(78);
    let said = "does not serve CRI on containerd 2.0, 2.1, 2.2, 2.3 and 2.4, before as after";
    assert!(run.stderr.contains(said), "{run:#?}");
    let run = node.run(&["add", "kata"]).exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_newer_version_needs_the_name_of_the_table() {
    let config = "version = 9\n[plugins.'io.containerd.cri.v9']\nx = 1\n";
    let node = Node::with(config);
    node.run(&["add", "crun"]).exits(65);
    node.run(&["add", "crun", "--plugin-id", "io.containerd.cri.v9"])
        .exits(0);
    let wanted = "[plugins.'io.containerd.cri.v9'.containerd.runtimes.crun]";
    assert!(node.text().contains(wanted), "{}", node.text());
    node.run(&["remove", "crun", "--plugin-id", "io.containerd.cri.v9"])
        .exits(0);
    assert_eq!(node.text(), config);
    // An uninstaller does not have to know the name.
    node.run(&["add", "crun", "--plugin-id", "io.containerd.cri.v9"])
        .exits(0);
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(node.text(), config);
}

#[test]
fn two_tables_that_other_releases_read_are_not_chosen_from() {
    let other = CRUN
        .replace("version = 2\n", "")
        .replace("grpc.v1.cri", "cri.v1.runtime");
    let runc = CRUN.replace("version = 2\n", "").replace("crun]", "runc]");
    let config = format!("{CRUN}{runc}{other}");
    let node = Node::with(&config);
    for verb in [&["add", "kata"][..], &["remove", "crun", "--adopt"]] {
        let run = node.run(verb).exits(78);
        let said = "--plugin-id io.containerd.grpc.v1.cri or --plugin-id \
                    io.containerd.cri.v1.runtime";
        assert!(run.stderr.contains(said), "{run:#?}");
        assert!(run.stderr.contains("config.toml:6:1: "), "{run:#?}");
    }
    for id in ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"] {
        node.run(&["add", "kata", "--plugin-id", id]).exits(0);
        let header = format!("[plugins.\"{id}\".containerd.runtimes.kata]");
        assert!(node.text().contains(&header), "{}", node.text());
        node.run(&["remove", "--owner", "manual"]).exits(0);
        assert_eq!(node.text(), config);
    }
    node.run(&["add", "kata", "--plugin-id", "io.containerd.cri.v1.runtime"])
        .exits(0);
    let other = ["add", "spin", "--plugin-id", "io.containerd.grpc.v1.cri"];
    let run = node.run(&other).exits(78);
    let said = "use --plugin-id io.containerd.cri.v1.runtime";
    assert!(run.stderr.contains(said), "{run:#?}");
    node.run(&["remove", "kata"]).exits(0);
    for id in ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"] {
        node.run(&["remove", "crun", "--adopt", "--plugin-id", id])
            .exits(0);
    }
    assert!(
        !node.text().contains("runtimes.crun"),
        "from both: {}",
        node.text()
    );
}

/// Somebody else's tool writes a second table of handlers into a file in which the tool has written
/// to the first.
#[test]
fn a_second_table_of_handlers_does_not_hide_what_is_to_be_removed() {
    for (own, other) in [
        ("cri.v1.runtime", "grpc.v1.cri"),
        ("grpc.v1.cri", "cri.v1.runtime"),
    ] {
        let listed = CRUN.replace("grpc.v1.cri", own);
        let node = Node::with(&listed);
        node.run(&["add", "kata"]).exits(0);
        let second = CRUN
            .replace("version = 2\n", "")
            .replace("grpc.v1.cri", other);
        std::fs::write(node.config(), format!("{}{second}", node.text())).expect("writes");
        node.run(&["remove", "--owner", "manual"]).exits(0);
        assert_eq!(node.text(), format!("{listed}{second}"));
    }
}
