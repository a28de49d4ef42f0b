//! A whole life of an installer that makes its handler the default and turns CDI on.

// It sets a config up with the plain calls that the tool itself must not use.
#![allow(clippy::disallowed_methods)]

use std::error::Error;

use containerd_edit::{Change, Editor, Handler, Preset};

fn wanted(as_default: bool) -> Result<Change, Box<dyn Error>> {
    let nvidia = Preset::named("nvidia").ok_or("no such preset")?;
    let handler = Handler::from_preset("nvidia".parse()?, nvidia)
        .with("container_annotations=[\"cdi.k8s.io/*\"]".parse()?)?;
    let change = Change::new()
        .owner("gpu-operator".parse()?)
        .declares()
        .prune()
        .ensure(handler)
        .key(&"plugins.cri.enable_cdi=true".parse()?)?;
    Ok(if as_default {
        change.default_handler("nvidia".parse()?)
    } else {
        change
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    // In place of the host's /etc/containerd.
    let node = tempfile::tempdir()?;
    let path = node.path().join("config.toml");
    let runtimes = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes";
    let original = format!(
        "version = 3\n[{runtimes}.runc]\nruntime_type = 'io.containerd.runc.v2'\n\
         [{runtimes}.runc.options]\nSystemdCgroup = true\n"
    );
    std::fs::write(&path, &original)?;
    let editor = Editor::new(&path).command("gpu-operator toolkit");

    let installed = editor.commit(&wanted(true)?)?;
    assert_eq!(installed.report.new_default.as_deref(), Some("nvidia"));
    let text = std::fs::read_to_string(&path)?;
    assert_eq!(
        text.matches("SystemdCgroup = true").count(),
        2,
        "the cgroup driver of runc"
    );
    assert!(!editor.commit(&wanted(true)?)?.is_change());

    let upgraded = editor.commit(&wanted(false)?)?;
    assert_eq!(upgraded.report.new_default.as_deref(), Some("runc"));

    editor.commit(Change::new().owner("gpu-operator".parse()?).prune())?;
    assert_eq!(std::fs::read_to_string(&path)?, original);
    Ok(())
}

#[test]
fn runs() -> Result<(), Box<dyn Error>> {
    main()
}
