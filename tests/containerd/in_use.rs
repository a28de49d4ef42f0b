//! `remove --if-unused` on real nodes with real pods.

use crate::pods::PodNode;
use crate::suites::{self, Release};

/// Runs a test for each release.
fn each_release(test: impl Fn(PodNode)) {
    for release in suites::SUITES.map(Release::of) {
        test(PodNode::start(&release));
    }
}

/// Adds a handler that is runc by another name.
fn add_traced(node: &PodNode, name: &str) {
    let binary = format!("options.BinaryName={}", node.traced_runc(name));
    let shim = "runtime_type=io.containerd.runc.v2";
    node.edit(&["add", name, "--set", shim, "--set", &binary]);
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_pod_outlives_the_daemon_and_the_next_one_lists_it() {
    each_release(|node| {
        add_traced(&node, "traced");
        node.restart_daemon();
        let pod = node.run_pod(("shop", "web"), "traced");
        for id in [&pod.sandbox, &pod.container] {
            let created = |line: &str| line.starts_with("traced ") && line.ends_with(id.as_str());
            let trace = node.trace();
            assert!(trace.lines().any(created), "{}: {trace}", node.name());
        }
        let before = (node.processes(&pod), node.shims(&pod.sandbox));
        assert_eq!(before.1.len(), 1, "{}: {before:?}", node.name());
        node.restart_daemon();
        let after = (node.processes(&pod), node.shims(&pod.sandbox));
        assert_eq!(before, after, "{}", node.name());

        let sandboxes = node.sandboxes();
        let [sandbox] = &sandboxes[..] else {
            panic!("{}: {sandboxes:?}", node.name());
        };
        assert_eq!((&sandbox.id, sandbox.ready), (&pod.sandbox, true));
        assert_eq!(sandbox.handler, "traced");
        node.stop_pod(&pod);
        assert_eq!(node.shims(&pod.sandbox), [0; 0], "{}", node.name());
        assert!(!node.sandboxes()[0].ready, "{}", node.name());
        node.remove_pod(&pod);
        assert_eq!(node.sandboxes(), [], "{}", node.name());
    });
}
