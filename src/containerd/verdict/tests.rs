//! What becomes of small configs: found by `tests/containerd/differential.rs` and its like, cut down to
//! the least, and measured on 1.6.20, 1.7.24 and 2.1.9. Claims about other releases come from
//! their sources.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::*;
use crate::containerd::FileState;

/// One letter for each of 1.6.20, 1.7.24 and 2.1.9: serves, no CRI, exits.
fn verdicts(config: &str, drop_in: &str) -> String {
    let mut files = ConfigFiles::new("/etc/containerd/config.toml", config);
    files.insert("/etc/containerd/a.toml", FileState::Bytes(drop_in.into()));
    let releases = [(1, 6, 20), (1, 7, 24), (2, 1, 9)];
    letters(&files, &releases)
}

fn letters(files: &ConfigFiles, releases: &[(u16, u16, u16)]) -> String {
    let host = Host {
        files: Some([PathBuf::from("/a/file")].into()),
        snapshotters: Some([].into()),
        mkfs_erofs: false,
        ..Host::default()
    };
    let model = Model::new(files, &host);
    let letter = |(major, minor, patch): &(u16, u16, u16)| match model
        .verdict(Release::new(*major, *minor, *patch))
    {
        Verdict::Serves { .. } => 's',
        Verdict::NoCri { .. } => 'n',
        Verdict::Exits { .. } => 'e',
    };
    releases.iter().map(letter).collect()
}

/// The same for 2.0.11, 2.2.1, 2.2.7, 2.3.4 and 2.4.0.
#[track_caller]
fn assert_2x(config: &str, expected: &str) {
    let text = format!("version = 2\n{config}");
    let files = ConfigFiles::new("/etc/containerd/config.toml", text);
    let releases = [(2, 0, 11), (2, 2, 1), (2, 2, 7), (2, 3, 4), (2, 4, 0)];
    assert_eq!(letters(&files, &releases), expected, "{config}");
}

const CRI: &str = "plugins.'io.containerd.grpc.v1.cri'";

#[track_caller]
fn assert_verdicts(config: &str, expected: &str) {
    let config = format!("version = 2\n{config}");
    assert_eq!(verdicts(&config, ""), expected, "{config}");
}

#[test]
fn a_proxy_does_not_take_a_plugins_name() {
    assert_verdicts("proxy_plugins.overlayfs = { type = 'snapshot' }", "eee");
    assert_verdicts("proxy_plugins.walking = { type = 'diff' }", "eee");
    assert_verdicts("proxy_plugins.shim = { type = 'sandbox' }", "eee");
    assert_verdicts("proxy_plugins.mine = { type = 'snapshot' }", "sss");
}

#[test]
fn root_and_state_are_two_folders() {
    assert_verdicts("root = '/x'\nstate = '/x'", "eee");
    assert_verdicts("root = '/x'\nstate = '/y'", "sss");
}

#[test]
fn a_proxys_keys_have_types_from_1_7_on() {
    let proxy = |more| format!("proxy_plugins.x = {{ type = 'snapshot', {more} }}");
    assert_verdicts(&proxy("capabilities = 'x'"), "see");
    assert_verdicts(&proxy("exports = { root = 5 }"), "see");
}

#[test]
fn a_stream_server_listens_or_ends_the_daemon() {
    for line in [
        "stream_server_port = 'text'",
        "stream_server_port = '99999'",
        "stream_server_address = 'no host'",
        "stream_server_address = '256.1.1.1'",
        "stream_server_address = '[::1]'",
    ] {
        let config = format!("plugins.'io.containerd.grpc.v1.cri'.{line}");
        assert_verdicts(&config, "eee");
    }
}

#[test]
fn addresses_are_listened_on_or_end_the_daemon() {
    assert_verdicts("metrics.address = '127.0.0.1:99999'", "eee");
    assert_verdicts("grpc.tcp_address = 'no address'", "eee");
    assert_verdicts("grpc.tcp_tls_cert = '/missing'", "eee");
    assert_verdicts("grpc.tcp_tls_ca = '/missing'", "sss");
    assert_verdicts("debug.address = 'text'", "eee");
    assert_verdicts("debug.address = '/run/debug.sock'", "sss");
}

#[test]
fn a_key_pair_needs_tls_streaming() {
    let key = "x509_key_pair_streaming.tls_key_file = '/key'";
    assert_verdicts(&format!("plugins.'io.containerd.grpc.v1.cri'.{key}"), "nnn");
}

#[test]
fn version_2_x_needs_every_snapshotter_that_is_set_up() {
    let snapshotter = |line| format!("plugins.'io.containerd.snapshotter.v1.{line}");
    assert_verdicts(&snapshotter("blockfile'.scratch_file = '/missing'"), "ssn");
    assert_verdicts(&snapshotter("devmapper'.pool_name = 'pool'"), "ssn");
    assert_verdicts(&snapshotter("devmapper'.base_image_size = 'x'"), "sss");
}

#[test]
fn version_2_x_unpacks_as_it_is_told() {
    let unpack = |entry: &str| {
        format!("plugins.'io.containerd.transfer.v1.local'.unpack_config = [{entry}]")
    };
    assert_verdicts(
        &unpack("{ platform = 'linux/amd64', snapshotter = 'x' }"),
        "ssn",
    );
    assert_verdicts(&unpack("{ snapshotter = 'overlayfs' }"), "ssn");
    assert_verdicts(
        &unpack("{ platform = 'linux/amd64', snapshotter = 'overlayfs' }"),
        "sss",
    );
    assert_verdicts(&unpack("{ platform = 5 }"), "see");
    assert_verdicts(&unpack("1"), "see");
}

#[test]
fn a_handlers_platform_is_parsed() {
    let platform = "runtime_platforms.runc.platform = 'nothing'";
    assert_verdicts(
        &format!("plugins.'io.containerd.cri.v1.images'.{platform}"),
        "ssn",
    );
}

#[test]
fn the_erofs_differ_came_with_2_1_and_wants_its_program() {
    let default = "default = ['erofs', 'walking']";
    let text = format!("version = 2\nplugins.'io.containerd.service.v1.diff-service'.{default}");
    assert_eq!(verdicts(&text, ""), "nnn", "there is no mkfs.erofs");
    let files = ConfigFiles::new("/etc/containerd/config.toml", text);
    for (release, serves) in [("1.7", false), ("2.0", false), ("2.1", true), ("2.3", true)] {
        let verdict = load(
            &files,
            release.parse().expect("a release"),
            &Host::default(),
        );
        assert_eq!(verdict.serves(), serves, "{release}");
    }
}

#[test]
fn statistics_are_collected_now_and_then() {
    let period = "plugins.'io.containerd.grpc.v1.cri'.stats_collect_period = -1";
    assert_verdicts(period, "eee");
}

#[test]
fn a_duration_has_an_end() {
    let line = "plugins.'io.containerd.gc.v1.scheduler'.startup_delay = '9999999h'";
    assert_verdicts(line, "eee");
}

#[test]
fn one_part_of_a_platform_is_enough_if_it_is_known() {
    let platforms = |list| format!("plugins.'io.containerd.runtime.v2.task'.platforms = {list}");
    assert_verdicts(&platforms("['linux']"), "sss");
    assert_verdicts(&platforms("['nothing']"), "nnn");
}

#[test]
fn what_stays_the_servers_counts_under_its_old_name() {
    assert_eq!(verdicts("plugins.cri.stream_idle_timeout = 'x'", ""), "nnn");
    let handlers = "plugins.cri.containerd.default_runtime_name = 'x'";
    assert_eq!(verdicts(handlers, ""), "nns", "these are lost on 2.x");
    assert_eq!(
        verdicts("plugins.scheduler.startup_delay = true", ""),
        "eee"
    );
}

#[test]
fn what_is_out_of_sight_counts_as_not_imported() {
    let main = "version = 2\nimports = ['/opt/x.toml']\n";
    let files = ConfigFiles::new("/etc/containerd/config.toml", main);
    let unread = BTreeSet::from([Path::new("/opt/x.toml")]);
    let mut known = files.clone();
    known.insert("/opt/x.toml", FileState::Missing);
    let host = Host::default();
    for release in Release::LINES {
        let verdict = load(&known, release, &host);
        assert!(matches!(verdict, Verdict::Exits { .. }), "{release}");
        assert!(load(&known.without(&unread), release, &host).serves());
        // What was there and goes is not out of sight.
        assert!(!load(&known.without(&BTreeSet::new()), release, &host).serves());
    }
}

#[test]
fn a_drop_in_without_a_version_is_of_version_1() {
    let main = "version = 2\nimports = ['a.toml']";
    let drop_in = "plugins.cri.containerd.default_runtime_name = 'x'";
    assert_eq!(verdicts(main, drop_in), "een");
}

#[test]
fn a_drop_in_is_migrated_to_a_version_that_there_is() {
    let files = |version: &str, drop_in: &str| {
        let main = format!("imports = ['a.toml', 'b.toml']\nversion = {version}");
        let mut files = ConfigFiles::new("/etc/containerd/config.toml", main);
        files.insert("/etc/containerd/a.toml", FileState::Bytes(drop_in.into()));
        files.insert(
            "/etc/containerd/b.toml",
            FileState::Bytes("version = 3".into()),
        );
        files
    };
    let releases = [(2, 0, 11), (2, 1, 9), (2, 2, 7)];
    for (version, drop_in, expected) in [
        ("4", "", "eee"),
        ("4", "version = 1", "eee"),
        ("4", "version = 2", "sss"),
        ("3", "", "sss"),
    ] {
        let found = letters(&files(version, drop_in), &releases);
        assert_eq!(found, expected, "{version} {drop_in}");
    }
    let negative = "imports = ['a.toml']\nversion = -1";
    assert_eq!(&verdicts(negative, "")[2..], "e");
}

#[test]
fn a_duration_may_be_nothing() {
    let delay = |value| format!("plugins.'io.containerd.gc.v1.scheduler'.schedule_delay = {value}");
    for zero in ["0", "0x0", "-0", "0b0"] {
        assert_verdicts(&delay(zero), "sss");
        assert_2x(&delay(zero), "sssss");
    }
    for float in ["0.0", "+0e0", "-0.0"] {
        assert_verdicts(&delay(float), "sse");
        assert_2x(&delay(float), "eeeee");
    }
    assert_verdicts(&delay("{}"), "ees");
    assert_2x(&delay("{}"), "sssse");
    assert_2x(&delay("5"), "eeees");
    assert_verdicts(&delay("5"), "eee");
    assert_verdicts(&delay("0.5"), "eee");
    assert_verdicts(&delay("{ x = 1 }"), "eee");
}

#[test]
fn nri_counted_nanoseconds_on_1_7() {
    let timeout =
        |value| format!("plugins.'io.containerd.nri.v1.nri'.plugin_request_timeout = {value}");
    assert_verdicts(&timeout("5"), "sse");
    assert_verdicts(&timeout("'5s'"), "sss");
    assert_verdicts(&timeout("'5'"), "see");
}

#[test]
fn an_empty_table_sets_nothing_on_some_of_2_x() {
    for key in [
        "enable_selinux",
        "max_container_log_line_size",
        "unset_seccomp_profile",
    ] {
        assert_verdicts(&format!("{CRI}.{key} = {{}}"), "ees");
        assert_2x(&format!("{CRI}.{key} = {{}}"), "sssse");
    }
    assert_2x(
        &format!("{CRI}.containerd.default_runtime_name = {{}}"),
        "sssse",
    );
    assert_2x("root = {}", "eeeee");
}

#[test]
fn a_proxy_goes_by_its_full_type_too() {
    let proxy = |kind: &str| format!("proxy_plugins.x = {{ type = '{kind}', address = '/x' }}\n");
    assert_verdicts(&proxy("io.containerd.snapshotter.v1"), "sss");
    assert_verdicts(&proxy("io.containerd.differ.v1"), "ess");
    assert_verdicts(&proxy("io.containerd.sandbox.controller.v1"), "ees");
    assert_verdicts(&proxy("Snapshot"), "eee");
    let used = format!("{CRI}.containerd.snapshotter = 'x'\n{CRI}.containerd.runtimes.runc.x = 1");
    let snapshotter = proxy("io.containerd.snapshotter.v1");
    assert_2x(&format!("{snapshotter}{used}"), "sssss");
    assert_verdicts("proxy_plugins.'' = { type = 'snapshot' }", "eee");
}

#[test]
fn a_proxy_is_a_plugin_like_others() {
    let required = |id| format!("required_plugins = ['{id}']\n");
    let snapshot = "proxy_plugins.x = { type = 'snapshot', address = '/x' }";
    let differ = "proxy_plugins.x = { type = 'diff', address = '/x' }\n";
    let id = required("io.containerd.snapshotter.v1.x");
    assert_verdicts(&format!("{id}{snapshot}"), "sss");
    assert_verdicts(
        &format!("disabled_plugins = ['io.containerd.snapshotter.v1.x']\n{id}{snapshot}"),
        "eee",
    );
    let order = "plugins.'io.containerd.service.v1.diff-service'.default = ['x', 'walking']";
    assert_verdicts(&format!("{differ}{order}"), "ess");
    let unpack = "plugins.'io.containerd.transfer.v1.local'.unpack_config = \
                  [{ platform = 'linux/amd64', snapshotter = 'native', differ = 'x' }]";
    assert_verdicts(&format!("{differ}{unpack}"), "ess");
    assert_2x(unpack, "snnnn");
}

#[test]
fn a_proxy_is_dialled_by_a_url() {
    let proxy =
        |kind, address| format!("proxy_plugins.x = {{ type = '{kind}', address = \"{address}\" }}");
    assert_verdicts(&proxy("snapshot", "/run/%zz"), "ssn");
    assert_verdicts(&proxy("diff", "/run/%"), "esn");
    assert_verdicts(&proxy("sandbox", "/a\\tb"), "een");
    for good in ["/run/a b", "relative", "", "unix:///x", "/x?%zz"] {
        assert_verdicts(&proxy("snapshot", good), "sss");
    }
}

#[test]
fn what_is_disabled_decodes_nothing() {
    for (id, key) in [
        ("io.containerd.internal.v1.opt", "path"),
        ("io.containerd.snapshotter.v1.native", "root_path"),
    ] {
        let value = format!("plugins.'{id}'.{key} = 5");
        assert_verdicts(&value, "eee");
        assert_verdicts(&format!("disabled_plugins = ['{id}']\n{value}"), "sss");
    }
    let cri = "disabled_plugins = ['io.containerd.grpc.v1.cri']\n";
    assert_verdicts(&format!("{cri}{CRI}.stream_server_port = 5"), "nnn");
}

#[test]
fn a_plugin_that_no_build_decodes_takes_any_value_on_2_x() {
    assert_verdicts("plugins.'io.containerd.grpc.v1.version' = 5", "ees");
    assert_verdicts("plugins.'io.containerd.nobodys.v1.own' = ''", "ees");
    for value in ["''", "5", "[]", "[{}]"] {
        let plugin = format!("plugins.'io.containerd.gc.v1.scheduler' = {value}");
        assert_2x(&plugin, "eeeee");
    }
}

#[test]
fn keys_in_other_case_are_read_as_each_release_reads_them() {
    let name = |key: &str| format!("{CRI}.containerd.{key} = 'x'\n");
    assert_verdicts(&name("default_runtime_name"), "nnn");
    assert_verdicts(&name("DEFAULT_RUNTIME_NAME"), "nnn");
    assert_verdicts(&name("Default_Runtime_Name"), "ssn");
    assert_verdicts(
        &format!("{CRI}.CONTAINERD.default_runtime_name = 'x'"),
        "nnn",
    );
    // In the file the later one counts, in a plugin's part the last one by its bytes.
    assert_verdicts("ROOT = '/x'\nroot = '/y'\nstate = '/x'", "sss");
    assert_verdicts("root = '/y'\nROOT = '/x'\nstate = '/x'", "sse");
    assert_verdicts("root = '/x'\nROOT = '/y'\nstate = '/x'", "ees");
    let both = |upper: &str, lower: &str| {
        let key = format!("{CRI}.containerd.default_runtime_name = '{lower}'\n");
        key + &format!("{CRI}.containerd.Default_runtime_name = '{upper}'")
    };
    assert_verdicts(&both("x", "runc"), "sss");
    assert_verdicts(&both("runc", "x"), "nnn");
    // A later table goes over an earlier one, whatever their keys are called.
    let images = "plugins.'io.containerd.cri.v1.images'";
    let tables =
        format!("{images}.Registry.config_path = '/x'\n{images}.registry.Config_path = ''\n");
    assert_verdicts(
        &format!("{tables}{images}.registry.mirrors.x = {{}}"),
        "sss",
    );
    let wrong = "plugins.'io.containerd.gc.v1.scheduler'.STARTUP_DELAY = true";
    assert_verdicts(wrong, "eee");
}

#[test]
fn version_1_x_reads_keys_above_an_embedded_table() {
    assert_verdicts(&format!("{CRI}.default_runtime_name = 'x'"), "nns");
    assert_verdicts(&format!("{CRI}.snapshotter = 'x'"), "nns");
    assert_verdicts(&format!("{CRI}.max_conf_num = 'x'"), "ees");
    assert_verdicts(&format!("{CRI}.key_model = 5"), "ees");
    assert_verdicts(&format!("{CRI}.tls_key_file = '/x'"), "nns");
    let beside = format!("{CRI}.containerd.snapshotter = 'native'\n");
    assert_verdicts(&format!("{beside}{CRI}.default_runtime_name = 'x'"), "sss");
}

#[test]
fn registries_are_minded() {
    let auth = |url: &str| format!("{CRI}.registry.auths.\"{url}\".username = 'x'");
    assert_verdicts(&auth("127.0.0.1:5000"), "nnn");
    assert_verdicts(&auth("https://a b"), "nnn");
    assert_verdicts(&auth("https://x/%zz"), "nnn");
    assert_verdicts(&auth("gcr.io:5000"), "sss");
    let mirrors = format!("{CRI}.registry.mirrors.'docker.io'.endpoint = ['https://x']");
    assert_2x(&mirrors, "snsss");
    assert_2x(
        &format!("{mirrors}\n{CRI}.registry.config_path = ''"),
        "sssss",
    );
    assert_2x(
        &format!("{mirrors}\n{CRI}.registry.config_path = '/x'"),
        "nnnnn",
    );
}

#[test]
fn statistics_have_a_period_of_their_own_since_2_3() {
    let period = |value: &str| {
        format!("plugins.'io.containerd.cri.v1.runtime'.stats_collect_period = '{value}'")
    };
    for value in ["0", "0s", "-1ns"] {
        assert_2x(&period(value), "sssee");
    }
    assert_2x(&period("x"), "sssnn");
    assert_2x(&period("1s"), "sssss");
}

#[test]
fn a_sockets_path_has_an_end() {
    let path = |length: usize| format!("/{}", "x".repeat(length - 1));
    for (table, key) in [
        ("grpc", "address"),
        ("ttrpc", "address"),
        ("debug", "address"),
    ] {
        assert_verdicts(&format!("{table}.{key} = '{}'", path(105)), "eee");
        assert_verdicts(&format!("{table}.{key} = '{}'", path(104)), "sss");
    }
    let nri = |length| {
        let key = "plugins.'io.containerd.nri.v1.nri'";
        format!(
            "{key}.disable = false\n{key}.socket_path = '{}'",
            path(length)
        )
    };
    assert_verdicts(&nri(108), "see");
    assert_verdicts(&nri(107), "sss");
    let folder =
        |path: &str| format!("plugins.'io.containerd.shim.v1.manager'.socket_dir = '{path}'");
    assert_2x(&folder(&path(43)), "sssnn");
    assert_2x(&folder("relative"), "sssnn");
    assert_2x(&folder(&format!("{}//", path(42))), "sssss");
}

#[test]
fn nri_looks_for_plugins_in_a_folder() {
    let path = |more: &str| {
        let key = "plugins.'io.containerd.nri.v1.nri'";
        format!("{key}.plugin_path = '/a/file'\n{more}").replace("KEY", key)
    };
    assert_verdicts(&path(""), "sse");
    assert_verdicts(&path("KEY.disable = false"), "see");
    assert_verdicts(&path("KEY.disable = true"), "sss");
    assert_verdicts(&path("").replace("/a/file", "/a/folder"), "sss");
}

#[test]
fn erofs_minds_its_sizes_and_modes() {
    let key =
        |key, value| format!("plugins.'io.containerd.snapshotter.v1.erofs'.{key} = '{value}'");
    for size in ["5x", "x", "-1", "1ib", "1kbb"] {
        assert_2x(&key("default_size", size), "snnnn");
    }
    for size in ["5", "1.5 GiB", "10m", "3TB", "7b"] {
        assert_2x(&key("default_size", size), "sssss");
    }
    assert_2x(&key("dmverity_mode", "maybe"), "sssnn");
    assert_2x(&key("dmverity_mode", "auto"), "sssss");
}

#[test]
fn a_list_of_cni_folders_like_the_built_in_one_gives_way() {
    let cni = |list| {
        let key = "plugins.'io.containerd.cri.v1.runtime'.cni";
        format!("{key}.bin_dir = '/x'\n{key}.bin_dirs = {list}")
    };
    assert_2x(&cni("['/opt/cni/bin']"), "sssss");
    assert_2x(&cni("['/y']"), "snnnn");
    assert_2x(&cni("['/opt/cni/bin', '/y']"), "snnnn");
    assert_2x(&cni("[]"), "sssss");
}

#[test]
fn each_release_needs_other_plugins() {
    let disabled = |id: &str| format!("disabled_plugins = ['io.containerd.{id}']");
    for (id, expected) in [
        ("image-verifier.v1.bindir", "snnss"),
        ("transfer.v1.local", "snnnn"),
        ("snapshotter.v1.overlayfs", "nnnnn"),
        ("mount-manager.v1.bolt", "snnnn"),
        ("server.v1.grpc", "sssnn"),
        ("server.v1.ttrpc", "sssss"),
    ] {
        assert_2x(&disabled(id), expected);
    }
    // Since 1.6.25 and 1.7.9.
    let warning = format!("version = 2\n{}", disabled("warning.v1.deprecations"));
    let files = ConfigFiles::new("/etc/containerd/config.toml", warning);
    let patches = [(1, 6, 24), (1, 6, 25), (1, 7, 8), (1, 7, 9), (2, 0, 0)];
    assert_eq!(letters(&files, &patches), "snsnn");
    let native =
        format!("{CRI}.containerd.snapshotter = 'native'\n{CRI}.containerd.runtimes.runc.x = 1");
    assert_2x(
        &format!("{}\n{native}", disabled("snapshotter.v1.overlayfs")),
        "snnnn",
    );
    let required = |id: &str| format!("required_plugins = ['io.containerd.{id}']");
    assert_2x(&required("http.v1.pprof"), "eeess");
    assert_2x(&required("mount-manager.v1.bolt"), "essss");
    assert_2x(&required("server.v1.debug"), "eeeee");
    assert_2x(&required("metrics.v1.grpc-prometheus"), "eeess");
}

#[test]
fn what_a_parser_minds_is_minded_where_it_stands() {
    for (line, expected) in [
        ("x = 0e0", "ees"),
        ("x = +0e0", "sss"),
        ("a. b = 1", "ees"),
        ("a .b = 1", "sss"),
        ("a . b = 1", "sss"),
        ("a\t.\tb = 1", "ees"),
        ("[a. b]", "sss"),
        ("x = [1\n, 2]", "sss"),
        ("x = 1979-05-27 # a date", "sss"),
        ("x = [1979-05-27 ]", "sss"),
        ("x = [1979-05-27]", "ees"),
        ("x = \"\"\"a\\\"\"\"\"", "sss"),
        ("x = \"\"\"a\\\\\"\"\"\"", "ees"),
        ("debug.\"\\t\" = 1", "sse"),
        ("plugins.\"io.containerd.x.v1.\\u0041\".x = 1", "sss"),
    ] {
        assert_verdicts(line, expected);
    }
    assert_2x("\"a\\tb\" = 1", "eeess");
    assert_2x("x = {\na = 1, }", "eeees");
    // In a header of 1.x an escape is none.
    let runtimes = "plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes";
    let header = format!("[{runtimes}.\"r\\u0075nc\"]\nruntime_type = 'io.containerd.runc.v2'");
    assert_verdicts(&header, "nns");
    assert_verdicts(&header.replace(['[', ']'], "").replace('\n', "."), "sss");
}
