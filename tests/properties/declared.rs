//! A whole patch on any config: it is applied or refused, twice is once, and it never goes wrong.

use containerd_edit::{Code, Document, Edited, Handler, Patch, Setting, apply};

fn setting(text: &str) -> Setting {
    text.parse().expect("a setting")
}

/// A patch of each kind of key that a patch can have.
fn whole() -> Patch {
    let handler = Handler::new("kata".parse().expect("a name"), "io.containerd.kata.v2")
        .with(setting("snapshotter=nydus"))
        .and_then(|handler| handler.with(setting("options.ConfigPath=/opt/kata.toml")))
        .expect("settings go together");
    Patch::new()
        .owner("kata-deploy".parse().expect("an owner"))
        .declares()
        .prune()
        .ensure(handler)
        .default_handler("kata".parse().expect("a name"))
        .cri(setting("enable_cdi=true"))
        .cri(setting("cni.bin_dir=/opt/cni"))
        .proxy_plugin(setting("nydus.type=snapshot"))
        .debug(setting("level=debug"))
}

/// Checks what a whole patch makes of a config, and what is left when its owner goes.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let gone = Patch::new()
        .owner("kata-deploy".parse().expect("an owner"))
        .prune();
    for patch in [
        whole(),
        whole().take_over(),
        gone.clone(),
        gone.unset_default(),
    ] {
        let Some(once) = tried(text, &patch)?.and_then(|edited| edited.text) else {
            continue;
        };
        let twice = tried(&once, &patch)?.map(|edited| edited.text);
        if twice != Some(Some(once.clone())) {
            return Err(format!(
                "twice is not once: {patch:?}\nconfig: {text:?}\nonce: {once:?}\ntwice: {twice:?}"
            ));
        }
    }
    Ok(())
}

fn tried(text: &str, patch: &Patch) -> Result<Option<Edited>, String> {
    let config = Document::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    match apply(Some(&config), patch) {
        Ok(edited) => Ok(Some(edited)),
        Err(error) if error.code() == Code::Defect => {
            Err(format!("{error:?}: {patch:?}\nconfig: {text:?}"))
        }
        Err(_) => Ok(None),
    }
}
