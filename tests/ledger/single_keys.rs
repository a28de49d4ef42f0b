//! Single keys of a handler: it is there already, or comes as a whole.

use containerd_edit::{Change, Code, Error, PatchFile, edit};

use super::cases::{DEBIAN, Node, change, codes};

const RUNTIMES: &str = "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes";

/// A change for each way in by which somebody wants one key of a handler.
fn ways(handler: &str, setting: &str) -> Vec<Change> {
    let name = handler.parse().expect("a name");
    let settings = [setting.parse().expect("a setting")];
    let added = change("a").extend(&name, settings).expect("a key");
    let set = |table: &str| {
        let setting = format!("{table}.{handler}.{setting}");
        let setting = setting.parse().expect("a setting");
        change("a").key(&setting).expect("a key")
    };
    let (key, value) = setting.split_once('=').expect("a setting");
    let file = format!("owner = \"a\"\n[{RUNTIMES}.{handler}]\n{key} = \"{value}\"\n");
    let file = PatchFile::parse(file.as_bytes()).expect("a patch file");
    vec![added, set("handlers"), set(RUNTIMES), file.into_change()]
}

fn refused(node: &Node, change: &Change) -> Error {
    edit(&node.config, &node.ledger, change).expect_err("is refused")
}

#[test]
fn a_handler_that_nothing_runs_is_refused_on_every_way_in() {
    let node = Node::new(DEBIAN);
    for change in ways("crn", "snapshotter=x") {
        let error = refused(&node, &change);
        assert_eq!(error.code(), Code::NoRuntimeType);
        assert_eq!(
            error.hint(),
            "did you mean crun? Otherwise set its runtime_type, too"
        );
    }
    for change in ways("crun", "runtime_type=") {
        let error = refused(&node, &change);
        assert_eq!(error.to_string(), "the handler crun has no runtime_type");
    }
}

#[test]
fn a_handler_that_is_listed_may_be_meant() {
    let mut node = Node::new("version = 3\n");
    node.apply(&ways("mine", "runtime_type=io.containerd.runc.v2")[1]);
    for change in ways("mne", "snapshotter=x") {
        let hint = refused(&node, &change).hint().to_owned();
        assert!(hint.starts_with("did you mean mine?"), "{hint}");
    }
}

#[test]
fn a_new_handler_has_a_name_that_a_runtime_class_can_have() {
    let node = Node::new(DEBIAN);
    let setting = format!("{RUNTIMES}.Mine.runtime_type=io.containerd.runc.v2");
    let change = change("a")
        .key(&setting.parse().expect("a setting"))
        .expect("a key");
    assert_eq!(refused(&node, &change).code(), Code::Usage);
    let mut node = Node::new(&format!(
        "version = 3\n[{RUNTIMES}.Mine]\nruntime_type = \"x\"\n"
    ));
    node.apply(&change);
    assert!(
        node.text().contains("io.containerd.runc.v2"),
        "{}",
        node.text()
    );
}

#[test]
fn the_preset_of_the_name_comes_along() {
    for change in ways("runsc", "snapshotter=x") {
        let mut node = Node::new(DEBIAN);
        node.apply(&change);
        assert!(
            node.text().contains("io.containerd.runsc.v1"),
            "{}",
            node.text()
        );
        let again = node.apply(&change);
        assert!(!again.is_change(), "{}", node.text());
        // The same file, as all that its owner wants.
        let pruned = node.apply(&change.prune());
        assert!(!pruned.is_change(), "{}", node.text());
        node.leave("a");
        assert_eq!(node.text(), DEBIAN);
    }
}

#[test]
fn a_handler_of_which_no_key_is_named_is_as_in_a_patch_file() {
    let set = |settings: &[&str]| {
        let mut settings = settings.iter().map(|it| it.parse().expect("a setting"));
        settings.try_fold(change("a"), |change, setting| change.key(&setting))
    };
    let text = |change: &Change| {
        let mut node = Node::new(DEBIAN);
        node.apply(change);
        node.text().to_owned()
    };
    for (settings, file) in [
        (&["handlers.kata={}"][..], "handlers.kata = {}"),
        (
            &["handlers.kata={options={}}"],
            "handlers.kata.options = {}",
        ),
        (
            &["handlers={kata={}, spin={}}"],
            "[handlers]\nkata = {}\nspin = {}",
        ),
        (
            &["handlers.kata.snapshotter=x", "handlers.kata={}"],
            "handlers.kata.snapshotter = 'x'",
        ),
    ] {
        let file = PatchFile::parse(format!("owner = 'a'\n{file}").as_bytes());
        let file = file.expect("a patch file").into_change();
        assert_eq!(text(&set(settings).expect("a handler")), text(&file));
    }
    let error = set(&["handlers.mine={}"]).expect_err("nothing runs it");
    assert_eq!(error.code(), Code::NoRuntimeType);
    assert!(error.hint().contains("handlers.mine.runtime_type=…"));
}

/// Its own wants can't stand beside each other, and only the newer one counts.
#[test]
fn a_value_takes_the_place_of_its_owners_table_and_a_table_that_of_its_value() {
    let [table, value] = ["{a = 1, b = 2}", "5"].map(|value| {
        let setting = format!("handlers.kata.options.X={value}");
        let setting = setting.parse().expect("a setting");
        change("a").key(&setting).expect("a key")
    });
    for (first, then, said) in [(&table, &value, "X = 5"), (&value, &table, "a = 1")] {
        let mut node = Node::new(DEBIAN);
        node.apply(first);
        node.apply(then);
        assert!(node.text().contains(said), "{}", node.text());
        assert!(!node.apply(then).is_change(), "{}", node.text());
        let left = node.apply(&change("a").remove("kata"));
        assert_eq!(codes(&left), [""; 0], "{left:?}");
        assert_eq!(node.text(), DEBIAN);
    }
}

/// It is no value in whose place the keys of its owner would stand.
#[test]
fn an_empty_table_that_was_adopted_takes_keys() {
    let mut node = Node::new(&format!(
        "version = 3\n[{RUNTIMES}.kata]\nruntime_type = \"x\"\n[{RUNTIMES}.kata.options]\n"
    ));
    let setting = "handlers.kata.options.ConfigPath=/x"
        .parse()
        .expect("a setting");
    let change = change("a").key(&setting).expect("a key").adopt();
    node.apply(&change);
    let once = node.ledger.clone();
    node.apply(&change);
    assert_eq!(node.ledger, once);
}

#[test]
fn of_a_handler_that_is_there_nothing_else_changes() {
    let text = format!(
        "version = 3\n[{RUNTIMES}.crun]\nruntime_type = \"io.containerd.runc.v2\"\n\
         [{RUNTIMES}.crun.options]\nBinaryName = \"/opt/crun\"\n"
    );
    for change in ways("crun", "base_runtime_spec=/x") {
        let mut node = Node::new(&text);
        node.apply(&change);
        let set = node.text().replace("base_runtime_spec = \"/x\"\n", "");
        assert_eq!(set.replace("  ", ""), text);
        node.leave("a");
        assert_eq!(node.text(), text);
    }
}

#[test]
fn a_handler_that_somebody_has_removed_comes_back_with_the_type_that_its_owner_wants() {
    for change in ways("mine", "snapshotter=x") {
        let mut node = Node::new(DEBIAN);
        node.apply(&ways("mine", "runtime_type=io.containerd.x.v9")[1]);
        node.write(DEBIAN);
        node.apply(&change);
        assert!(
            node.text().contains("io.containerd.x.v9"),
            "{}",
            node.text()
        );
    }
}

#[test]
fn the_type_of_an_implied_runc_stays_implied() {
    let mut node = Node::new(DEBIAN);
    node.apply(&ways("crun", "base_runtime_spec=/x")[0]);
    let setting = "handlers.runc.options.SystemdCgroup=true";
    let tuned = change("b").key(&setting.parse().expect("a setting"));
    node.apply(&tuned.expect("a key"));
    assert!(node.text().contains("owner=implied"), "{}", node.text());
    node.leave("a");
    assert!(
        node.text().contains("io.containerd.runc.v2"),
        "{}",
        node.text()
    );
    node.leave("b");
    assert_eq!(node.text(), DEBIAN);
}

#[test]
fn what_is_cleared_does_not_come_along() {
    let mut node = Node::new(DEBIAN);
    let name = "kata".parse().expect("a name");
    let change = change("a").extend(&name, []).expect("a handler");
    let key = "handlers.kata.pod_annotations".parse().expect("a key");
    let edited = node.apply(&change.clear(&key).expect("a key"));
    assert!(edited.report.absent_keys.is_empty());
    assert!(
        node.text().contains("io.containerd.kata.v2"),
        "{}",
        node.text()
    );
    assert!(!node.text().contains("pod_annotations"), "{}", node.text());
}

#[test]
fn a_handler_that_is_taken_over_stays_whole_when_its_first_owner_leaves() {
    for change in ways("mine", "snapshotter=x") {
        let mut node = Node::new(DEBIAN);
        let setting = "handlers.mine.runtime_type=io.containerd.x.v9";
        let first = super::cases::change("b").key(&setting.parse().expect("a setting"));
        node.apply(&first.expect("a key"));
        node.apply(&change.take_over());
        let left = node.leave("b");
        assert!(left.report.left_behind.is_empty(), "{:?}", left.report);
        assert!(
            node.text().contains("io.containerd.x.v9"),
            "{}",
            node.text()
        );
        node.leave("a");
        assert_eq!(node.text(), DEBIAN);
    }
}

#[test]
fn a_table_of_which_no_owner_wants_anything_is_said_to_be_one() {
    let text = "version = 3\n[debug]\nlevel = \"info\"\n[grpc]\n";
    let mut node = Node::new(text);
    let unset = |owner: &str, key: &str| {
        let key = key.parse().expect("a key");
        change(owner).clear(&key).expect("a key")
    };
    let edited = node.apply(&unset("a", "debug"));
    assert_eq!(codes(&edited), ["not-one-key"]);
    let message = &edited.report.warnings[0].message;
    assert!(message.contains("unset debug.level --owner a"), "{message}");
    let absent = node.apply(&unset("a", "grpc")).report.absent_keys;
    assert_eq!(absent[0].name, "grpc");
    // Its own keys go at once.
    let setting = "debug.format=json".parse().expect("a setting");
    node.apply(&change("a").key(&setting).expect("a key"));
    assert!(codes(&node.apply(&unset("a", "debug"))).is_empty());
    assert_eq!(node.text(), text);
}
