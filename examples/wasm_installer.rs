//! Whole lives of installers whose shims come and go one by one, at the same time.

use std::error::Error;
use std::path::Path;

use containerd_edit::{Change, Editor, Handler};

fn wanted(shim: &str, folder: &str) -> Result<Change, Box<dyn Error>> {
    let runtime_type = format!("{folder}/containerd-shim-{shim}-v1");
    Ok(Change::new()
        .owner(format!("wasm/{shim}").parse()?)
        .declares()
        .prune()
        .ensure(Handler::new(shim.parse()?, &runtime_type)))
}

fn install(config: &Path, shim: &str, folder: &str) -> Result<bool, Box<dyn Error>> {
    let editor = Editor::new(config).command(format!("install {shim}"));
    Ok(editor.commit(&wanted(shim, folder)?)?.needs_restart())
}

fn main() -> Result<(), Box<dyn Error>> {
    // In place of the host's /etc/containerd.
    let node = tempfile::tempdir()?;
    let path = node.path().join("config.toml");
    std::thread::scope(|scope| {
        for shim in ["spin", "wasmtime", "slight"] {
            let path = &path;
            scope.spawn(move || assert!(install(path, shim, "/opt/wasm").expect("installs")));
        }
    });
    assert!(!install(&path, "spin", "/opt/wasm")?);
    assert!(install(&path, "spin", "/opt/wasm-2")?);
    for shim in ["wasmtime", "spin", "slight"] {
        let gone = Change::new().owner(format!("wasm/{shim}").parse()?).prune();
        Editor::new(&path).commit(&gone)?;
    }
    assert!(!path.exists(), "there was no file before");
    Ok(())
}

#[test]
fn runs() -> Result<(), Box<dyn Error>> {
    main()
}
