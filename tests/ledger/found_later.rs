//! Small lives that some ten thousand random steps came to: each broke a promise once.

use containerd_edit::{Change, Config, KeyName};

use crate::cases::{DEBIAN, Node, codes};

const PATH: &str = "/etc/containerd/config.toml";
const DROP_IN: &str = "/etc/containerd/conf.d/50-a.toml";
const LEVEL: [&str; 2] = ["debug", "level"];
const RUNTIMES: [&str; 4] = [
    "plugins",
    "io.containerd.cri.v1.runtime",
    "containerd",
    "runtimes",
];

fn type_of(name: &'static str) -> Vec<&'static str> {
    [&RUNTIMES[..], &[name, "runtime_type"]].concat()
}

fn cleared(owner: &str, key: &str) -> Change {
    let key: KeyName = key.parse().expect("a key");
    Change::of(owner).clear(&key).expect("a key to clear")
}

/// Checks that an owner leaves the same drop-in whether or not a run of its leaving was killed before it
/// came to that.
fn leaves_as_if_not_killed(node: &mut Node, owner: &str) {
    let left = node.be_killed_after("config.toml", &Change::leave(owner, None));
    node.leave(owner);
    let text = |config: &Config| config.text(DROP_IN.as_ref()).map(str::to_owned);
    assert_eq!(text(&node.config), text(&left.config));
}

/// A person's file imports the drop-in by name, and containerd would have exited without it.
#[test]
fn a_drop_in_that_another_file_names_stays_until_that_is_gone() {
    let (other, import) = ("/etc/containerd/conf.d/z.toml", "imports = ['50-a.toml']\n");
    let mut node = Node::new("version = 3\nimports = ['conf.d/*.toml']\n");
    node.apply(&Change::of("a").set(&LEVEL, "\"debug\""));
    node.config.insert(other, Some(import), true).expect("TOML");
    let left = node.leave("a");
    assert_eq!(codes(&left), ["left-behind"]);
    let holder = format!("the import in {other}");
    assert_eq!(left.report.left_behind[0].needed_by, holder);
    let version = Some("version = 3\n");
    assert_eq!(node.config.text(DROP_IN.as_ref()), version);
    assert!(!node.leave("b").is_change());
    node.config.insert(other, None, true).expect("TOML");
    node.leave("a");
    assert_eq!(node.config.text(DROP_IN.as_ref()), None);
    assert!(node.ledger.files().is_empty());
}

/// It came back at the end of its table.
#[test]
fn a_key_of_an_inline_table_comes_back_to_its_place_beside_new_entries() {
    let base = "version = 2\nplugins = { \"io.containerd.grpc.v1.cri\" = { containerd = { \
                default_runtime_name = \"runc\", runtimes = { runc = { runtime_type = \
                \"io.containerd.runc.v2\" } } } } } # one line\n";
    for order in [["a", "b"], ["b", "a"]] {
        let mut node = Node::new(base);
        node.apply(&cleared("a", "default"));
        let crun = [&RUNTIMES[..], &["crun", "options", "BinaryName"]].concat();
        let crun = Change::of("b").set(&crun, "\"/usr/bin/x\"");
        node.apply(&crun);
        let once = node.text().to_owned();
        node.apply(&crun);
        assert_eq!(node.text(), once);
        for owner in order {
            node.leave(owner);
        }
        assert_eq!(node.text(), base, "{order:?}");
    }
}

/// Its table was taken for the file's own, and stayed. It comes back with the comment of then: that owner
/// wants the key, too.
#[test]
fn a_key_that_is_set_after_its_removal_is_its_owners() {
    let base = "version = 2\n\n[metrics]\n  address = \"a\"\n";
    let mut node = Node::new(base);
    node.apply(&Change::of("b").set(&LEVEL, "\"debug\""));
    node.apply(&cleared("c", "debug.level").take_over());
    node.apply(&Change::of("manual").set(&LEVEL, "\"info\"").declares());
    assert!(node.text().contains("owner=b"), "{}", node.text());
    for owner in ["b", "c", "manual"] {
        node.leave(owner);
    }
    assert_eq!(node.text(), base);
}

/// What stood in a file that somebody has deleted went into the new one.
#[test]
fn what_was_removed_from_a_deleted_file_does_not_come_back() {
    for leaves_first in [true, false] {
        let mut node = Node::new("[debug]\nlevel = \"info\"\n");
        node.apply(&cleared("a", "debug.level"));
        node.config.insert(PATH, None, true).expect("no file");
        let other = Change::of("b").set(&["metrics", "address"], "\"x\"");
        if leaves_first {
            node.leave("a");
            node.apply(&other);
        } else {
            node.apply(&other);
            node.leave("a");
        }
        assert!(!node.text().contains("level"), "{}", node.text());
        node.leave("b");
        assert_eq!(node.text(), "");
    }
}

/// Once somebody else had come, it was nobody's.
#[test]
fn what_stood_in_a_file_that_comes_back_is_its_owners() {
    let level = || Change::of("a").set(&LEVEL, "\"debug\"");
    let kata = type_of("kata");
    let kata = Change::of("a").set(&kata, "\"io.containerd.kata.v2\"");
    let runc = "containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n";
    let two_tables = format!(
        "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.{runc}\
         [plugins.'io.containerd.cri.v1.runtime'.{runc}"
    );
    for (base, change) in [
        ("", level()),
        ("version = 3\n[debug]\nlevel = \"info\"\n", level()),
        (&two_tables, kata.plugin_id("io.containerd.cri.v1.runtime")),
    ] {
        let mut node = Node::new("version = 3\nimports = [\"conf.d/*.toml\"]\n");
        let insert = |node: &mut Node, text: Option<&str>| {
            let inserted = node.config.insert(DROP_IN, text, true);
            inserted.expect("TOML");
        };
        let text = |node: &Node| node.config.text(DROP_IN.as_ref()).map(str::to_owned);
        insert(&mut node, Some(base).filter(|it| !it.is_empty()));
        node.apply(&change.in_file("conf.d/50-a.toml"));
        let good = text(&node);
        insert(&mut node, None);
        node.apply(&Change::of("b").set(&["metrics", "address"], "\"x\""));
        insert(&mut node, good.as_deref());
        for owner in ["b", "a"] {
            node.leave(owner);
        }
        assert_eq!(text(&node).unwrap_or_default(), base);
    }
}

/// It kept the driver, since it was taken for that of `runc` itself.
#[test]
fn an_implied_runc_takes_no_driver_over_from_itself() {
    let key = |more: &[&'static str]| [&RUNTIMES[..], more].concat();
    let mut node = Node::new("version = 2\n");
    let crun = Change::of("a").set(&key(&["crun", "options", "BinaryName"]), "\"/opt/y\"");
    node.apply(&crun.in_file("conf.d/50-a.toml"));
    let driver = Change::of("c").set(&key(&["runc", "options", "SystemdCgroup"]), "true");
    node.apply(&driver.set(&["proxy_plugins", "x", "type"], "\"snapshot\""));
    // The run was killed before it wrote the drop-in, in which the driver stands.
    leaves_as_if_not_killed(&mut node, "c");
}

/// The first run did not see the driver of its default.
#[test]
fn a_runc_beside_a_default_in_a_new_drop_in_has_its_driver_at_once() {
    let mut node = Node::new("version = 2\n");
    let path = |more: &[&'static str]| [&RUNTIMES[..3], more].concat();
    let kata = Change::of("a")
        .set(
            &path(&["runtimes", "kata", "runtime_type"]),
            "\"io.containerd.runc.v2\"",
        )
        .set(
            &path(&["runtimes", "kata", "options", "SystemdCgroup"]),
            "true",
        )
        .set(&path(&["default_runtime_name"]), "\"kata\"")
        .in_file("conf.d/50-a.toml");
    node.apply(&kata);
    let text = |node: &Node| {
        let text = node.config.text(DROP_IN.as_ref());
        text.map(str::to_owned).expect("a drop-in")
    };
    let once = text(&node);
    assert_eq!(once.matches("SystemdCgroup = true").count(), 2, "{once}");
    node.apply(&kata);
    assert_eq!(text(&node), once);
}

/// The second run took the type out that the first had kept for others.
#[test]
fn an_empty_table_of_nobodys_is_no_setting_of_runc() {
    let runtimes = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    let base = format!(
        "version = 2\n[{runtimes}.runc]\nruntime_type = \"io.containerd.runc.v2\"\n\
         [{runtimes}.runc.options]\nSystemdCgroup = true\n"
    );
    let key = |more: &[&'static str]| [&RUNTIMES[..], more].concat();
    let mut node = Node::new(&base);
    node.apply(&Change::of("c").set(&key(&["gvisor", "options", "SystemdCgroup"]), "true"));
    let adopted = |owner: &str| {
        let change = Change::of(owner).adopt();
        let kind = key(&["runc", "runtime_type"]);
        let change = change.set(&kind, "\"io.containerd.runc.v2\"");
        change.set(&key(&["runc", "options", "SystemdCgroup"]), "true")
    };
    node.apply(&adopted("a"));
    node.leave("a");
    let once = node.text().to_owned();
    assert!(once.contains("io.containerd.runc.v2"), "{once}");
    node.leave("a");
    assert_eq!(node.text(), once);
    // Nor is it another handler that was listed.
    let spin = Change::of("b")
        .set(&key(&["spin", "pod_annotations"]), "[\"x\"]")
        .set(
            &[&RUNTIMES[..3], &["default_runtime_name"]].concat(),
            "\"spin\"",
        );
    let mut node = Node::new(&base);
    node.apply(&adopted("b").declares());
    for _ in 0..2 {
        node.apply(&spin.clone().declares().prune());
        assert!(
            node.text().contains("io.containerd.runc.v2"),
            "{}",
            node.text()
        );
    }
}

/// An array that the tool has made, with another value by now.
#[test]
fn a_list_that_others_have_changed_is_named_when_its_handler_goes() {
    let mut node = Node::new(DEBIAN);
    let spin = [&RUNTIMES[..], &["spin", "pod_annotations"]].concat();
    node.apply(&Change::of("a").set(&spin, "[\"io.x.*\"]").declares());
    let by_hand = node.text().replace("io.x.*", "/hand");
    node.write(&by_hand);
    let left = node.leave("a");
    assert!(codes(&left).contains(&"removed-with"), "{left:?}");
    assert!(!node.text().contains("spin"), "{}", node.text());
}

/// It came back in the letters of the tool.
#[test]
fn a_key_of_another_case_comes_back_as_it_was() {
    let base = "version = 3\n[Debug]\nLevel = 'info'\n";
    let mut node = Node::new(base);
    node.apply(&cleared("a", "debug.level"));
    assert_eq!(node.text(), "version = 3\n[Debug]\n");
    node.leave("a");
    assert_eq!(node.text(), base);
}

/// Somebody has moved the table that it stood above.
#[test]
fn a_comment_above_a_table_of_others_goes_with_its_owner() {
    let mut node = Node::new("version = 3\n");
    node.apply(&Change::of("a").set(&["proxy_plugins", "x", "type"], "\"snapshot\""));
    let own = "[proxy_plugins.x]\n  type = \"snapshot\"\n";
    assert!(node.text().ends_with(own), "{}", node.text());
    let others = "[ttrpc]\nuid = 7\n";
    let moved = node.text().replace(own, others) + own;
    node.write(&moved);
    node.leave("a");
    assert!(node.text().contains(others) && !node.text().contains('#'));
}

/// The type of `runc` may be implied, and was left to that.
#[test]
fn a_type_of_runc_that_an_owner_wants_comes_back_after_a_killed_run() {
    let kind = type_of("runc");
    let mut node = Node::new("version = 3\n");
    let kata = Change::of("a").set(&kind, "\"io.containerd.kata.v2\"");
    node.apply(&kata.in_file("conf.d/50-a.toml"));
    let own = Change::of("c").set(&kind, "\"io.containerd.runc.v2\"");
    node.apply(&own.set(&["debug", "level"], "\"info\"").take_over());
    // The run was killed before it wrote the drop-in.
    leaves_as_if_not_killed(&mut node, "c");
}

/// The first run left it to what others imply, and the second put the owner's type.
#[test]
fn a_type_of_runc_moves_with_the_rest_of_cri_at_once() {
    let kata = "\"io.containerd.kata.v2\"";
    let mut node = Node::new("version = 2\n");
    node.apply(&Change::of("a").set(&type_of("runc"), kata));
    let crun = Change::of("a")
        .set(&type_of("crun"), kata)
        .in_file("conf.d/50-a.toml");
    node.apply(&crun);
    let text = node.config.text(DROP_IN.as_ref()).unwrap_or_default();
    assert_eq!(text.matches(kata).count(), 2, "{text}");
    assert!(!node.apply(&crun).is_change());
    assert!(!node.text().contains("runc"), "{}", node.text());
    node.leave("a");
    assert_eq!(node.text(), "version = 2\n");
}

/// Another owner wanted the same default since, and nothing was said of it.
#[test]
fn a_default_of_others_that_does_not_come_back_is_named() {
    let default = [&RUNTIMES[..3], &["default_runtime_name"]].concat();
    let runtimes = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    let base = format!(
        "version = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n\
         default_runtime_name = \"mine\"\n[{runtimes}.mine]\nruntime_type = \"x.v2\"\n"
    );
    let mut node = Node::new(&base);
    node.apply(&Change::of("a").set(&type_of("kata"), "\"io.containerd.kata.v2\""));
    let by_hand = node.text().replace("\"mine\"", "\"kata\"");
    node.write(&by_hand);
    node.apply(&Change::of("c").set(&default, "\"kata\"").declares());
    let left = node.leave("a");
    assert_eq!(codes(&left), ["default-not-listed", "default-reset"]);
    assert!(!node.text().contains("kata"), "{}", node.text());
    // With neither handler, 1.x falls back to one that it lists no more of itself.
    assert!(node.text().contains("runtimes.runc]"), "{}", node.text());
}

/// Its owner could not leave: the import stays for what others have in the drop-in, and on 1.x their
/// handler hides the `runc` that was there before.
#[test]
fn runc_stays_where_the_tool_has_brought_a_handler_of_others_in() {
    let runtimes = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    let mine =
        format!("version = 2\n[{runtimes}.mine]\nruntime_type = \"io.containerd.runc.v2\"\n");
    for wanted in ["runtime_type", "snapshotter"] {
        let mut node = Node::new("");
        node.config.insert(PATH, None, true).expect("no file");
        node.config
            .insert(DROP_IN, Some(&mine), true)
            .expect("TOML");
        let key = [&RUNTIMES[..], &["runc", wanted]].concat();
        node.apply(&Change::of("a").set(&key, "\"io.containerd.runc.v2\""));
        for _ in 0..2 {
            let text = node.config.text(DROP_IN.as_ref()).unwrap_or_default();
            assert!(node.text().contains("50-a.toml"), "{}", node.text());
            assert!(text.contains(".mine]"), "{text}");
            assert_eq!(text.matches("runtime_type").count(), 2, "{wanted}: {text}");
            node.leave("a");
        }
    }
}

/// The second run took what had been put for others for what a killed run had left.
#[test]
fn a_runc_that_others_need_has_the_type_that_its_owner_wants() {
    let kata = "\"io.containerd.kata.v2\"";
    let mut node = Node::new("version = 2\n");
    node.apply(&Change::of("a").set(&type_of("runc"), kata));
    node.config.insert(PATH, None, true).expect("no file");
    let other = Change::of("b").set(&type_of("kata"), kata);
    node.apply(&other);
    let once = node.text().to_owned();
    assert_eq!(once.matches(kata).count(), 2, "{once}");
    node.apply(&other);
    assert_eq!(node.text(), once);
    for owner in ["a", "b"] {
        node.leave(owner);
    }
    assert_eq!(node.text(), "");
}

/// The first run still named the owner of what the old file had in a comment.
#[test]
fn a_new_file_says_nothing_of_what_the_deleted_one_had() {
    let key = |more: &[&'static str]| [&RUNTIMES[..], more].concat();
    let runtimes = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    let mut node = Node::new(&format!(
        "version = 2\n[{runtimes}.runc]\nruntime_type = \"io.containerd.runc.v2\"\n\
         [{runtimes}.runc.options]\nSystemdCgroup = true\n"
    ));
    let driver = ["runc", "options", "SystemdCgroup"];
    node.apply(&Change::of("a").set(&key(&driver), "false"));
    node.config.insert(PATH, None, true).expect("no file");
    let other = Change::of("b").set(&key(&["crun", "options", "BinaryName"]), "\"/opt/y\"");
    node.apply(&other);
    let once = node.text().to_owned();
    assert!(!once.contains("owner=a"), "{once}");
    node.apply(&other);
    assert_eq!(node.text(), once);
}

/// The next edit took it out again, and 1.x had no default that it lists.
#[test]
fn runc_stays_where_a_default_of_others_has_gone() {
    let kind = type_of("kata");
    let runtimes = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    let base = format!("version = 2\n[{runtimes}.mine]\nruntime_type = \"x.v2\"\n");
    let mut node = Node::new(&base);
    node.apply(&Change::of("b").set(&LEVEL, "\"info\""));
    node.apply(&Change::of("a").set(&kind, "\"io.containerd.kata.v2\""));
    let default =
        "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\ndefault_runtime_name = \"kata\"\n";
    node.write(&(node.text().to_owned() + default));
    for owner in ["a", "a", "b"] {
        node.leave(owner);
        assert!(node.text().contains("runtimes.runc]"), "{}", node.text());
    }
    assert!(!node.text().contains('#'), "{}", node.text());
}

/// Nobody leaves by the name of what is implied.
#[test]
fn a_comment_of_what_is_implied_above_a_table_of_others_goes_with_the_last_key() {
    let mut node = Node::new("version = 3\n");
    let snapshotter = [&RUNTIMES[..1], &["io.containerd.cri.v1.runtime"]].concat();
    let below = ["containerd", "runtimes", "runc", "snapshotter"];
    let snapshotter = [snapshotter, below.to_vec()].concat();
    node.apply(&Change::of("c").set(&snapshotter, "\"nydus\""));
    let comment = "# containerd-edit owner=implied\n";
    let theirs = format!("{comment}[ttrpc]\n  uid = 7\n");
    assert!(node.text().contains(comment), "{}", node.text());
    node.write(&node.text().replacen(comment, &theirs, 1));
    node.leave("c");
    assert!(!node.text().contains('#'), "{}", node.text());
    assert!(node.text().contains("[ttrpc]\n  uid = 7\n"));
}

/// It stayed above nothing when its owner left, and above a table of others when the next one did.
#[test]
fn a_comment_above_nothing_goes_with_its_owner() {
    let mut node = Node::new("version = 2\n");
    node.apply(&Change::of("b").set(&LEVEL, "\"info\""));
    node.apply(&Change::of("c").set(&["cgroup", "path"], "\"/x\""));
    let block = "# containerd-edit owner=c\n[cgroup]\n  path = \"/x\"\n";
    assert!(node.text().contains(block), "{}", node.text());
    let mine = "\n[metrics]\n  grpc_histogram = true\n[cgroup]\n  path = \"/x\"\n";
    let moved = format!("# containerd-edit owner=c\n{mine}");
    node.write(&node.text().replace(block, &moved));
    node.leave("c");
    assert!(!node.text().contains("owner=c"), "{}", node.text());
    node.leave("b");
    assert!(node.text().contains("[metrics]"), "{}", node.text());
    assert!(!node.text().contains('#'), "{}", node.text());
}
