//! The smallest examples of bugs that these properties found.

use containerd_edit::{Change, Handler, Setting};

use crate::declared;
use crate::node::Node;
use crate::removal;
use crate::round_trip::{self, Added, Outcome};

/// Checks that handlers can be added to a config and removed again.
fn makes_the_round_trip(config: &str, added: &[Added]) {
    assert_eq!(
        round_trip::check(Some(config), added),
        Ok(Outcome::RoundTrip)
    );
}

fn kata() -> Added {
    Added::new("kata", "manual", false)
}

fn kata_as_default() -> Added {
    Added::new("kata", "manual", true)
}

const V3: &str = "plugins.'io.containerd.cri.v1.runtime'.containerd";

#[test]
fn a_comment_tight_behind_a_default() {
    let config = format!("version = 3\n[{V3}]\ndefault_runtime_name = \"runc\"# tight\n");
    makes_the_round_trip(&config, &[kata_as_default()]);
}

#[test]
fn a_default_at_an_unterminated_end() {
    let config = format!("version = 3\n[{V3}]\ndefault_runtime_name = 'runc'");
    makes_the_round_trip(&config, &[kata_as_default()]);
}

#[test]
fn a_default_directly_above_an_implicit_handler() {
    // The new header of the handler took the new default over.
    for above in [format!("[{V3}]"), format!("[plugins]\n{}.x = 1", &V3[8..])] {
        let config = format!("version = 3\n{above}\n[{V3}.runtimes.kata.options]\n");
        makes_the_round_trip(&config, &[kata_as_default()]);
    }
}

#[test]
fn two_plugin_tables_of_one_inline_table_with_a_default_each() {
    let config = "plugins = { \"io.containerd.grpc.v1.cri\" = { containerd = { \
                  default_runtime_name = 'crun', runtimes.crun = {} } }, cri = {} }\n";
    makes_the_round_trip(config, &[kata_as_default()]);
}

#[test]
fn a_default_that_names_an_implied_runc() {
    let config = "[plugins.cri.containerd]\ndefault_runtime_name = 'runc'\n";
    makes_the_round_trip(config, &[kata()]);
}

#[test]
fn a_time_without_seconds() {
    let setting: Setting = "options.start=1979-05-27T07:32Z"
        .parse()
        .expect("a setting");
    let handler = Handler::new("mine".parse().expect("a name"), "mine")
        .with(setting)
        .expect("no clash");
    let mut node = Node::new(Some("version = 3\n")).expect("TOML");
    let change = Change::new().ensure(handler);
    node.edit(&change).expect("an edit");
    let text = node.text().expect("the file stays");
    assert!(text.ends_with("start = 1979-05-27T07:32:00Z\n"), "{text}");
}

#[test]
fn a_default_of_another_case_that_names_nothing() {
    let config = format!("version = 3\n[{V3}]\nDefault_runtime_name = 'nope'\n");
    assert_eq!(
        round_trip::check(Some(&config), &[kata_as_default()]),
        Ok(Outcome::Removed)
    );
}

#[test]
fn a_default_that_has_a_cgroup_driver_before_it_has_a_type() {
    // The other handlers took the driver of runc at first, and that of crun the second time.
    let runtimes = "plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes";
    let config = format!("version = 2\n[{runtimes}.crun.options]\nSystemdCgroup = true\n");
    let crun = Added::new("crun", "manual", true);
    makes_the_round_trip(&config, &[Added::new("nvidia", "manual", false), crun]);
}

#[test]
fn an_empty_handler_of_nobody_beside_a_folder_of_drop_ins() {
    // Its handler was adopted in the main file, and moved to the drop-in the second time.
    let config = format!("version = 3\nimports = [\"c.d/*.toml\"]\n[{V3}.runtimes.kata]\n");
    assert_eq!(declared::check(&config), Ok(()));
}

#[test]
fn two_plugin_tables_of_which_one_lists_no_handler() {
    // Which of them counted hung on the releases that serve: here on those that read the empty one.
    let config =
        format!("[plugins.cri.containerd.runtimes.crun]\nruntime_type = 't'\n[{V3}.runtimes]\n");
    assert_eq!(removal::check(&config, &["crun"]), Ok(()));
}
