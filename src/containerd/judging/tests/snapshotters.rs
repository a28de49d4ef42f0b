//! Snapshotters that load, and those that do not.

use super::*;

#[test]
fn version_2_x_needs_every_snapshotter_that_is_set_up() {
    let snapshotter = |line| format!("plugins.'io.containerd.snapshotter.v1.{line}");
    assert_verdicts(&snapshotter("blockfile'.scratch_file = '/missing'"), "ssn");
    assert_verdicts(&snapshotter("devmapper'.pool_name = 'pool'"), "ssn");
    assert_verdicts(&snapshotter("devmapper'.base_image_size = 'x'"), "sss");
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

/// CRI's own snapshotter, with a handler beside it so that 2.x reads it.
fn used(name: &str, more: &str) -> String {
    format!(
        "{CRI}.containerd.snapshotter = '{name}'\n{CRI}.containerd.runtimes.runc.runtime_type = \
         'io.containerd.runc.v2'\n{more}"
    )
}

fn set(name: &str, keys: &str) -> String {
    format!("plugins.'io.containerd.snapshotter.v1.{name}' = {{ {keys} }}")
}

#[test]
fn a_snapshotter_that_is_not_set_up_turns_cri_off_where_it_is_used() {
    let devmapper = |keys: &str| used("devmapper", &set("devmapper", keys));
    assert_anywhere(&devmapper(""), "nnnnnn");
    assert_anywhere(&devmapper("root_path = '/x'"), "nnnnnn");
    let pool = "pool_name = 'x', base_image_size = '10GB'";
    assert_anywhere(&devmapper(pool), "ssssss");
    assert_anywhere(&devmapper("pool_name = 'x'"), "nnnnnn");
    let kind = |kind: &str| devmapper(&format!("{pool}, fs_type = '{kind}'"));
    assert_anywhere(&kind("ext4"), "ssssss");
    assert_anywhere(&kind("ext2"), "nsssss");
    assert_anywhere(&kind("btrfs"), "nnnnnn");

    let blockfile = |keys: &str| used("blockfile", &set("blockfile", keys));
    assert_anywhere(&blockfile(""), "nnnnnn");
    assert_anywhere(&blockfile("recreate_scratch = true"), "nnnnnn");
    assert_anywhere(&blockfile("scratch_file = '/missing'"), "nnnnnn");
    // It came with 1.7.4.
    assert_anywhere(&blockfile("scratch_file = '/a/file'"), "nnssss");

    // What the host has to have nobody knows here.
    for (name, expected) in [("btrfs", "ssssss"), ("zfs", "ssssss"), ("aufs", "sssnnn")] {
        assert_anywhere(&used(name, ""), expected);
    }
    assert_anywhere(&used("nobodys", ""), "nnnnnn");
}

#[test]
fn version_2_x_is_off_for_a_snapshotter_that_fails_and_nobody_uses() {
    for keys in [
        "base_image_size = '5x'",
        "base_image_size = '5GB', fs_type = 'zfs'",
    ] {
        let config = set("devmapper", &format!("pool_name = 'x', {keys}"));
        assert_anywhere(&config, "sssnnn");
    }
    assert_anywhere(&set("devmapper", "base_image_size = '5x'"), "ssssss");
}

#[test]
fn what_unpacks_or_is_required_has_to_load_too() {
    let unpack = |name: &str| {
        format!(
            "plugins.'io.containerd.transfer.v1.local'.unpack_config = [{{ platform = \
             'linux/amd64', snapshotter = '{name}' }}]"
        )
    };
    assert_anywhere(&unpack("devmapper"), "ssssnn");
    assert_anywhere(&unpack("native"), "ssssss");
    let required = |id: &str| format!("required_plugins = ['io.containerd.snapshotter.v1.{id}']");
    assert_anywhere(&required("devmapper"), "eeeeee");
    assert_anywhere(&required("erofs"), "eeeess");
    let blockfile = set("blockfile", "scratch_file = '/a/file'");
    assert_anywhere(&format!("{}\n{blockfile}", required("blockfile")), "eessss");
}

#[test]
fn a_hosts_snapshotters_are_those_of_the_release() {
    let required = "version = 2\nrequired_plugins = ['io.containerd.snapshotter.v1.erofs']";
    let files = ConfigFiles::new("/etc/containerd/config.toml", required);
    let releases = [(1, 6, 20), (1, 7, 24), (2, 0, 11), (2, 1, 9)];
    let releases = releases.map(|(major, minor, patch)| Release::new(major, minor, patch));
    let erofs = Some(["erofs".to_owned()].into());
    assert_eq!(of_host(&files, erofs, releases.into_iter()), "eees");
}

#[test]
fn a_missing_snapshotter_is_explained() {
    let host = Host::default();
    for (config, name, release, why) in [
        (
            "",
            "nobodys",
            "2.1",
            "no plugin of containerd or of this config provides it",
        ),
        (
            "",
            "erofs",
            "2.0",
            "no plugin of containerd or of this config provides it",
        ),
        ("", "devmapper", "2.1", "its `pool_name` is not set"),
        (
            "disabled_plugins = ['io.containerd.snapshotter.v1.native']",
            "native",
            "1.7",
            "its plugin is disabled",
        ),
        (
            "proxy_plugins.x.type = 'diff'",
            "x",
            "2.1",
            "no plugin of containerd or of this config provides it",
        ),
        ("proxy_plugins.x.type = 'snapshot'", "x", "1.6", ""),
        (
            "proxy_plugins.x.type = 'io.containerd.snapshotter.v1'",
            "x",
            "2.3",
            "",
        ),
        ("", "${SNAPSHOTTER}", "2.1", ""),
        ("", "overlayfs", "1.6", ""),
    ] {
        let files = ConfigFiles::new("/c.toml", format!("version = 2\n{config}"));
        let model = Model::new(&files, &host);
        let release = release.parse().expect("a release");
        let found = model.lacks_snapshotter(name, release).unwrap_or_default();
        assert_eq!(found, why, "{config} {name}");
    }
}
