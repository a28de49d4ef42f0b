//! Small lives, each of which went wrong once.

use containerd_edit::{Change, Code, Config, Edited, Handler, Ledger, Preset, edit, parsed};

const PATH: &str = "/etc/containerd/config.toml";
pub(crate) const OLD: &str = "plugins.\"io.containerd.grpc.v1.cri\"";
pub(crate) const DEBIAN: &str = "version = 2\n\n[plugins]\n  [plugins.\"io.containerd.grpc.v1.cri\"]\n    \
    [plugins.\"io.containerd.grpc.v1.cri\".cni]\n      bin_dir = \"/usr/lib/cni\"\n";

/// A node's config and its ledger.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) config: Config,
    pub(crate) ledger: Ledger,
}

pub(crate) fn change(owner: &str) -> Change {
    Change::new().owner(owner.parse().expect("an owner"))
}

pub(crate) fn handler(name: &str) -> Handler {
    let name = name.parse().expect("a name");
    Handler::resolve(name, Preset::named("spin"), []).expect("a handler")
}

pub(crate) fn runc(settings: &[&str]) -> Handler {
    let settings = settings.iter().map(|it| it.parse().expect("a setting"));
    let name = "runc".parse().expect("a name");
    Handler::resolve(name, None, settings).expect("a handler")
}

impl Node {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            config: Config::new(PATH, Some(text)).expect("TOML"),
            ledger: Ledger::default(),
        }
    }

    pub(crate) fn apply(&mut self, change: &Change) -> Edited {
        let edited = edit(&self.config, &self.ledger, change).expect("an edit");
        self.config = edited.config.clone();
        self.ledger = edited.ledger.clone();
        edited
    }

    /// Makes a change in a run that is killed once the ledger and this file are written.
    pub(crate) fn be_killed_after(&mut self, file: &str, change: &Change) -> Edited {
        let edited = edit(&self.config, &self.ledger, change).expect("an edit");
        let path = format!("/etc/containerd/{file}");
        let text = edited.config.text(path.as_ref()).map(str::to_owned);
        self.config
            .insert(path, text.as_deref(), true)
            .expect("TOML");
        let (ledger, before) = (edited.ledger.clone(), edited.before.clone());
        self.ledger = ledger.after_a_killed_run(before, &self.config);
        edited
    }

    pub(crate) fn leave(&mut self, owner: &str) -> Edited {
        self.apply(&Change::leave(owner, Some("now".to_owned())))
    }

    pub(crate) fn text(&self) -> &str {
        self.config.text(PATH.as_ref()).unwrap_or_default()
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.config.insert(PATH, Some(text), true).expect("TOML");
    }
}

pub(crate) fn codes(edited: &Edited) -> Vec<&str> {
    edited.report.warnings.iter().map(|it| it.code).collect()
}

#[test]
fn runc_is_listed_as_long_as_others_need_it() {
    let mut node = Node::new(DEBIAN);
    node.apply(&change("a").ensure(handler("spin")));
    let tuned = runc(&["options.SystemdCgroup=true"]);
    node.apply(&change("b").ensure(tuned));
    node.leave("b");
    assert!(node.text().contains("runtimes.runc]"), "{}", node.text());
    assert!(!node.text().contains("SystemdCgroup"));
    node.leave("a");
    assert_eq!(node.text(), DEBIAN);
}

#[test]
fn the_owner_of_runc_may_leave_first() {
    let mut node = Node::new(DEBIAN);
    node.apply(&change("tuner").ensure(runc(&["options.SystemdCgroup=true"])));
    node.apply(&change("gpu").ensure(handler("nvidia")));
    node.leave("tuner");
    assert!(node.text().contains("runtimes.runc]"), "{}", node.text());
    node.leave("gpu");
    assert_eq!(node.text(), DEBIAN);
}

#[test]
fn settings_of_others_in_the_implied_runc_stay() {
    let mut node = Node::new(DEBIAN);
    node.apply(&change("a").ensure(handler("spin")));
    let setting = "SystemdCgroup = true # the kubelet uses systemd\n";
    let options = format!("[{OLD}.containerd.runtimes.runc.options]\n  {setting}");
    node.write(&(node.text().to_owned() + &options));
    node.leave("a");
    assert!(node.text().contains(setting) && !node.text().contains("spin"));
    assert!(node.text().contains("io.containerd.runc.v2"));
    assert!(!node.text().contains("containerd-edit"), "{}", node.text());
}

#[test]
fn what_was_added_to_a_handler_goes_with_it_and_is_named() {
    let mut node = Node::new(DEBIAN);
    node.apply(&change("a").ensure(handler("spin")));
    let more = node.text().replace(
        "io.containerd.spin.v2\"\n",
        "io.containerd.spin.v2\"\nsnapshotter = \"x\"\n",
    );
    node.write(&more);
    let left = node.leave("a");
    assert_eq!(codes(&left), ["removed-with"]);
    assert_eq!(node.text(), DEBIAN);
}

#[test]
fn a_default_goes_with_its_handler() {
    let mut node = Node::new("version = 3\n");
    node.apply(&change("a").ensure(handler("spin")));
    let default =
        "[plugins.\"io.containerd.cri.v1.runtime\".containerd]\ndefault_runtime_name = \"spin\"\n";
    node.write(&(node.text().to_owned() + default));
    let left = node.leave("a");
    assert_eq!(codes(&left), ["default-reset"]);
    assert!(!node.text().contains("spin"), "{}", node.text());
    assert_eq!(left.report.new_default.as_deref(), Some("runc"));
}

#[test]
fn a_handler_of_somebody_else_is_not_removed_by_name() {
    let mut node = Node::new(DEBIAN);
    node.apply(&change("kata-deploy").ensure(handler("kata")));
    let change = Change::new().remove("kata");
    let refused = edit(&node.config, &node.ledger, &change).expect_err("it is not manual's");
    assert_eq!(refused.code(), Code::ForeignHandler);
    assert!(refused.hint().contains("remove kata --owner kata-deploy"));
    let own = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\nruntime_type = \"t\"\n");
    let node = Node::new(&own);
    let change = Change::new().remove("runc").adopt();
    let refused = edit(&node.config, &node.ledger, &change).expect_err("it is the node's");
    assert!(refused.to_string().contains("runc.runtime_type"));
    let change = Change::new().remove("runk");
    let absent = edit(&node.config, &node.ledger, &change).expect("nothing to do");
    assert_eq!(absent.report.absent[0].near.as_deref(), Some("runc"));
}

#[test]
fn what_an_older_installer_left_is_adopted() {
    let base = format!(
        "version = 2\n[{OLD}.containerd.runtimes.runc]\nruntime_type = \"io.containerd.runc.v2\"\n"
    );
    let older = format!(
        "[{OLD}.containerd.runtimes.kata]\nruntime_type = \"io.containerd.spin.v2\"\nsnapshotter = \"x\"\n"
    );
    let mut node = Node::new(&(base.clone() + &older));
    let change = change("kata-deploy").ensure(handler("kata")).prune();
    let adopted = node.apply(&change.adopt());
    assert!(!adopted.is_change() && adopted.report.is_recorded);
    node.leave("kata-deploy");
    assert_eq!(node.text(), base);
    assert_eq!(node.ledger.left("kata-deploy"), Some("now"));
}

#[test]
fn a_handler_that_is_taken_over_stays_in_its_file_on_1x() {
    let mut node = Node::new("version = 2\n");
    let both = change("b").ensure(handler("spin")).ensure(handler("crun"));
    node.apply(&both.in_file("conf.d/60-z.toml"));
    node.apply(&change("a").ensure(handler("crun")).take_over());
    let drop_in = node
        .config
        .text("/etc/containerd/conf.d/60-z.toml".as_ref());
    assert!(drop_in.is_some_and(|it| it.contains("crun") && it.contains("spin")));
    assert!(!node.text().contains("crun"));
    node.leave("b");
    node.leave("a");
    assert_eq!(node.text(), "version = 2\n");
    assert_eq!(
        node.config
            .text("/etc/containerd/conf.d/60-z.toml".as_ref()),
        None
    );
}

#[test]
fn a_drop_in_that_was_there_is_not_deleted() {
    let mut node = Node::new("version = 3\n");
    let path = "/etc/containerd/conf.d/50-x.toml";
    node.config
        .insert(path, Some("version = 3\n"), true)
        .expect("TOML");
    node.apply(
        &change("x")
            .ensure(handler("spin"))
            .in_file("conf.d/50-x.toml"),
    );
    node.leave("x");
    assert_eq!(node.text(), "version = 3\n");
    assert_eq!(node.config.text(path.as_ref()), Some("version = 3\n"));
}

#[test]
fn a_folder_that_is_imported_by_a_pattern_takes_a_drop_in() {
    let text = "version = 3\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n";
    let mut node = Node::new(text);
    node.apply(&change("x").ensure(handler("spin")));
    assert_eq!(node.text(), text);
    let path = "/etc/containerd/conf.d/50-x.toml";
    assert!(
        node.config
            .text(path.as_ref())
            .is_some_and(|it| it.contains("spin"))
    );
    node.leave("x");
    assert_eq!(node.config.text(path.as_ref()), None);
    let mut old = Node::new(&text.replace('3', "2"));
    old.apply(&change("x").ensure(handler("spin")));
    assert!(old.text().contains("spin"));
}

#[test]
fn what_a_lost_ledger_knew_is_listed_by_key() {
    let mut node = Node::new("version = 3\n");
    let default = change("a")
        .ensure(handler("spin"))
        .default_handler("spin".parse().expect("a name"));
    node.apply(&default);
    node.apply(&change("b").ensure(handler("kata")));
    // The comment above the default is gone, too.
    let comment = "# containerd-edit owner=a\n";
    let text = node.text().replacen(comment, "", 1);
    node.write(&text);
    node.ledger = Ledger::default();
    let left = node.leave("b");
    assert_eq!(codes(&left), ["recovered", "recovered", "not-recovered"]);
    let cri = "plugins.\"io.containerd.cri.v1.runtime\".containerd";
    let told: Vec<&str> = (left.report.warnings.iter())
        .map(|it| it.message.as_str())
        .collect();
    assert_eq!(
        told,
        [
            format!(
                "no ledger is there; by the comments these keys are a's: \
                 {cri}.runtimes.spin.runtime_type"
            ),
            format!(
                "no ledger is there; by the comments these keys are b's: \
                 {cri}.runtimes.kata.runtime_type"
            ),
            format!(
                "no ledger is there: who has set {cri}.default_runtime_name, and what stood there \
                 before, is lost"
            ),
        ]
    );
    assert!(!node.text().contains("kata") && node.text().contains("spin"));
    node.leave("a");
    assert!(!node.text().contains("spin"), "{}", node.text());
}

/// A backup of the ledger from before an owner came.
#[test]
fn what_a_ledger_of_before_does_not_know_is_listed_by_key() {
    let mut node = Node::new("version = 3\n");
    node.apply(&change("a").ensure(handler("spin")));
    let of_before = node.ledger.clone();
    let kata = change("b").ensure(handler("kata"));
    node.apply(&kata);
    node.ledger = of_before;
    // The next step that the message names, for a removal.
    let mut removed = node.clone();
    removed.apply(&change("b").prune().adopt());
    removed.leave("a");
    assert_eq!(removed.text(), "version = 3\n");
    // Who leaves without it takes the comments along that it would go by.
    let mut left = node.clone();
    let leaves = left.leave("b");
    let message = &leaves.report.warnings[0].message;
    assert!(
        message.ends_with("it stays; `containerd-edit remove kata --adopt` takes it away"),
        "{message}"
    );
    left.apply(&change("manual").remove("kata").adopt());
    left.leave("a");
    assert_eq!(left.text(), "version = 3\n");
    let edited = node.apply(&change("a").ensure(handler("crun")));
    assert_eq!(codes(&edited), ["not-recovered"]);
    let message = &edited.report.warnings[0].message;
    assert!(message.contains("runtimes.kata.runtime_type"), "{message}");
    let left = node.leave("a");
    assert_eq!(codes(&left), ["not-recovered"]);
    assert!(!node.text().contains("owner=a"), "{}", node.text());
    assert!(node.text().contains("owner=b"), "{}", node.text());
    // The same, for an edit.
    assert_eq!(codes(&node.apply(&kata.adopt())), Vec::<&str>::new());
    node.leave("b");
    assert_eq!(node.text(), "version = 3\n");
}

#[test]
fn each_text_is_parsed_once() {
    let before = parsed();
    let mut node = Node::new(DEBIAN);
    node.apply(&change("a").ensure(handler("spin")));
    assert_eq!(parsed() - before, 2, "one before and one after");
    let again = parsed();
    node.apply(&change("a").ensure(handler("spin")));
    assert_eq!(parsed() - again, 0);
}

/// What stands in a block says whose it is, and not what stands below its table elsewhere.
#[test]
fn a_comment_above_what_was_set_by_hand_goes_with_its_owner() {
    let cdi = ["plugins", "io.containerd.cri.v1.runtime", "enable_cdi"];
    let mut node = Node::new("version = 2\n");
    node.apply(&change("a").set(&cdi, "false"));
    node.apply(&change("b").ensure(handler("spin")));
    node.write(
        &node
            .text()
            .replace("enable_cdi = false", "enable_cdi = true"),
    );
    node.leave("a");
    let by_hand = format!("[{OLD}]\n  enable_cdi = true\n");
    assert!(
        node.text().contains(&format!("\n\n{by_hand}")),
        "{}",
        node.text()
    );
    node.leave("b");
    assert_eq!(node.text(), format!("version = 2\n\n{by_hand}"));
}

/// A node with a proxy plugin of which a person has set the address.
fn proxy() -> (Node, Change) {
    let proxy = change("a")
        .set(&["proxy_plugins", "n", "type"], "\"snapshot\"")
        .set(&["proxy_plugins", "n", "address"], "\"/run/n.sock\"");
    let mut node = Node::new("version = 3\n");
    node.apply(&proxy);
    let by_hand = node.text().replace("/run/n.sock", "/hand");
    node.write(&by_hand);
    (node, proxy)
}

/// Whoever writes over a value set by hand remembers it. containerd does not start with an address alone:
/// the type stays as long as the address does.
#[test]
fn the_address_of_a_proxy_plugin_that_was_set_by_hand_outlives_its_owner() {
    for is_asked_again in [false, true] {
        let (mut node, proxy) = proxy();
        if is_asked_again {
            node.apply(&proxy);
            assert!(node.text().contains("/run/n.sock"));
        }
        let left = node.leave("a");
        let behind = |edited: &Edited| -> Vec<String> {
            let left = edited.report.left_behind.iter();
            left.map(|it| it.key.clone()).collect()
        };
        assert_eq!(behind(&left), ["proxy_plugins.n.type"]);
        let stays = "[proxy_plugins.n]\n  type = \"snapshot\"\n  address = \"/hand\"\n";
        assert!(node.text().ends_with(stays), "{}", node.text());
        // A second run names it again, and changes nothing.
        let again = node.leave("a");
        assert_eq!(codes(&again), ["left-behind"]);
        assert!(!again.is_change());
        let by_hand = node.text().replace("  address = \"/hand\"\n", "");
        node.write(&by_hand);
        assert!(behind(&node.leave("a")).is_empty());
        assert_eq!(node.text(), "version = 3\n");
    }
}

/// In names of containerd's own tables the case of letters does not count.
#[test]
fn a_block_in_a_table_of_other_letters_is_known() {
    let base = "version = 3\n[Proxy_Plugins]\n[debug]\n";
    let proxy = change("a")
        .set(&["proxy_plugins", "n", "type"], "\"snapshot\"")
        .set(&["proxy_plugins", "n", "address"], "\"/run/n.sock\"");
    let mut node = Node::new(base);
    let adopting = proxy.adopt();
    assert_eq!(codes(&node.apply(&adopting)), Vec::<&str>::new());
    assert!(node.text().contains("[Proxy_Plugins.n]"), "{}", node.text());
    let ledger = node.ledger.clone();
    node.apply(&adopting);
    assert_eq!(node.ledger, ledger);
    assert_eq!(codes(&node.leave("a")), Vec::<&str>::new());
    assert_eq!(node.text(), base);
}
