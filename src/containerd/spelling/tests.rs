use super::*;

fn path(dotted: &str) -> Vec<String> {
    dotted.split('/').map(str::to_owned).collect()
}

fn spelling(version: i64) -> Spelling {
    Spelling::of(None, version)
}

#[test]
fn a_key_goes_where_the_version_has_it_and_back() {
    let runtime = "plugins/io.containerd.cri.v1.runtime";
    let images = "plugins/io.containerd.cri.v1.images";
    for (canonical, below_cri) in [
        (
            format!("{runtime}/containerd/runtimes/kata/options/x"),
            "containerd/runtimes/kata/options/x",
        ),
        (format!("{runtime}/enable_cdi"), "enable_cdi"),
        (format!("{images}/pinned_images/sandbox"), "sandbox_image"),
        (
            format!("{images}/registry/config_path"),
            "registry/config_path",
        ),
        (format!("{images}/snapshotter"), "containerd/snapshotter"),
        (
            "plugins/io.containerd.grpc.v1.cri/stream_server_port".to_owned(),
            "stream_server_port",
        ),
    ] {
        let canonical = path(&canonical);
        for (version, id) in [(1, "cri"), (2, "io.containerd.grpc.v1.cri")] {
            let place = path(&format!("plugins/{id}/{below_cri}"));
            assert_eq!(spelling(version).place(&canonical), place);
            assert_eq!(spelling(version).canonical(&place), canonical);
        }
        assert_eq!(spelling(3).place(&canonical), canonical);
        for id in ["cri", OLD_CRI] {
            let spelled = path(&format!("plugins/{id}/{below_cri}"));
            assert_eq!(super::canonical(&spelled), canonical);
        }
    }
}

#[test]
fn plugins_and_servers_go_by_the_names_of_the_version() {
    for (canonical, places) in [
        (
            "plugins/io.containerd.monitor.task.v1.cgroups/no_prometheus",
            [
                "plugins/cgroups/no_prometheus",
                "plugins/io.containerd.monitor.v1.cgroups/no_prometheus",
                "plugins/io.containerd.monitor.task.v1.cgroups/no_prometheus",
                "plugins/io.containerd.monitor.task.v1.cgroups/no_prometheus",
            ],
        ),
        (
            "plugins/io.containerd.service.v1.diff-service/default",
            [
                "plugins/diff-service/default",
                "plugins/io.containerd.service.v1.diff-service/default",
                "plugins/io.containerd.service.v1.diff-service/default",
                "plugins/io.containerd.service.v1.diff-service/default",
            ],
        ),
        (
            "plugins/io.containerd.nri.v1.nri/disable",
            ["plugins/io.containerd.nri.v1.nri/disable"; 4],
        ),
        (
            "grpc/tcp_tls_ca",
            [
                "grpc/tcp_tls_ca",
                "grpc/tcp_tls_ca",
                "grpc/tcp_tls_ca",
                "plugins/io.containerd.server.v1.grpc-tcp/tls_ca",
            ],
        ),
        ("debug/level", ["debug/level"; 4]),
        (
            "debug/address",
            [
                "debug/address",
                "debug/address",
                "debug/address",
                "plugins/io.containerd.server.v1.debug/address",
            ],
        ),
    ] {
        for (version, place) in (1..).zip(places) {
            let (canonical, place) = (path(canonical), path(place));
            assert_eq!(spelling(version).place(&canonical), place);
            assert_eq!(spelling(version).canonical(&place), canonical, "{version}");
            assert_eq!(super::canonical(&place), canonical);
        }
    }
}

#[test]
fn two_keys_of_version_4_are_one_before() {
    for key in ["max_recv_message_size", "max_send_message_size"] {
        let top = path(&format!("grpc/{key}"));
        let [first, second] = ["grpc", "grpc-tcp"]
            .map(|server| path(&format!("plugins/io.containerd.server.v1.{server}/{key}")));
        assert_eq!(super::canonical(&first), top);
        assert_eq!(super::canonical(&second), second);
        for version in 1..=3 {
            assert_eq!(spelling(version).place(&second), top);
            assert_eq!(one_of_two(&second, version).as_ref(), Some(&top));
            assert_eq!(spelling(version).rival(&second, &top), None);
        }
        assert_eq!(spelling(4).place(&second), second);
        assert_eq!(spelling(4).canonical(&second), second);
        assert_eq!(one_of_two(&second, 4), None);
        assert_eq!(one_of_two(&top, 3), None);
    }
}

#[test]
fn what_is_moved_as_one_has_another_place() {
    let (old, images) = (
        "plugins/io.containerd.grpc.v1.cri",
        "plugins/io.containerd.cri.v1.images",
    );
    let runtime = "plugins/io.containerd.cri.v1.runtime";
    for (version, canonical, rival) in [
        (
            2,
            format!("{runtime}/enable_cdi"),
            Some([format!("{old}/enable_cdi"), format!("{runtime}/enable_cdi")]),
        ),
        (
            2,
            format!("{runtime}/cni/bin_dir"),
            Some([
                format!("{old}/cni/bin_dir"),
                format!("{runtime}/cni/bin_dir"),
            ]),
        ),
        (
            2,
            format!("{runtime}/containerd/runtimes/kata/snapshotter"),
            None,
        ),
        (
            2,
            format!("{images}/registry/headers/x"),
            Some([format!("{old}/registry"), format!("{images}/registry")]),
        ),
        (2, format!("{images}/pinned_images/sandbox"), None),
        (
            3,
            format!("{images}/pinned_images/sandbox"),
            Some([
                format!("{images}/pinned_images/sandbox"),
                format!("{old}/sandbox_image"),
            ]),
        ),
        (
            3,
            format!("{images}/snapshotter"),
            Some([
                format!("{images}/snapshotter"),
                format!("{old}/containerd/snapshotter"),
            ]),
        ),
        (
            3,
            format!("{images}/registry/headers/x"),
            Some([format!("{images}/registry"), format!("{old}/registry")]),
        ),
        (3, format!("{runtime}/enable_cdi"), None),
        (4, format!("{images}/snapshotter"), None),
        (
            3,
            "grpc/address".to_owned(),
            Some([
                "grpc/address grpc/gid grpc/max_recv_message_size grpc/max_send_message_size \
                 grpc/uid"
                    .to_owned(),
                "plugins/io.containerd.server.v1.grpc".to_owned(),
            ]),
        ),
        (4, "grpc/address".to_owned(), None),
        (
            3,
            "plugins/io.containerd.monitor.task.v1.cgroups/no_prometheus".to_owned(),
            Some([
                "plugins/io.containerd.monitor.task.v1.cgroups".to_owned(),
                "plugins/io.containerd.monitor.v1.cgroups".to_owned(),
            ]),
        ),
    ] {
        let (spelling, canonical) = (spelling(version), path(&canonical));
        let found = spelling.rival(&canonical, &spelling.place(&canonical));
        let found = found.map(|rival| {
            let own: Vec<String> = rival.own.iter().map(|it| it.join("/")).collect();
            [own.join(" "), rival.other.join("/")]
        });
        assert_eq!(found, rival, "{version} {canonical:?}");
    }
}

#[test]
fn what_has_no_other_place_stays() {
    let only_new = path("plugins/io.containerd.cri.v1.images/use_local_image_pull");
    assert_eq!(spelling(2).place(&only_new), only_new);
    assert!(!is_cri(&only_new));
    let level = path("debug/level");
    assert_eq!(spelling(1).place(&level), level);
}

#[test]
fn handlers_stay_where_a_version_2_file_has_them() {
    let text = "version = 2\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\n";
    let document = Document::parse(text.as_bytes()).expect("TOML");
    let spelling = Spelling::of(Some(&document), 2);
    let handler = path("plugins/io.containerd.cri.v1.runtime/containerd/runtimes/x");
    assert_eq!(spelling.place(&handler), handler);
    assert!(!spelling.is_read_by_1x());
}

#[test]
fn a_plugin_that_was_chosen_holds_whatever_the_version() {
    let canonical = path("plugins/io.containerd.cri.v1.runtime/containerd/runtimes/x");
    for (version, id) in [(2, RUNTIME), (2, OLD_CRI), (9, "io.containerd.cri.v9")] {
        let spelling = Spelling::with_plugin(version, id);
        let place = path(&format!("plugins/{id}/containerd/runtimes/x"));
        assert_eq!(spelling.place(&canonical), place);
        assert_eq!(spelling.canonical(&place), canonical);
    }
}
