//! Any key in any config version: where it is written, who reads it there, and that it leaves no trace.

use std::fs;

use crate::tool::{Node, Run};

const RUNC: &str = "runtime_type = \"io.containerd.runc.v2\"\n";

/// A config of this version with handlers where the version has them, and more.
fn config(version: i64, more: &str) -> String {
    let cri = match version {
        1 => "cri",
        2 => "\"io.containerd.grpc.v1.cri\"",
        _ => "\"io.containerd.cri.v1.runtime\"",
    };
    format!("version = {version}\n[plugins.{cri}.containerd.runtimes.runc]\n{RUNC}{more}")
}

fn apply(node: &Node, wanted: &str) -> Run {
    let file = node.folder().join("patch");
    fs::write(&file, format!("owner = 'x'\n{wanted}\n")).expect("writes");
    node.run(&["apply", file.to_str().expect("UTF-8")])
}

/// Applies a patch: the lines that come, and the warnings. Then takes it back to the byte.
fn applied(text: &str, patch: &str) -> (Vec<String>, String) {
    let node = Node::with(text);
    let run = apply(&node, patch).exits(0);
    let after = node.text();
    let old: Vec<&str> = text.lines().collect();
    let new = after.lines().filter(|line| !old.contains(line));
    let new = new.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let new = new.map(str::to_owned).collect();
    apply(&node, patch).exits(0);
    assert_eq!(
        node.text(),
        after,
        "the second time changes nothing: {patch}"
    );
    node.run(&["remove", "--owner", "x"]).exits(0);
    assert_eq!(node.text(), text, "{patch}");
    (new, run.stderr)
}

/// A key of a patch file; the lines that come of it in a file of version 1, 2, 3 and 4, each with the
/// releases that a warning names. No lines: it is refused.
type Row = (&'static str, [(&'static str, &'static str); 4]);

#[rustfmt::skip] // A table.
const ROWS: &[Row] = &[
        (
            "[plugins.'io.containerd.cri.v1.images'.pinned_images]\nsandbox = 'p'",
            [
                ("[plugins.cri]|sandbox_image = \"p\"", "2.0, 2.1 and 2.2"),
                (
                    "[plugins.\"io.containerd.grpc.v1.cri\"]|sandbox_image = \"p\"",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.images\".pinned_images]|sandbox = \"p\"",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.images\".pinned_images]|sandbox = \"p\"",
                    "",
                ),
            ],
        ),
        (
            "[plugins.'io.containerd.grpc.v1.cri'.registry]\nconfig_path = '/certs'",
            [
                (
                    "[plugins.cri.registry]|config_path = \"/certs\"",
                    "2.0, 2.1 and 2.2",
                ),
                (
                    "[plugins.\"io.containerd.grpc.v1.cri\".registry]|config_path = \"/certs\"",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.images\".registry]|config_path = \"/certs\"",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.images\".registry]|config_path = \"/certs\"",
                    "",
                ),
            ],
        ),
        // ◇: never turned into bin_dirs.
        (
            "[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dir = '/cni'",
            [
                ("[plugins.cri.cni]|bin_dir = \"/cni\"", "2.0, 2.1 and 2.2"),
                (
                    "[plugins.\"io.containerd.grpc.v1.cri\".cni]|bin_dir = \"/cni\"",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.runtime\".cni]|bin_dir = \"/cni\"",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.runtime\".cni]|bin_dir = \"/cni\"",
                    "",
                ),
            ],
        ),
        // ✗ on 1.x and 2.0.
        (
            "[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dirs = ['/cni']",
            [
                (
                    "[plugins.cri.cni]|bin_dirs = [\"/cni\"]",
                    "1.6, 1.7, 2.0, 2.1 and 2.2",
                ),
                (
                    "[plugins.\"io.containerd.grpc.v1.cri\".cni]|bin_dirs = [\"/cni\"]",
                    "1.6, 1.7 and 2.0",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.runtime\".cni]|bin_dirs = [\"/cni\"]",
                    "2.0",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.runtime\".cni]|bin_dirs = [\"/cni\"]",
                    "",
                ),
            ],
        ),
        // ✗ below CRI's one plugin: only 2.x reads it, from the plugin of version 3.
        (
            "[plugins.'io.containerd.cri.v1.images']\nuse_local_image_pull = true",
            [
                (
                    "[plugins.\"io.containerd.cri.v1.images\"]|use_local_image_pull = true",
                    "1.6, 1.7 and 2.0",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.images\"]|use_local_image_pull = true",
                    "1.6, 1.7 and 2.0",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.images\"]|use_local_image_pull = true",
                    "2.0",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.images\"]|use_local_image_pull = true",
                    "",
                ),
            ],
        ),
        (
            "[plugins.'io.containerd.grpc.v1.cri']\nstream_server_port = '10010'",
            [
                ("[plugins.cri]|stream_server_port = \"10010\"", ""),
                (
                    "[plugins.\"io.containerd.grpc.v1.cri\"]|stream_server_port = \"10010\"",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.grpc.v1.cri\"]|stream_server_port = \"10010\"",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.grpc.v1.cri\"]|stream_server_port = \"10010\"",
                    "",
                ),
            ],
        ),
        (
            "[plugins.'io.containerd.monitor.v1.cgroups']\nno_prometheus = true",
            [
                ("[plugins.cgroups]|no_prometheus = true", "2.0, 2.1 and 2.2"),
                (
                    "[plugins.\"io.containerd.monitor.v1.cgroups\"]|no_prometheus = true",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.monitor.task.v1.cgroups\"]|no_prometheus = true",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.monitor.task.v1.cgroups\"]|no_prometheus = true",
                    "",
                ),
            ],
        ),
        // A spelling of version 4 is never written below version 4.
        (
            "[plugins.'io.containerd.server.v1.grpc']\nmax_recv_message_size = 5",
            [
                ("[grpc]|max_recv_message_size = 5", ""),
                ("[grpc]|max_recv_message_size = 5", ""),
                ("[grpc]|max_recv_message_size = 5", ""),
                (
                    "[plugins.\"io.containerd.server.v1.grpc\"]|max_recv_message_size = 5",
                    "",
                ),
            ],
        ),
        (
            "[metrics]\naddress = '127.0.0.1:1338'",
            [
                ("[metrics]|address = \"127.0.0.1:1338\"", ""),
                ("[metrics]|address = \"127.0.0.1:1338\"", ""),
                ("[metrics]|address = \"127.0.0.1:1338\"", ""),
                (
                    "[plugins.\"io.containerd.server.v1.metrics\"]|address = \"127.0.0.1:1338\"",
                    "",
                ),
            ],
        ),
        (
            "[debug]\nlevel = 'debug'",
            [("[debug]|level = \"debug\"", ""); 4],
        ),
        // ✗ without an address: nothing of it is moved on 2.3.
        (
            "[debug]\nuid = 5",
            [
                ("[debug]|uid = 5", "2.3 and 2.4"),
                ("[debug]|uid = 5", "2.3 and 2.4"),
                ("[debug]|uid = 5", "2.3 and 2.4"),
                ("[plugins.\"io.containerd.server.v1.debug\"]|uid = 5", ""),
            ],
        ),
        // ◇: another key than the one of this name in the images plugin: ✗ below the old one.
        (
            "[plugins.'io.containerd.cri.v1.runtime']\nstats_collect_period = '10s'",
            [
                ("", ""),
                ("", ""),
                (
                    "[plugins.\"io.containerd.cri.v1.runtime\"]|stats_collect_period = \"10s\"",
                    "2.0, 2.1 and 2.2",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.runtime\"]|stats_collect_period = \"10s\"",
                    "",
                ),
            ],
        ),
        (
            "[plugins.'io.containerd.grpc.v1.cri']\nstats_collect_period = 20",
            [
                (
                    "[plugins.cri]|stats_collect_period = 20",
                    "2.0, 2.1 and 2.2",
                ),
                (
                    "[plugins.\"io.containerd.grpc.v1.cri\"]|stats_collect_period = 20",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.images\"]|stats_collect_period = 20",
                    "",
                ),
                (
                    "[plugins.\"io.containerd.cri.v1.images\"]|stats_collect_period = 20",
                    "",
                ),
            ],
        ),
        // ◇: the migration makes an element of another array of it. 2.3 migrates twice below version 3,
        // and the second time empties what the first has made.
        (
            "[plugins.'io.containerd.runtime.v2.task']\nsched_core = true",
            [
                (
                    "[plugins.task]|sched_core = true",
                    "2.0, 2.1, 2.2, 2.3 and 2.4",
                ),
                (
                    "[plugins.\"io.containerd.runtime.v2.task\"]|sched_core = true",
                    "2.3 and 2.4",
                ),
                (
                    "[plugins.\"io.containerd.runtime.v2.task\"]|sched_core = true",
                    "2.0, 2.1 and 2.2",
                ),
                ("", ""),
            ],
        ),
        (
            "[plugins.'io.containerd.nri.v1.nri']\ndisable = false",
            [
                (
                    "[plugins.\"io.containerd.nri.v1.nri\"]|disable = false",
                    "1.6 and 1.7",
                ),
                (
                    "[plugins.\"io.containerd.nri.v1.nri\"]|disable = false",
                    "1.6",
                ),
                ("[plugins.\"io.containerd.nri.v1.nri\"]|disable = false", ""),
                ("[plugins.\"io.containerd.nri.v1.nri\"]|disable = false", ""),
            ],
        ),
];

#[test]
fn a_key_goes_where_the_version_of_the_file_has_it() {
    for (patch, lines) in ROWS {
        for (version, (written, ignoring)) in (1..).zip(*lines) {
            if written.is_empty() {
                let refused = apply(&Node::with(config(version, "")), patch).exits(65);
                assert!(refused.stderr.contains("patch:3:1"), "{}", refused.stderr);
                continue;
            }
            let (lines, warnings) = applied(&config(version, ""), patch);
            assert_eq!(lines.join("|"), written, "version {version}: {patch}");
            let is_told = warnings.contains(" not read ");
            let names = format!("containerd {ignoring} do");
            assert_eq!(
                is_told,
                !ignoring.is_empty(),
                "{version}: {patch}: {warnings}"
            );
            assert!(
                !is_told || warnings.contains(&names),
                "version {version}: {patch}: {warnings}"
            );
        }
    }
}

/// ⚠: containerd 2.x moves a whole table over the one that is there, or has another one that wins.
#[test]
fn a_key_that_another_spelling_shadows_is_changed_there() {
    let images = "[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/certs'\n";
    let old = "[plugins.'io.containerd.grpc.v1.cri'.registry]\nconfig_path = '/certs'\n";
    let runtime = "[plugins.'io.containerd.cri.v1.runtime']\nenable_cdi = false\n";
    let headers = "[plugins.'io.containerd.grpc.v1.cri'.registry.headers]\nx = ['y']";
    let cdi = "[plugins.cri]\nenable_cdi = true";
    let cgroups = "[plugins.'io.containerd.monitor.task.v1.cgroups']\n";
    let server = "[plugins.'io.containerd.server.v1.grpc']\nuid = 1\n";
    for (version, there, patch, written, ignoring) in [
        (
            2,
            images,
            headers,
            "[plugins.'io.containerd.cri.v1.images'.registry.headers]|x = [\"y\"]",
            "1.6 and 1.7",
        ),
        (
            3,
            old,
            headers,
            "[plugins.'io.containerd.grpc.v1.cri'.registry.headers]|x = [\"y\"]",
            "2.0, 2.1 and 2.2",
        ),
        (2, runtime, cdi, "enable_cdi = true", "1.6 and 1.7"),
        (
            2,
            cgroups,
            "[plugins.cgroups]\nno_prometheus = true",
            "no_prometheus = true",
            "1.6 and 1.7",
        ),
        (
            3,
            server,
            "[grpc]\nmax_recv_message_size = 5",
            "max_recv_message_size = 5",
            "2.0, 2.1 and 2.2",
        ),
    ] {
        let (lines, warnings) = applied(&config(version, there), patch);
        assert_eq!(lines.join("|"), written, "version {version}: {patch}");
        let told = format!("containerd {ignoring} do not read");
        assert!(
            warnings.contains(&told),
            "version {version}: {patch}: {warnings}"
        );
    }
    // Both are there: each counts for some releases.
    let both = format!("[grpc]\naddress = '/run/a.sock'\n{server}");
    let (lines, warnings) = applied(&config(3, &both), "[grpc]\nmax_recv_message_size = 5");
    assert_eq!(lines, ["max_recv_message_size = 5"; 2]);
    assert!(
        warnings.contains("do not read grpc.address, grpc.max_recv"),
        "{warnings}"
    );
    let both = format!("{server}uid = 2\n").replace("uid = 1\n", "");
    let (lines, warnings) = applied(
        &config(3, &format!("[grpc]\nuid = 1\n{both}")),
        "[grpc]\nuid = 7",
    );
    assert_eq!(lines, ["uid = 7"; 2]);
    assert!(!warnings.contains("another spelling"), "{warnings}");
    let both = format!("{old}{}", images.replace("/certs", "/other"));
    let (lines, warnings) = applied(&config(3, &both), &images.replace("certs", "mine"));
    assert_eq!(lines, ["config_path = \"/mine\""; 2]);
    assert!(!warnings.contains("another spelling"), "{warnings}");
}

#[test]
fn a_key_is_unset_in_every_spelling() {
    let cri = "[plugins.'io.containerd.grpc.v1.cri'";
    for (there, key) in [
        (
            format!("{cri}]\nenable_cdi = true\n"),
            "plugins.'io.containerd.grpc.v1.cri'.enable_cdi",
        ),
        (
            format!(
                "{cri}.registry]\nconfig_path = '/b'\n\
                 [plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/a'\n"
            ),
            "plugins.'io.containerd.cri.v1.images'.registry.config_path",
        ),
        (
            "[grpc]\nuid = 1\n[plugins.'io.containerd.server.v1.grpc']\nuid = 2\n".to_owned(),
            "grpc.uid",
        ),
    ] {
        let text = config(3, &there);
        let node = Node::with(&text);
        node.run(&["get", key]).exits(0);
        node.run(&["unset", key]).exits(0);
        node.run(&["get", key]).exits(1);
        let again = node.run(&["unset", key]).exits(0);
        assert!(again.stdout.contains("nothing to do"), "{again:?}");
        node.run(&["remove", "--owner", "manual"]).exits(0);
        assert_eq!(node.text(), text);
    }
}

#[test]
fn a_key_that_no_release_reads_there_is_an_error_at_its_place() {
    let cri = "plugins.'io.containerd.grpc.v1.cri'";
    for (version, patch, place) in [
        (3, format!("[{cri}]\n  systemd_cgroup = true"), ":3:3: "),
        (
            4,
            "[debug]\naddress = '/d.sock'\n[plugins.'io.containerd.runtime.v1.linux']\nshim = 'x'"
                .to_owned(),
            ":5:1: ",
        ),
        (
            3,
            format!("[{cri}.registry.configs.x.tls]\nca_file = '/ca'"),
            ":3:1: ",
        ),
    ] {
        let text = config(version, "");
        let node = Node::with(&text);
        let run = apply(&node, &patch).exits(65);
        assert!(
            run.stderr.contains(&format!("patch{place}")),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(" not read "), "{}", run.stderr);
        assert_eq!(node.text(), text);
    }
}

#[test]
fn what_is_not_known_is_written_with_a_warning_that_has_a_place() {
    let node = Node::with(config(3, ""));
    let run = apply(
        &node,
        "[plugins.'io.containerd.nydus.v1.x']\nanything = [{ a = 1 }]",
    )
    .exits(0);
    assert!(run.stderr.contains("patch:3:1"), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("no containerd release is known to have a plugin"),
        "{}",
        run.stderr
    );
}

/// An inline table that a value has stood over comes back, too.
#[test]
fn a_value_over_an_inline_table_gives_it_back() {
    let mine = "[plugins.'io.containerd.mine.v1.x']\n";
    for (there, wanted, written) in [
        ("k = { b = 1, c = [2] }\n", "k = 1", "k = 1"),
        ("k = {}\n", "k = 'a'", "k = \"a\""),
    ] {
        let text = config(3, &format!("{mine}{there}"));
        let (lines, _) = applied(&text, &format!("{mine}{wanted}"));
        assert_eq!(lines.join("|"), written);
    }
}

/// Elements of the lists that several owners add to.
#[test]
fn owners_share_lists() {
    let text = "version = 3\ndisabled_plugins = ['io.containerd.snapshotter.v1.zfs']\n";
    let node = Node::with(text);
    let unpack = "[[plugins.'io.containerd.transfer.v1.local'.unpack_config]]\nplatform = 'linux/amd64'\nsnapshotter = 'overlayfs'\ndiffer = 'walking'\n";
    apply(
        &node,
        &format!("disabled_plugins = ['io.containerd.snapshotter.v1.btrfs']\n{unpack}"),
    )
    .exits(0);
    node.run(&[
        "set",
        "disabled_plugins=io.containerd.snapshotter.v1.aufs",
        "--owner",
        "b",
    ])
    .exits(0);
    let all = "['io.containerd.snapshotter.v1.zfs', \"io.containerd.snapshotter.v1.btrfs\", \
               \"io.containerd.snapshotter.v1.aufs\"]";
    assert!(node.text().contains(all), "{}", node.text());
    node.run(&["remove", "--owner", "x"]).exits(0);
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(node.text(), text);
}

#[test]
fn no_header_stays_in_a_file_of_version_1_with_handlers_in_later_tables() {
    let handler = |id: &str, name| {
        format!("[plugins.'{id}'.containerd.runtimes.{name}]\nruntime_type = 'x'\n")
    };
    let config = format!(
        "version = 1\n{}{}",
        handler("io.containerd.grpc.v1.cri", "a"),
        handler("io.containerd.cri.v1.runtime", "b")
    );
    let node = Node::with(&config);
    let key = "plugins.cri.sandbox_image=pause";
    node.run(&["set", key, "--allow-not-serving"]).exits(0);
    let text = node.bytes().expect("a config");
    assert!(String::from_utf8_lossy(&text).contains("sandbox_image"));
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(node.bytes().expect("a config"), config.as_bytes());
}
