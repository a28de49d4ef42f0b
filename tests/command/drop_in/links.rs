//! A drop-in to which more leads than the config's own import.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::tool::Node;

use super::{drop_in, text, with_folder};

const EMPTY: &str = "version = 3\n";

/// Ends a's wants: `file` is left for the sake of the link to it, and goes once that is gone.
#[track_caller]
fn leaves_for_the_link(node: &Node, last: &[&str], link: &Path, file: &Path) {
    let run = node.run(last).exits(79);
    let said = format!("version: the link {} leads", link.display());
    assert!(run.stderr.contains(&said), "{run:#?}");
    assert_eq!(text(file), EMPTY);
    node.run(&["check"]).exits(0);
    fs::remove_file(link).expect("removes");
    node.run(&["remove", "--owner", "a"]).exits(0);
}

/// A person's file names it: containerd exits if it is gone.
#[test]
fn a_drop_in_that_another_file_imports_by_name_stays_until_that_is_gone() {
    for last in [&["remove", "--owner", "a"][..], &["undo"]] {
        let node = with_folder();
        node.run(&["add", "crun", "--owner", "a"]).exits(0);
        let (own, theirs) = (drop_in(&node, "50-a.toml"), drop_in(&node, "z.toml"));
        let import = format!("{EMPTY}imports = ['{}']\n", own.display());
        fs::write(&theirs, import).expect("writes");
        let run = node.run(last).exits(79);
        let said = format!("version: the import in {} leads", theirs.display());
        assert!(run.stderr.contains(&said), "{run:#?}");
        assert_eq!(text(&own), EMPTY);
        node.run(&["check"]).exits(0);
        // Others are not told of it.
        node.run(&["add", "spin", "--owner", "b"]).exits(0);
        node.run(&["remove", "--owner", "b"]).exits(0);
        assert_eq!(text(&own), EMPTY);
        fs::remove_file(&theirs).expect("removes");
        node.run(&["remove", "--owner", "a"]).exits(0);
        assert!(!own.exists());
    }
}

/// A person has moved the file, and left a link: a link to nothing would keep containerd from starting.
#[test]
fn a_drop_in_that_a_link_leads_to_stays_until_the_link_is_gone() {
    for last in [&["remove", "--owner", "a"][..], &["undo"]] {
        let node = with_folder();
        node.run(&["add", "crun", "--owner", "a"]).exits(0);
        let link = drop_in(&node, "50-a.toml");
        let moved = node.folder().join("moved.toml");
        fs::rename(&link, &moved).expect("moves");
        symlink(&moved, &link).expect("links");
        leaves_for_the_link(&node, last, &link, &moved);
    }
}

/// A person's link to it is no other file: it is edited once, and stays as long as the link does.
#[test]
fn a_link_beside_a_drop_in_is_the_same_file() {
    for import in ["", "imports = ['conf.d/60-link.toml', 'conf.d/*.toml']\n"] {
        let node = with_folder();
        if !import.is_empty() {
            fs::write(node.config(), format!("{EMPTY}{import}")).expect("writes");
        }
        node.run(&["add", "crun", "--owner", "a"]).exits(0);
        let own = drop_in(&node, "50-a.toml");
        let link = drop_in(&node, "60-link.toml");
        symlink("50-a.toml", &link).expect("links");
        node.run(&["add", "spin", "--owner", "a"]).exits(0);
        node.run(&["remove", "spin", "--owner", "a"]).exits(0);
        leaves_for_the_link(&node, &["remove", "--owner", "a"], &link, &own);
        assert!(!own.exists());
    }
}

/// A person has given the file another name in the folder, and left a link.
#[test]
fn a_drop_in_that_was_renamed_below_a_link_is_edited_once() {
    let node = with_folder();
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    let (link, renamed) = (drop_in(&node, "50-a.toml"), drop_in(&node, "70-b.toml"));
    fs::rename(&link, &renamed).expect("renames");
    symlink("70-b.toml", &link).expect("links");
    node.run(&["add", "spin", "--owner", "a"]).exits(0);
    node.run(&["remove", "--owner", "a"]).exits(79);
    assert_eq!(text(&renamed), EMPTY);
    node.run(&["check"]).exits(0);
}

/// Nor are several, wherever they are read, and whichever of them is named.
#[test]
fn several_links_beside_a_drop_in_are_the_same_file() {
    for names in [["10-x.toml", "20-y.toml"], ["60-x.toml", "40-y.toml"]] {
        let node = with_folder();
        node.run(&["add", "crun", "--owner", "a"]).exits(0);
        let own = drop_in(&node, "50-a.toml");
        for name in names {
            symlink("50-a.toml", drop_in(&node, name)).expect("links");
        }
        let named = format!("--drop-in=conf.d/{}", names[0]);
        node.run(&["add", "spin", "--owner", "a", &named]).exits(0);
        node.run(&["remove", "--owner", "a"]).exits(79);
        assert_eq!(text(&own), EMPTY);
        node.run(&["check"]).exits(0);
    }
}

/// What people link from elsewhere is theirs, also under two names.
#[test]
fn a_file_below_two_links_is_still_read() {
    let node = with_folder();
    let real = node.folder().join("real.toml");
    let handler = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]\n";
    fs::write(&real, format!("{EMPTY}{handler}runtime_type = 'x'\n")).expect("writes");
    for name in ["10-a.toml", "20-b.toml"] {
        symlink(&real, drop_in(&node, name)).expect("links");
    }
    node.run(&["add", "kata", "--owner", "k"]).exits(78);
}

/// The last name counts.
#[test]
fn a_file_counts_where_it_is_read_last() {
    let node = with_folder();
    node.run(&["set", "grpc.gid=3", "--owner", "a"]).exits(0);
    let theirs = format!("{EMPTY}[grpc]\ngid = 7\n");
    fs::write(drop_in(&node, "55-u.toml"), theirs).expect("writes");
    symlink("50-a.toml", drop_in(&node, "60-link.toml")).expect("links");
    let run = node.run(&["set", "grpc.gid=4", "--owner", "a"]).exits(0);
    assert!(!run.stderr.contains("55-u"), "{run:#?}");
    let run = node.run(&["get", "grpc.gid"]).exits(0);
    assert_eq!(run.stdout, "4\n");
}
