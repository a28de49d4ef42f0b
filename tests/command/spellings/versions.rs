//! Where a file of each config version has a key, and which releases do not read it there.

use crate::tool::Node;

use super::{applied, apply, config};

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
        // Two keys of version 4 are one below.
        (
            "[plugins.'io.containerd.server.v1.grpc-tcp']\naddress = '127.0.0.1:1'\n\
             max_recv_message_size = 5",
            [
                ("[grpc]|tcp_address = \"127.0.0.1:1\"|max_recv_message_size = 5", ""),
                ("[grpc]|tcp_address = \"127.0.0.1:1\"|max_recv_message_size = 5", ""),
                ("[grpc]|tcp_address = \"127.0.0.1:1\"|max_recv_message_size = 5", ""),
                (
                    "[plugins.\"io.containerd.server.v1.grpc-tcp\"]|address = \"127.0.0.1:1\"|max_recv_message_size = 5",
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
