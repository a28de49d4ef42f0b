//! What a patch file says.

use super::*;
use crate::toml::render::{self, Quotes};

mod refused;
mod schema;

/// The file of the documentation, with every kind of table.
const WHOLE: &str = r#"owner = "kata-deploy"
default = "kata-qemu"

[handlers.kata-qemu]
runtime_type = "io.containerd.kata-qemu.v2"
pod_annotations = ["io.katacontainers.*"]
[handlers.kata-qemu.options]
ConfigPath = "/opt/kata/configuration-qemu.toml"

[handlers.crun]
options.Debug.level = 3

[plugins.'io.containerd.grpc.v1.cri']
enable_cdi = true
cni.bin_dir = "/opt/cni/bin"

[proxy_plugins.nydus]
type = "snapshot"
address = "/run/nydus.sock"
[proxy_plugins.nydus.exports]
root = "/var/lib/nydus"

[debug]
level = "debug"
"#;

fn parsed(text: &str) -> PatchFile {
    PatchFile::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// What a file wants, a line for each key.
fn lines(file: &PatchFile) -> Vec<String> {
    let wants = file.change.wants.iter();
    let lines = wants.map(|want| match want.key.handler() {
        Some(handler) => {
            let below = render::dotted(&want.key.path[handler.len()..], Quotes::Basic);
            let name = want.key.handler_name().unwrap_or_default();
            format!("{name}: {below} = {}", want.value.text())
        }
        None => format!("{} = {}", want.key, want.value.text()),
    });
    lines.collect()
}

#[test]
fn every_table_is_read_in_the_order_of_the_file() {
    let file = parsed(WHOLE);
    assert_eq!(file.owner().map(Owner::as_str), Some("kata-deploy"));
    let cri = "plugins.\"io.containerd.cri.v1.runtime\"";
    assert_eq!(
        lines(&file),
        [
            &format!("{cri}.containerd.default_runtime_name = \"kata-qemu\""),
            "kata-qemu: runtime_type = \"io.containerd.kata-qemu.v2\"",
            "kata-qemu: pod_annotations = [\"io.katacontainers.*\"]",
            "kata-qemu: options.ConfigPath = \"/opt/kata/configuration-qemu.toml\"",
            "crun: runtime_type = \"io.containerd.runc.v2\"",
            "crun: options.BinaryName = \"/usr/bin/crun\"",
            "crun: options.Debug.level = 3",
            &format!("{cri}.enable_cdi = true"),
            &format!("{cri}.cni.bin_dir = \"/opt/cni/bin\""),
            "proxy_plugins.nydus.type = \"snapshot\"",
            "proxy_plugins.nydus.address = \"/run/nydus.sock\"",
            "proxy_plugins.nydus.exports.root = \"/var/lib/nydus\"",
            "debug.level = \"debug\"",
        ]
    );
}

#[test]
fn the_spelling_does_not_matter() {
    let wanted = lines(&parsed(
        "[handlers.b]\nruntime_type = 't'\n[handlers.b.options]\nx = [{ y = 1 }]\n\
         [handlers.a]\npreset = 'crun'\n[plugins.'io.containerd.grpc.v1.cri'.cni]\nbin_dirs = ['/a']\n",
    ));
    for text in [
        "handlers = { b = { options.x = [{ y = 1 }], runtime_type = 't' }, \
         a.preset = 'crun' }\nplugins = { 'io.containerd.grpc.v1.cri' = { cni = { bin_dirs = ['/a'] } } }",
        "handlers.b.runtime_type = 't'\nhandlers.b.options = { x = [{ y = 1 }] }\n\
         handlers.a.preset = 'crun'\nplugins.cri.cni.bin_dirs = ['/a']",
        "\u{feff}[plugins.'io.containerd.grpc.v1.cri']\r\n\"cni\".bin_dirs = ['/a']\r\n[handlers]\r\nb.runtime_type = 't'\r\n\
         b.options.x = [{ y = 1 }]\r\n[handlers.a]\r\npreset = \"\\u0063run\"\r\n",
    ] {
        assert_eq!(lines(&parsed(text)).join("\n"), wanted.join("\n"), "{text}");
    }
}

#[test]
fn it_is_known_where_a_key_stands() {
    let file = parsed(
        "[plugins.'io.containerd.grpc.v1.cri']\nregistry.mirrors.'docker.io'.endpoint = []\n  \
         sandbox_image = 'x'\n",
    );
    let at = |key: &str| file.position(key).map(|at| at.to_string());
    let images = "plugins.\"io.containerd.cri.v1.images\"";
    let sandbox = at(&format!("{images}.pinned_images.sandbox"));
    assert_eq!(sandbox.as_deref(), Some("3:3"));
    let endpoint = at(&format!("{images}.registry.mirrors.\"docker.io\".endpoint"));
    assert_eq!(endpoint.as_deref(), Some("2:30"));
    assert_eq!(at(&format!("{images}.snapshotter")), None);
}

#[test]
fn a_key_is_the_same_in_the_spelling_of_every_config_version() {
    for (one, others) in [
        (
            "[plugins.'io.containerd.cri.v1.images'.pinned_images]\nsandbox = 'x'",
            &[
                "[plugins.'io.containerd.grpc.v1.cri']\nsandbox_image = 'x'",
                "[plugins.cri]\nsandbox_image = 'x'",
            ][..],
        ),
        (
            "[plugins.'io.containerd.monitor.task.v1.cgroups']\nno_prometheus = true",
            &[
                "[plugins.'io.containerd.monitor.v1.cgroups']\nno_prometheus = true",
                "[plugins.cgroups]\nno_prometheus = true",
            ],
        ),
        (
            "[grpc]\naddress = '/run/a.sock'\ntcp_address = ':1'",
            &[
                "[plugins.'io.containerd.server.v1.grpc']\naddress = '/run/a.sock'\n\
               [plugins.'io.containerd.server.v1.grpc-tcp']\naddress = ':1'",
            ],
        ),
        (
            "default = 'crun'\n[handlers.crun]\n",
            &[
                "[plugins.'io.containerd.grpc.v1.cri'.containerd]\ndefault_runtime_name = 'crun'\n\
               [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.crun]\n\
               runtime_type = 'io.containerd.runc.v2'\noptions.BinaryName = '/usr/bin/crun'",
            ],
        ),
    ] {
        let wanted = lines(&parsed(one));
        for other in others {
            assert_eq!(lines(&parsed(other)), wanted, "{other}");
        }
    }
}

#[test]
fn lists_are_wanted_element_by_element() {
    let file = parsed(
        "imports = ['/a/*.toml']\ndisabled_plugins = ['x.y.z', 'u']\n\
         [[plugins.'io.containerd.transfer.v1.local'.unpack_config]]\nsnapshotter = 'erofs'\n",
    );
    assert_eq!(
        lines(&file),
        [
            r#"imports["/a/*.toml"] = "/a/*.toml""#,
            r#"disabled_plugins["x.y.z"] = "x.y.z""#,
            r#"disabled_plugins["u"] = "u""#,
            "plugins.\"io.containerd.transfer.v1.local\".unpack_config[{ snapshotter = \
             \"erofs\" }] = { snapshotter = \"erofs\" }",
        ]
    );
}

#[test]
fn a_file_that_says_nothing_is_a_patch_file() {
    for text in [
        "",
        "# nothing\n",
        "[handlers]\n[plugins.'io.containerd.grpc.v1.cri']\n[debug]\n",
        "plugins = {}",
    ] {
        let file = parsed(text);
        assert_eq!((file.owner(), lines(&file).len()), (None, 0), "{text}");
    }
}

#[test]
fn a_preset_counts_by_its_key_else_by_the_handlers_name() {
    let file = parsed("[handlers.kata-fc]\npreset = 'kata'\nsnapshotter = 'devmapper'\n");
    assert_eq!(
        lines(&file),
        [
            "kata-fc: runtime_type = \"io.containerd.kata-fc.v2\"",
            "kata-fc: privileged_without_host_devices = true",
            "kata-fc: pod_annotations = [\"io.katacontainers.*\"]",
            "kata-fc: snapshotter = \"devmapper\"",
        ]
    );
    let file = parsed("[handlers.gvisor]\n");
    assert_eq!(
        lines(&file),
        ["gvisor: runtime_type = \"io.containerd.runsc.v1\""]
    );
}

/// Which handlers there are is not the file's to know.
#[test]
fn the_default_may_be_a_handler_that_stands_elsewhere() {
    assert_eq!(lines(&parsed("default = 'runc'")).len(), 1);
}
