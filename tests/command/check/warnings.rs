//! Warnings about a config that serves: what a pod would stumble over, and what is not read.

use std::fs;

use crate::tool::Node;

use super::{OLD, RUNC};

#[test]
fn what_a_pod_would_stumble_over_is_a_warning() {
    let node = Node::with(format!(
        "version = 2\n[{OLD}.containerd.runtimes.runc]\n{RUNC}\
         [{OLD}.containerd.runtimes.untyped]\nzzz = 1\n\
         [{OLD}.containerd.runtimes.odd]\nruntime_type = 'garbage'\nPod_Annotations = []\n\
         [{OLD}.containerd.runtimes.gone]\nruntime_type = '/nowhere/shim'\n\
         [{OLD}.containerd.runtimes.gone.options]\nBinaryName = '/nowhere/runc'\nIoUid = 'x'\n\
         [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.elsewhere]\n{RUNC}"
    ));
    let run = node.run(&["check"]);
    for said in [
        "untyped has no runtime_type",
        "unknown key zzz in handler untyped: no containerd release reads it",
        "runtime_type \"garbage\" of odd names no shim",
        "Pod_Annotations of odd is spelled pod_annotations",
        "the shim /nowhere/shim of gone is not on this host",
        "/nowhere/runc of gone is not on this host",
        "options.IoUid of gone wants an integer",
        "containerd 1.6 and 1.7 do not load elsewhere",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    let run = node.run(&["check", "-q"]);
    assert_eq!((run.stderr.as_str(), run.stdout.as_str()), ("", ""));
}

/// One rule for `check` and for the verbs that set the key.
#[test]
fn a_program_that_is_not_there_is_told_by_whoever_names_it() {
    let patch = "[handlers.a]\nruntime_type = 'io.containerd.nowhere.v2'\n";
    let node = Node::with("version = 3\n");
    let file = node.folder().join("patch.toml");
    fs::write(&file, patch).expect("writes");
    let named = file.display().to_string();
    for (arguments, said) in [
        (
            &["add", "a", "--set", "runtime_type=garbage"][..],
            "runtime_type \"garbage\" of a names no shim: it wants io.containerd.NAME.v2 or an \
             absolute path",
        ),
        (
            &["apply", &named],
            "the shim containerd-shim-nowhere-v2 of a is not on this host",
        ),
        (
            &["set", "handlers.a.runtime_type=/nowhere/shim"],
            "the shim /nowhere/shim of a is not on this host",
        ),
        (
            &["set", "handlers.a.options.BinaryName=/nowhere/runc"],
            "/nowhere/runc of a is not on this host",
        ),
    ] {
        for arguments in [arguments, &["check"]] {
            let run = node.run(arguments).exits(0);
            let all = run.missing.concat() + &run.stderr;
            assert!(all.contains(said), "{arguments:?}: {run:#?}");
        }
        let run = node.run(arguments).exits(0);
        let all = run.missing.concat() + &run.stderr;
        assert!(
            !all.contains("warning"),
            "nothing to do, nothing to say: {run:#?}"
        );
    }
}

/// The warnings of `check`, of which none is about what is missing on this host.
fn warnings(node: &Node) -> Vec<String> {
    let run = node.run(&["check"]);
    let lines = run.stderr.lines().map(str::to_owned);
    lines.filter(|line| !line.contains("not on this")).collect()
}

#[test]
fn handlers_of_imported_files_have_warnings_with_their_places() {
    let node = Node::with(format!(
        "version = 2\nimports = ['x.toml']\n[{OLD}.containerd.runtimes.runc]\n{RUNC}"
    ));
    let drop_in = node.folder().join("x.toml");
    let text = format!(
        "version = 2\n[{OLD}.containerd.runtimes]\n[{OLD}.containerd.runtimes.kata]\n\
         snapshotter = 'nope'\ntypo = 1\n[{OLD}.containerd.runtimes.runc]\n"
    );
    fs::write(&drop_in, text).expect("writes");
    let warnings = warnings(&node);
    let said = |what: &str| {
        let found = warnings.iter().find(|it| it.contains(what));
        let found = found.unwrap_or_else(|| panic!("{what}: {warnings:#?}"));
        let place = format!("({}:3:", drop_in.display());
        assert!(found.contains(&place), "{found}");
    };
    for what in [
        "kata has no runtime_type",
        "unknown key typo in handler kata",
        "containerd 1.6 does not read snapshotter of handler kata",
        "no pod can run on handler kata: containerd 1.7",
    ] {
        said(what);
    }
    let has_type = |it: &String| it.contains("runc has no runtime_type");
    assert!(!warnings.iter().any(has_type), "{warnings:#?}");
}

/// 2.0 to 2.2 take the version of the file that is loaded last for all.
#[test]
fn what_a_newer_drop_in_hides_is_named_with_the_drop_in() {
    let runc = format!("[{OLD}.containerd.runtimes.runc]\n{RUNC}");
    let node = Node::with(format!(
        "version = 2\nimports = ['x.toml']\n[{OLD}]\nsandbox_image = 'x'\n\
         {runc}options.SystemdCgroup = true\n"
    ));
    let drop_in = node.folder().join("x.toml");
    fs::write(&drop_in, "version = 3\n").expect("writes");
    let said = format!(
        "containerd 2.0, 2.1 and 2.2 do not read {OLD}.sandbox_image, \
         {OLD}.containerd.runtimes.runc.options.SystemdCgroup: these releases look in another \
         plugin, and do not move it since {} has a newer config version, which holds for all files",
        drop_in.display()
    );
    let warnings = warnings(&node);
    assert!(
        warnings.iter().any(|it| it.ends_with(&said)),
        "{warnings:#?}"
    );
}

#[test]
fn keys_of_version_1_are_named_as_the_file_has_them() {
    let runc = format!("[plugins.cri.containerd.runtimes.runc]\n{RUNC}");
    let node = Node::with(format!(
        "[plugins.cri]\nsandbox_image = 'x'\n{runc}options.SystemdCgroup = true\n"
    ));
    let said = "containerd 2.0, 2.1 and 2.2 do not read plugins.cri.sandbox_image, \
                plugins.cri.containerd.runtimes.runc.options.SystemdCgroup: these releases look in \
                another plugin, and do not move it from a config of this version";
    let warnings = warnings(&node);
    assert!(
        warnings.iter().any(|it| it.ends_with(said)),
        "{warnings:#?}"
    );
}
