//! Lists to which several owners add, and what stands where a list or a table belongs.

use crate::tool::Node;

const UNPACK: &str = "plugins.\"io.containerd.transfer.v1.local\".unpack_config";
const AMD64: &str = "{platform=\"linux/amd64\",snapshotter=\"overlayfs\"}";
const TWICE: &str = "disabled_plugins=io.containerd.a.v1.b";

/// The list as `[[headers]]`, with what stands around its entries.
fn unpack(above: &str, between: &str, below: &str) -> String {
    let entry = |platform: &str, snapshotter: &str| {
        format!("[[{UNPACK}]]\n  platform = '{platform}' # own\n  snapshotter = '{snapshotter}'\n")
    };
    let [amd64, arm64] = [
        entry("linux/amd64", "overlayfs"),
        entry("linux/arm64", "native"),
    ];
    format!("version = 3\n{above}{amd64}{between}{arm64}{below}")
}

/// Each is removed for an owner, who leaves: alone, and after another one that came later.
fn comes_back(text: &str, keys: &[&str]) {
    for other in [None, Some("debug.format=json")] {
        let node = Node::with(text);
        let unset: Vec<&str> = ["unset", "--owner", "a"]
            .iter()
            .chain(keys)
            .copied()
            .collect();
        node.run(&unset).exits(0);
        assert_ne!(node.text(), text, "{keys:?}");
        if let Some(key) = other {
            node.run(&["set", key, "--owner", "b"]).exits(0);
        }
        node.run(&["remove", "--owner", "a"]).exits(0);
        if other.is_some() {
            node.run(&["remove", "--owner", "b"]).exits(0);
        }
        assert_eq!(node.text(), text, "{keys:?}");
    }
}

#[test]
fn the_last_of_an_array_of_tables_goes_with_its_header() {
    let one = format!("[[{UNPACK}]]\n  platform = 'linux/amd64'\n  snapshotter = 'overlayfs'\n");
    let parents = "[plugins]\n[plugins.\"io.containerd.transfer.v1.local\"]\n";
    for (above, below) in [
        ("", ""),
        (parents, ""),
        ("[debug]\nlevel = 'info'\n\n", "\n[timeouts]\n"),
    ] {
        for key in [UNPACK, &format!("{UNPACK}={AMD64}")] {
            let text = format!("version = 3\n{above}{one}{below}");
            let node = Node::with(&text);
            node.run(&["unset", key]).exits(0);
            let rest = format!("version = 3\n{above}{below}");
            assert_eq!(node.text().replace('\n', ""), rest.replace('\n', ""));
            node.run(&["remove", "--owner", "manual"]).exits(0);
            assert_eq!(node.text(), text, "{key}");
        }
    }
}

#[test]
fn entries_of_an_array_of_tables_come_back_in_their_places() {
    let table = "[plugins.\"io.containerd.transfer.v1.local\"]\n  max_concurrent_downloads = 5\n\n";
    for above in ["", "\n", table] {
        for between in ["", "\n", "# why\n", "\n# why\n"] {
            for below in ["", "\n", "\n[debug]\nlevel = 'info'\n"] {
                let text = unpack(above, between, below);
                let arm64 = format!("{UNPACK}={{platform=\"linux/arm64\",snapshotter=\"native\"}}");
                comes_back(&text, &[&format!("{UNPACK}={AMD64}")]);
                comes_back(&text, &[&arm64]);
                comes_back(&text, &[UNPACK]);
            }
        }
    }
}

#[test]
fn an_element_that_stands_there_twice_comes_back_twice() {
    let twice =
        "version = 3\ndisabled_plugins = [\"io.containerd.a.v1.b\", 'io.containerd.a.v1.b']\n";
    comes_back(twice, &[TWICE]);
}

#[test]
fn owners_may_want_the_same_element_and_not_another_thing_of_it() {
    let node = Node::with("version = 3\n");
    for owner in ["a", "b"] {
        node.run(&["set", TWICE, "--owner", owner, "--allow-not-serving"])
            .exits(0);
    }
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(node.text().contains("io.containerd.a.v1.b"));
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");

    let node = Node::with("version = 3\ndisabled_plugins = ['io.containerd.a.v1.b']\n");
    node.run(&["unset", TWICE, "--owner", "a"]).exits(0);
    node.run(&["set", TWICE, "--owner", "b"]).exits(78);
}

#[test]
fn what_stands_where_a_list_or_a_table_belongs_can_be_unset() {
    let containerd = "[plugins.\"io.containerd.cri.v1.runtime\".containerd";
    let runtimes = "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes";
    for (there, key, then) in [
        ("disabled_plugins = 'x'\n", "disabled_plugins", TWICE),
        ("imports = 'x'\n", "imports", "imports=/no/*.toml"),
        (
            &format!("{containerd}.runtimes]\ncrun = 5\n"),
            "handlers.crun",
            "default=runc",
        ),
        (
            &format!("{containerd}]\nruntimes = 5\n"),
            runtimes,
            "debug.level=info",
        ),
    ] {
        let text = format!("version = 3\n{there}");
        let node = Node::with(&text);
        node.run(&["check"]).exits(78);
        node.run(&["unset", key]).exits(0);
        node.run(&["check"]).exits(0);
        let again = node.run(&["unset", key]).exits(0);
        assert!(again.stdout.contains("nothing to do"), "{again:?}");
        node.run(&["set", then, "--owner", "b"]).exits(0);
        node.run(&["remove", "--owner", "b"]).exits(0);
        node.run(&["remove", "--owner", "manual"]).exits(0);
        assert_eq!(node.text(), text);
    }
    // Handlers go by another verb.
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun"]).exits(0);
    node.run(&["unset", "handlers.crun"]).exits(2);
    node.run(&["unset", runtimes]).exits(2);
}

/// In whatever order its keys are written, and with whatever keys besides that say nothing.
#[test]
fn a_table_that_two_owners_want_stays_until_both_have_left() {
    let entries = [
        "{platform='linux/amd64',snapshotter='overlayfs'}",
        "{snapshotter='overlayfs',platform='linux/amd64'}",
        "{platform='linux/amd64',snapshotter='overlayfs',differ=''}",
    ];
    for [first, second] in [[0, 1], [0, 2], [2, 0]] {
        let node = Node::with("version = 3\n");
        for (owner, entry) in [("a", first), ("b", second)] {
            let set = format!("{UNPACK}=[{}]", entries[entry]);
            node.run(&["set", &set, "--owner", owner]).exits(0);
        }
        node.run(&["remove", "--owner", "a"]).exits(0);
        assert!(node.text().contains("overlayfs"), "{}", node.text());
        node.run(&["remove", "--owner", "b"]).exits(0);
        assert_eq!(node.text(), "version = 3\n");
    }
}

/// One entry is written in two ways: it goes and comes back in both.
#[test]
fn an_entry_comes_back_as_it_was_written() {
    let entry = "{platform='linux/amd64',snapshotter='overlayfs'}";
    let list =
        format!("[{{snapshotter=\"overlayfs\", platform=\"linux/amd64\", differ=''}}, {entry}]");
    let table = "version = 3\n[plugins.\"io.containerd.transfer.v1.local\"]\n";
    let text = format!("{table}unpack_config = {list}\n");
    let node = Node::with(&text);
    let key = format!("{UNPACK}={entry}");
    node.run(&["unset", &key, "--owner", "a"]).exits(0);
    assert_eq!(node.text(), format!("{table}unpack_config = []\n"));
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), text);
}

/// What an owner has removed comes back as it was, whatever it has added since.
#[test]
fn a_list_that_loses_and_gains_comes_back_byte_for_byte() {
    let handlers = "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes";
    let text = format!(
        "version = 3\ndisabled_plugins = [\n  'io.containerd.a.v1.b', # one\n  # two\n]\n\
         [{handlers}.runc]\nruntime_type = 'io.containerd.runc.v2'\n\
         options = {{ SystemdCgroup=false}}\n"
    );
    let node = Node::with(&text);
    for run in [
        ["unset", TWICE],
        ["set", "disabled_plugins=io.containerd.c.v1.d"],
        ["unset", "handlers.runc.options.SystemdCgroup"],
        ["set", "handlers.runc.options.Root=/x"],
    ] {
        node.run(&[&run[..], &["--owner", "a"]].concat()).exits(0);
    }
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), text);
}

/// The comment would take the bracket along.
#[test]
fn an_element_below_a_comment_and_before_the_bracket_goes_and_comes_back() {
    let base = "version = 3\ndisabled_plugins = [\"a.b\", # why\n  \"x.y\"]\n";
    let node = Node::with(base);
    node.run(&["unset", "disabled_plugins=x.y", "--owner", "a"])
        .exits(0);
    let left = "version = 3\ndisabled_plugins = [\"a.b\" # why\n  ]\n";
    assert_eq!(node.text(), left);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), base);
    node.run(&["unset", "disabled_plugins", "--owner", "a"])
        .exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), base);
}
