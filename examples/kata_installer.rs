//! A whole life of an installer with several handlers and a snapshotter: install, again, upgrade,
//! uninstall.

// It sets a config up with the plain calls that the tool itself must not use.
#![allow(clippy::disallowed_methods)]

use std::error::Error;

use containerd_edit::{Change, Editor, Handler, Owner, Preset};

/// What this release of the installer wants.
fn wanted(handlers: &[&str]) -> Result<Change, Box<dyn Error>> {
    let kata = Preset::named("kata").ok_or("no such preset")?;
    let owner: Owner = "kata-deploy".parse()?;
    let mut change = Change::new().owner(owner).declares().prune();
    for name in handlers {
        let handler = Handler::from_preset(name.parse()?, kata)
            .with("runtime_path=/opt/kata/bin/containerd-shim-kata-v2".parse()?)?
            .with("snapshotter=nydus".parse()?)?;
        change = change.ensure(handler);
    }
    let address = "/run/containerd-nydus/containerd-nydus-grpc.sock";
    Ok(change
        .key(&"proxy_plugins.nydus.type=snapshot".parse()?)?
        .key(&format!("proxy_plugins.nydus.address={address}").parse()?)?
        .key(&"debug.level=debug".parse()?)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    // In place of the host's /etc/containerd.
    let node = tempfile::tempdir()?;
    let path = node.path().join("config.toml");
    let original = "version = 2\n\n[debug]\n  level = \"info\" # ours\n";
    std::fs::write(&path, original)?;
    let editor = Editor::new(&path).command("kata-deploy install");

    let installed = editor.commit(&wanted(&["kata-qemu", "kata-fc"])?)?;
    assert_eq!(installed.report.handlers.added, ["kata-fc", "kata-qemu"]);
    assert!(installed.needs_restart());
    assert!(
        !editor
            .commit(&wanted(&["kata-qemu", "kata-fc"])?)?
            .is_change()
    );

    let upgraded = editor.commit(&wanted(&["kata-qemu"])?)?;
    assert_eq!(upgraded.report.handlers.removed, ["kata-fc"]);

    let gone = Change::new().owner("kata-deploy".parse()?).prune();
    editor.commit(&gone)?;
    assert_eq!(std::fs::read_to_string(&path)?, original);
    Ok(())
}

#[test]
fn runs() -> Result<(), Box<dyn Error>> {
    main()
}
