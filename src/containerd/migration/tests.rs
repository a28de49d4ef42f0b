//! What 2.x makes of older files, as the migrated config says it.

use crate::containerd::asked::Asked;
use crate::containerd::{ConfigFiles, FileState, Host, Model};
use crate::toml::value::{Place, Value};

/// What a release has at a place of the migrated config, as TOML; empty if there is nothing.
fn at(main: &str, drop_in: &str, release: &str, path: &[&str]) -> String {
    let main = format!("imports = ['/d.toml']\n{main}");
    let mut files = ConfigFiles::new("/etc/containerd/config.toml", main);
    files.insert("/d.toml", FileState::Bytes(drop_in.into()));
    let host = Host::default();
    let model = Model::new(&files, &host);
    let release = Asked::new(release.parse().expect("a release"));
    let top = match model.load(&release) {
        Ok(loaded) => Value::of_table(loaded.top, Place::default()),
        Err(reason) => return reason.message,
    };
    let mut names = path.iter();
    let value = names.try_fold(&top, |value, name| value.table()?.get(*name));
    value.map(ToString::to_string).unwrap_or_default()
}

const CRI: &str = "plugins.'io.containerd.grpc.v1.cri'";
const SANDBOX: &[&str] = &[
    "plugins",
    "io.containerd.cri.v1.images",
    "pinned_images",
    "sandbox",
];

#[test]
fn what_images_have_below_cri_wins() {
    let both = format!(
        "version = 2\n{CRI}.sandbox_image = 'old'\n\
         plugins.'io.containerd.cri.v1.images'.pinned_images = {{ sandbox = 'new', b = 'c' }}"
    );
    for (release, sandbox) in [
        ("2.0", "old"),
        ("2.2", "old"),
        ("2.3", "old"),
        ("1.7", "new"),
    ] {
        assert!(
            at(&both, "", release, SANDBOX).contains(sandbox),
            "{release}"
        );
    }
    let newer = both.replace("version = 2", "version = 3");
    assert!(at(&newer, "", "2.2", SANDBOX).contains("new"));
    assert!(
        at(&newer, "", "2.3", SANDBOX).contains("old"),
        "2.3 migrates version 3, too"
    );
    let newest = both.replace("version = 2", "version = 4");
    assert!(at(&newest, "", "2.3", SANDBOX).contains("new"));
}

#[test]
fn the_runtime_part_wins_over_cri() {
    let both = format!(
        "version = 2\n{CRI}.enable_cdi = true\n{CRI}.containerd.runtimes.a.runtime_type = 'x'\n\
         [plugins.'io.containerd.cri.v1.runtime']\nenable_cdi = false\n\
         containerd.runtimes.b.runtime_type = 'x'"
    );
    let runtime = "io.containerd.cri.v1.runtime";
    for release in ["2.0", "2.2", "2.3"] {
        assert_eq!(
            at(&both, "", release, &["plugins", runtime, "enable_cdi"]),
            "false"
        );
        let runtimes = ["plugins", runtime, "containerd", "runtimes"];
        let loaded = at(&both, "", release, &runtimes);
        assert!(loaded.contains('b') && !loaded.contains("a ="), "{loaded}");
    }
}

#[test]
fn the_snapshotter_goes_over_beside_handlers_only() {
    let path = ["plugins", "io.containerd.cri.v1.images", "snapshotter"];
    let alone = format!("version = 2\n{CRI}.containerd.snapshotter = 'x'\n");
    let beside = format!("{alone}{CRI}.containerd.runtimes.a.runtime_type = 'y'");
    for release in ["2.0", "2.1", "2.2", "2.3"] {
        assert_eq!(at(&alone, "", release, &path), "", "{release}");
        assert_eq!(at(&beside, "", release, &path), "\"x\"", "{release}");
    }
}

#[test]
fn the_old_table_of_tasks_empties_the_shim_manager() {
    let both = "version = 2\nplugins.'io.containerd.runtime.v2.task' = { sched_core = true }\n\
                plugins.'io.containerd.shim.v1.manager'.env = ['A=b']";
    let path = ["plugins", "io.containerd.shim.v1.manager", "env"];
    assert!(at(both, "", "2.2", &path).contains("SCHED_CORE"));
    assert_eq!(
        at(both, "", "2.3", &path),
        "",
        "the second step empties it again"
    );
    let newer = both.replace("version = 2", "version = 3");
    assert!(at(&newer, "", "2.2", &path).contains("A=b"));
}

#[test]
fn servers_become_plugins_unless_the_file_has_them_already() {
    let path = ["plugins", "io.containerd.server.v1.grpc", "address"];
    let ttrpc = ["plugins", "io.containerd.server.v1.ttrpc", "address"];
    let top = "version = 2\ngrpc = { address = '/a' }\n";
    assert_eq!(at(top, "", "2.3", &path), "\"/a\"");
    assert_eq!(at(top, "", "2.3", &ttrpc), "\"/a.ttrpc\"");
    let server = "plugins.'io.containerd.server.v1.grpc'.max_recv_message_size = 1";
    let both = format!("{top}{server}");
    assert_eq!(at(&both, "", "2.3", &path), "", "the default socket");
    assert_eq!(at(&both, "", "2.3", &ttrpc), "\"/a.ttrpc\"");
    assert_eq!(at(&top.replace('2', "4"), "", "2.3", &path), "");
    assert_eq!(at(top, "", "2.2", &path), "");
}

#[test]
fn a_version_1_drop_in_goes_as_far_as_what_is_merged() {
    let drop_in = "plugins.cri.sandbox_image = 'd'";
    for version in ["", "version = 1\n"] {
        let drop_in = format!("{version}{drop_in}");
        assert!(at("version = 2", &drop_in, "2.2", SANDBOX).contains('d'));
        assert_eq!(at("version = 3", &drop_in, "2.2", SANDBOX), "");
        assert_eq!(at("version = 1", &drop_in, "2.2", SANDBOX), "");
        assert!(at("version = 3", &drop_in, "2.3", SANDBOX).contains('d'));
    }
    assert!(at("version = 3", "version = 4", "2.3.4", SANDBOX).contains("higher than root"));
    assert_eq!(at("version = 3", "version = 4", "2.3.5", SANDBOX), "");
    assert!(
        at("", "version = 4", "2.3.4", SANDBOX).is_empty(),
        "the first version that is set"
    );
}

#[test]
fn a_type_that_go_asserts_ends_the_daemon() {
    for (line, panics) in [
        (format!("{CRI}.containerd = 5"), "2.0 2.2 2.3"),
        (format!("{CRI}.containerd.runtimes.a = 5"), "2.0 2.2 2.3"),
        (format!("{CRI}.cni.bin_dir = 5"), "2.2 2.3"),
        (
            "plugins.'io.containerd.runtime.v2.task' = 5".to_owned(),
            "2.0 2.2 2.3",
        ),
    ] {
        for release in ["2.0", "2.2", "2.3"] {
            let text = at(&format!("version = 2\n{line}"), "", release, &["x"]);
            assert_eq!(
                text.contains("panic"),
                panics.contains(release),
                "{line} {release}"
            );
        }
    }
}
