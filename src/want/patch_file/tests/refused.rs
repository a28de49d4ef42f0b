//! What is wrong with a patch file, where, and what to do.

use super::*;

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
            "1:1: unknown key handler | did you mean handlers?",
        ),
        (
            "x = 1",
            "1:1: unknown key x | the keys are owner, default, handlers, imports, \
             disabled_plugins, required_plugins, timeouts, cgroup, debug, grpc, ttrpc, metrics, \
             proxy_plugins, stream_processors, plugins",
        ),
        (
            "Owner = 'a'",
            "1:1: unknown key Owner | did you mean owner?",
        ),
        (
            "[handlers.a]\n  runtme_type = 't'",
            "2:3: handlers.a takes no key runtme_type | did you mean runtime_type?",
        ),
        (
            "handlers = { a = { Runtime_Type = 't' } }",
            "1:20: handlers.a takes no key Runtime_Type | did you mean runtime_type?",
        ),
        (
            "[handlers.a]\npresets = 'crun'",
            "2:1: handlers.a takes no key presets | did you mean preset?",
        ),
        (
            "[handlers.a.Options]\nx = 1",
            "1:13: handlers.a takes no key Options | did you mean options?",
        ),
        (
            "[cri]\nenable_cdi = true",
            "1:2: unknown key cri | did you mean plugins.\"io.containerd.grpc.v1.cri\"?",
        ),
        (
            "[plugins.cri]\nenable_CDI = true",
            "2:1: plugins.cri takes no key enable_CDI | did you mean enable_cdi?",
        ),
        (
            "[plugins.cri]\nrunc_image = 'pause'",
            "2:1: plugins.cri takes no key runc_image | `containerd config default` shows the keys",
        ),
        (
            "plugins.cri.cni.bindir = ''",
            "1:17: plugins.cri.cni takes no key bindir | did you mean bin_dir?",
        ),
        (
            "[plugins.'io.containerd.cri.v1.runtime']\nsandbox_image = 'x'",
            "2:1: plugins.\"io.containerd.cri.v1.runtime\" takes no key sandbox_image | did you \
             mean plugins.\"io.containerd.grpc.v1.cri\".sandbox_image?",
        ),
        (
            "[plugins.'io.containerd.nri.v1.nri']\ndisabled = true",
            "2:1: plugins.\"io.containerd.nri.v1.nri\" takes no key disabled | did you mean disable?",
        ),
        (
            "root = '/data'",
            "1:1: root is the node's own, and no installer's to set | leave it out; whoever runs the \
             node sets it in the config by hand",
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
fn keys_that_stand_in_another_place_are_named() {
    for (text, said) in [
        (
            "[handlers.a]\nSystemdCgroup = true",
            "2:1: handlers.a takes no key SystemdCgroup | did you mean options.SystemdCgroup?",
        ),
        (
            "[plugins.cri]\nconfig_path = '/etc/containerd/certs.d'",
            "2:1: plugins.cri takes no key config_path | did you mean registry.config_path?",
        ),
        (
            "[plugins.io.containerd.grpc.v1.cri]\nenable_cdi = true",
            "1:10: no plugin has the ID io | quote the plugin's ID, as in \
             plugins.\"io.containerd.grpc.v1.cri\".enable_cdi",
        ),
        (
            "[runtimes.crun]\nsnapshotter = 'nydus'",
            "1:2: unknown key runtimes | did you mean handlers?",
        ),
        (
            "level = 'debug'",
            "1:1: unknown key level | did you mean debug.level?",
        ),
        (
            "sandbox_image = 'x'",
            "1:1: unknown key sandbox_image | did you mean \
             plugins.\"io.containerd.grpc.v1.cri\".sandbox_image?",
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
        (
            "plugins.cri = []",
            "1:15: plugins.cri wants a table, not this array",
        ),
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
            "2:10: handlers.crun.preset wants a string, not a table",
        ),
        (
            "[handlers.crun]\npod_annotations = [1]",
            "2:19: handlers.crun.pod_annotations wants an array of strings, not this array",
        ),
        (
            "[handlers.crun.pod_annotations]",
            "1:16: handlers.crun.pod_annotations wants an array of strings, not a table",
        ),
        (
            "[handlers.crun]\noptions = 1",
            "2:11: handlers.crun.options wants a table, not an integer",
        ),
        (
            "[handlers.crun.options]\nSystemdCgroup = 'true'",
            "2:17: handlers.crun.options.SystemdCgroup wants a boolean, not a string",
        ),
        (
            "[handlers.crun.options.BinaryName]",
            "1:24: handlers.crun.options.BinaryName wants a string, not a table",
        ),
        (
            "[plugins.cri]\nenable_cdi = 'true'",
            "2:14: plugins.cri.enable_cdi wants a boolean, not a string",
        ),
        (
            "[plugins.cri]\nstats_collect_period = true",
            "2:24: plugins.cri.stats_collect_period wants an integer or a string, not a boolean",
        ),
        (
            "plugins.cri.cni = 1",
            "1:19: plugins.cri.cni wants a table, not an integer",
        ),
        (
            "[proxy_plugins.nydus.exports]\na = 1",
            "2:5: proxy_plugins.nydus.exports.a wants a string, not an integer",
        ),
        (
            "debug.level = 1",
            "1:15: debug.level wants a string, not an integer",
        ),
    ] {
        assert_eq!(refused(text), format!("{said} | fix this value"), "{text}");
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

#[test]
fn what_a_file_says_in_two_ways_is_one_thing() {
    let runtimes = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    for (text, said) in [
        (
            format!("handlers.a.runtime_type = 't'\n{runtimes}.a.runtime_type = 'u'"),
            format!("2:59: {runtimes}.a.runtime_type contradicts handlers.a.runtime_type (line 1)"),
        ),
        (
            format!("[{runtimes}.a]\nruntime_type = 'u'\n[handlers.a]\nruntime_type = 't'"),
            format!("4:1: handlers.a.runtime_type contradicts {runtimes}.a.runtime_type (line 2)"),
        ),
        (
            "default = 'a'\nplugins.cri.containerd.default_runtime_name = 'b'".to_owned(),
            "2:24: plugins.cri.containerd.default_runtime_name contradicts default (line 1)"
                .to_owned(),
        ),
        (
            "plugins.cri.sandbox_image = 'a'\n\
             plugins.'io.containerd.cri.v1.images'.pinned_images.sandbox = 'b'"
                .to_owned(),
            "2:53: plugins.\"io.containerd.cri.v1.images\".pinned_images.sandbox contradicts \
             plugins.cri.sandbox_image (line 1)"
                .to_owned(),
        ),
        (
            format!("handlers.crun.options.x = 1\n{runtimes}.crun.options.x.y = 1"),
            format!(
                "2:72: {runtimes}.crun.options.x.y contradicts handlers.crun.options.x (line 1)"
            ),
        ),
        (
            format!("handlers.crun.options.x.y = 1\n{runtimes}.crun.options.x = 1"),
            format!(
                "2:70: {runtimes}.crun.options.x contradicts handlers.crun.options.x.y (line 1)"
            ),
        ),
    ] {
        assert_eq!(refused(&text), format!("{said} | leave one of the two out"));
    }
    for text in [
        format!("handlers.a.runtime_type = 't'\n{runtimes}.a.runtime_type = \"t\""),
        format!("handlers.kata.preset = 'kata'\n{runtimes}.kata.runtime_type = 'u'"),
        "handlers.crun.options.x = {}\nplugins.cri.containerd.runtimes.crun.options.x.y = 1"
            .to_owned(),
    ] {
        assert!(refused(&text).starts_with("accepted"), "{text}");
    }
}

#[test]
fn files_that_count_as_one_say_one_thing() {
    for (first, second, said) in [
        (
            "debug.level = 'info'",
            "\ndebug.level = 'warn'",
            "2:7: debug.level contradicts debug.level (first:1:7)",
        ),
        (
            "default = 'a'",
            "default = 'b'",
            "1:1: default contradicts default (first:1:1)",
        ),
        (
            "handlers.a.runtime_type = 't'",
            "handlers.a.runtime_type = 'u'",
            "1:12: handlers.a.runtime_type contradicts handlers.a.runtime_type (first:1:12)",
        ),
        (
            "handlers.a.preset = 'crun'",
            "handlers.a.preset = 'kata'",
            "1:12: handlers.a.preset contradicts handlers.a.preset (first:1:12)",
        ),
        ("debug.level = 'info'", "[debug]\nlevel = \"info\"", ""),
        ("imports = ['a']", "imports = ['b']", ""),
        ("imports = 'a'", "imports = ['b']", ""),
    ] {
        let [first, second] = [first, second].map(parsed);
        let found = match second.agree_with(&first, "first") {
            Ok(()) => String::new(),
            Err(error) => format!("{}: {error}", error.position().expect("a place")),
        };
        assert_eq!(found, said);
    }
}
