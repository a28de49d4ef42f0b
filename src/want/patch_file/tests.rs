use super::*;
use crate::toml::render::{self, Quotes};

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

[cri]
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
         [handlers.a]\npreset = 'crun'\n[cri.cni]\nbin_dirs = ['/a']\n",
    ));
    for text in [
        "handlers = { b = { options.x = [{ y = 1 }], runtime_type = 't' }, \
         a.preset = 'crun' }\ncri = { cni = { bin_dirs = ['/a'] } }",
        "handlers.b.runtime_type = 't'\nhandlers.b.options = { x = [{ y = 1 }] }\n\
         handlers.a.preset = 'crun'\ncri.cni.bin_dirs = ['/a']",
        "\u{feff}[cri]\r\n\"cni\".bin_dirs = ['/a']\r\n[handlers]\r\nb.runtime_type = 't'\r\n\
         b.options.x = [{ y = 1 }]\r\n[handlers.a]\r\npreset = \"\\u0063run\"\r\n",
    ] {
        assert_eq!(lines(&parsed(text)).join("\n"), wanted.join("\n"), "{text}");
    }
}

#[test]
fn it_is_known_where_a_key_of_cri_stands() {
    let file = parsed("[cri]\nregistry.mirrors.'docker.io'.endpoint = []\n  sandbox_image = 'x'\n");
    let at = |key: &str| file.position(key).map(ToString::to_string);
    assert_eq!(at("sandbox_image").as_deref(), Some("3:3"));
    let endpoint = at("registry.mirrors.\"docker.io\".endpoint");
    assert_eq!(endpoint.as_deref(), Some("2:30"));
    assert_eq!(at("enable_cdi"), None);
}

#[test]
fn a_file_that_says_nothing_is_a_patch_file() {
    for text in [
        "",
        "# nothing\n",
        "[handlers]\n[cri]\n[debug]\n",
        "cri = {}",
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

/// What is wrong with a file: `line:column: message | hint`.
fn refused(text: &str) -> String {
    match PatchFile::parse(text.as_bytes()) {
        Ok(file) => format!("accepted: {file:?}"),
        Err(error) => match error.position() {
            Some(at) => format!("{at}: {error} | {}", error.hint()),
            None => panic!("{text}: {error} has no place"),
        },
    }
}

#[test]
fn keys_that_containerd_does_not_read_are_errors_with_their_place() {
    for (text, said) in [
        (
            "handler.a.preset = 'crun'",
            "1:1: a patch file takes no key handler | did you mean handlers?",
        ),
        (
            "x = 1",
            "1:1: a patch file takes no key x | the keys are owner, default, handlers, cri, \
             proxy_plugins, debug",
        ),
        ("Owner = 'a'", "1:1: Owner is spelled owner | write owner"),
        (
            "[handlers.a]\n  runtme_type = 't'",
            "2:3: handlers.a takes no key runtme_type | did you mean runtime_type?",
        ),
        (
            "handlers = { a = { Runtime_Type = 't' } }",
            "1:20: handlers.a.Runtime_Type is spelled runtime_type | write runtime_type",
        ),
        (
            "[handlers.a]\npresets = 'crun'",
            "2:1: handlers.a takes no key presets | did you mean preset?",
        ),
        (
            "[handlers.a.Options]\nx = 1",
            "1:13: handlers.a.Options is spelled options | write options",
        ),
        (
            "[cri]\nenable_CDI = true",
            "2:1: cri.enable_CDI is spelled enable_cdi | write enable_cdi",
        ),
        (
            "[cri]\nrunc_image = 'pause'",
            "2:1: cri takes no key runc_image | `containerd config default` of 2.x shows the \
             keys, at [plugins.\"io.containerd.cri.v1.runtime\"], that of 1.x at \
             [plugins.\"io.containerd.grpc.v1.cri\"]",
        ),
        (
            "cri.cni.bindir = ''",
            "1:9: cri.cni takes no key bindir | did you mean bin_dir?",
        ),
        (
            "[proxy_plugins.nydus]\ntyp = 'snapshot'",
            "2:1: proxy_plugins.nydus takes no key typ | did you mean type?",
        ),
        (
            "debug = { levle = 'info' }",
            "1:11: debug takes no key levle | did you mean level?",
        ),
        (
            "[debug]\n\"a b\" = 1",
            "2:1: debug takes no key \"a b\" | the keys are address, uid, gid, level, format, \
             log_trace_id",
        ),
    ] {
        assert_eq!(refused(text), said, "{text}");
    }
}

#[test]
fn values_of_another_type_are_errors_at_the_value() {
    for (text, said) in [
        (
            "handlers = 1",
            "1:12: handlers wants a table, not an integer",
        ),
        (
            "[[handlers]]",
            "1:3: handlers wants a table, not an array of tables",
        ),
        ("cri = []", "1:7: cri wants a table, not this array"),
        (
            "proxy_plugins.nydus = 'x'",
            "1:23: proxy_plugins.nydus wants a table, not a string",
        ),
        (
            "[handlers]\ncrun = true",
            "2:8: handlers.crun wants a table, not a boolean",
        ),
        ("owner = 1", "1:9: owner wants a string, not an integer"),
        ("[default]", "1:2: default wants a string, not a table"),
        (
            "[handlers.crun]\npreset = { }",
            "2:10: handlers.crun.preset wants a string, not an inline table",
        ),
        (
            "[handlers.crun]\npod_annotations = [1]",
            "2:19: handlers.crun.pod_annotations wants an array of strings, as in \
             [\"io.example.*\"], not this array",
        ),
        (
            "[handlers.crun.pod_annotations]",
            "1:16: handlers.crun.pod_annotations wants an array of strings, as in \
             [\"io.example.*\"], not a table",
        ),
        (
            "[handlers.crun]\noptions = 1",
            "2:11: handlers.crun.options wants a table, as in { SystemdCgroup = true }, not an \
             integer",
        ),
        (
            "[handlers.crun.options]\nSystemdCgroup = 'true'",
            "2:17: handlers.crun.options.SystemdCgroup wants true or false, not a string",
        ),
        (
            "[handlers.crun.options.BinaryName]",
            "1:24: handlers.crun.options.BinaryName wants a string, as in \"text\", not a table",
        ),
        (
            "[cri]\nenable_cdi = 'true'",
            "2:14: cri.enable_cdi wants a boolean, not a string",
        ),
        (
            "[cri]\nstats_collect_period = true",
            "2:24: cri.stats_collect_period wants a string or an integer, not a boolean",
        ),
        ("cri.cni = 1", "1:11: cri.cni wants a table, not an integer"),
        (
            "[proxy_plugins.nydus.exports]\na = 1",
            "2:5: proxy_plugins.nydus.exports.a wants a string, not an integer",
        ),
        (
            "debug.level = 1",
            "1:15: debug.level wants a string, not an integer",
        ),
    ] {
        assert_eq!(refused(text), format!("{said} | fix this line"), "{text}");
    }
}

#[test]
fn what_no_config_can_hold_is_an_error() {
    for (text, said) in [
        (
            "[handlers.Kata]",
            "1:11: handler name \"Kata\" may hold lowercase letters, digits and `-` only",
        ),
        ("default = ''", "1:11: handler name \"\" is empty"),
        (
            "owner = 'two words'",
            "1:9: owner \"two words\" may hold letters, digits",
        ),
        (
            "[handlers.a]\npreset = 'docker'",
            "2:10: no preset is called \"docker\" | the presets are kata, gvisor, crun",
        ),
        (
            "[handlers.crun]\n[handlers.mine]\nsnapshotter = 'x'",
            "2:11: no preset is called \"mine\", and runtime_type is not set | say what runs it \
             with runtime_type = \"…\", or take a preset with preset = \"…\"; the presets are kata, gvisor",
        ),
        (
            "[handlers.crun]\nruntime_type = ''",
            "1:11: no preset is called \"crun\", and runtime_type is not set",
        ),
        (
            "[handlers.crun.options]\nx = [nan]",
            "2:1: handlers.crun.options.x: CRI can't report a number that JSON does not have",
        ),
        (
            "[handlers.crun.options]\n\"'\\\"\" = 1",
            "2:1: handlers.crun.options.\"'\\u0022\": containerd 1.x can't read a key",
        ),
        (
            "[proxy_plugins.\"'\\\"\"]\ntype = 'snapshot'",
            "2:1: proxy_plugins.\"'\\u0022\".type: containerd 1.x can't read a key",
        ),
        (
            "[proxy_plugins.nydus]",
            "1:16: proxy_plugins.nydus holds no keys | give it a type and an address",
        ),
        (
            "[cri.containerd.runtimes.kata]",
            "1:17: cri.containerd.runtimes: handlers belong in [handlers] | write \
             [handlers.NAME] instead",
        ),
        (
            "cri.containerd.default_runtime.runtime_type = 'x'",
            "1:16: cri.containerd.default_runtime: handlers belong in [handlers]",
        ),
        (
            "[cri.containerd]\ndefault_runtime_name = 'kata'",
            "2:1: cri.containerd.default_runtime_name: the default handler belongs in default | \
             write default = \"NAME\" at the top of the file instead",
        ),
        (
            "[handlers.a]\nx = 1\nx = 2",
            "3:1: not valid TOML: duplicate key | fix this line",
        ),
        ("a = ", "1:5: not valid TOML: "),
    ] {
        let found = refused(text);
        assert!(found.starts_with(said), "{text}:\n{found}\n{said}");
    }
    let error = PatchFile::parse(b"owner = \"\xff\"").expect_err("not UTF-8");
    assert_eq!(
        error
            .position()
            .map(|at| (at.line, at.column, at.text.as_str())),
        Some((1, 10, "owner = \"\u{fffd}\""))
    );
}

/// Which handlers there are is not the file's to know.
#[test]
fn the_default_may_be_a_handler_that_stands_elsewhere() {
    assert_eq!(lines(&parsed("default = 'runc'")).len(), 1);
}
