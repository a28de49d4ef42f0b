//! Plugins that need each other, and what CRI itself minds.

use super::*;

#[test]
fn a_key_pair_needs_tls_streaming() {
    let key = "x509_key_pair_streaming.tls_key_file = '/key'";
    assert_verdicts(&format!("plugins.'io.containerd.grpc.v1.cri'.{key}"), "nnn");
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
fn a_list_of_cni_folders_like_the_built_in_one_gives_way() {
    let cni = |list| {
        let key = "plugins.'io.containerd.cri.v1.runtime'.cni";
        format!("{key}.bin_dir = '/x'\n{key}.bin_dirs = {list}")
    };
    assert_2x(&cni("['/opt/cni/bin']"), "sssss");
    assert_2x(&cni("['/y']"), "snnnn");
    assert_2x(&cni("['/opt/cni/bin', '/y']"), "snnnn");
    assert_2x(&cni("[]"), "sssss");
    // Debian's has a folder of its own first.
    for (list, verdicts) in [
        ("['/usr/lib/cni', '/opt/cni/bin']", "sss"),
        ("['/opt/cni/bin', '/usr/lib/cni']", "ssn"),
        ("['/opt/cni/bin']", "ssn"),
    ] {
        assert_by_debian(&cni(list), verdicts);
    }
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
fn plugins_are_required_by_the_names_of_the_files_version() {
    let required = |text: &str| verdicts(text, "");
    assert_eq!(required("required_plugins = ['overlayfs']"), "sss");
    let full = "required_plugins = ['io.containerd.snapshotter.v1.overlayfs']";
    assert_eq!(required(full), "ees");
    assert_eq!(required("required_plugins = ['devmapper']"), "eee");
    // A service of 1.x has the name that a part of CRI has on 2.x.
    let empty = "required_plugins = ['images']\nplugins.cri.containerd.default_runtime_name = ''";
    assert_eq!(required(empty), "nns");
}

#[test]
fn a_required_plugin_needs_others() {
    let disabled = "disabled_plugins = ['io.containerd.streaming.v1.manager']\n";
    assert_verdicts(disabled, "sss");
    let required = "required_plugins = ['io.containerd.grpc.v1.streaming']";
    assert_verdicts(&format!("{disabled}{required}"), "eee");
    assert_verdicts(required, "ess");
}

#[test]
fn debian_leaves_plugins_out() {
    for value in [
        "plugins.'io.containerd.internal.v1.tracing'.service_name = 3",
        "plugins.'io.containerd.tracing.processor.v1.otlp'.endpoint = 3",
    ] {
        assert_verdicts(value, "eee");
        assert_by_debian(value, "see");
    }
    let proxy = "proxy_plugins.zfs = { type = 'snapshot', address = '/x' }";
    assert_verdicts(proxy, "eee");
    assert_by_debian(proxy, "ees");
}
