//! A whole change on any config: it is applied or refused, twice is once, and it never goes wrong.

use containerd_edit::{Change, Handler, Setting};

use crate::node::Node;

fn setting(text: &str) -> Setting {
    text.parse().expect("a setting")
}

/// A change of each kind of key that a change can have.
fn whole() -> Change {
    let handler = Handler::new("kata".parse().expect("a name"), "io.containerd.kata.v2")
        .with(setting("snapshotter=nydus"))
        .and_then(|handler| handler.with(setting("options.ConfigPath=/opt/kata.toml")))
        .expect("settings go together");
    let keys = [
        "plugins.'io.containerd.grpc.v1.cri'.enable_cdi=true",
        "plugins.'io.containerd.grpc.v1.cri'.cni.bin_dir=/opt/cni",
        "proxy_plugins.nydus.type=snapshot",
        "debug.level=debug",
    ];
    let change = Change::new()
        .owner("kata-deploy".parse().expect("an owner"))
        .declares()
        .prune()
        .ensure(handler)
        .default_handler("kata".parse().expect("a name"));
    keys.map(setting)
        .iter()
        .fold(change, |change, key| change.key(key).expect("a key"))
}

/// Checks what a whole change makes of a config, and what is left when its owner goes.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let Some(base) = Node::new(Some(text)) else {
        return Ok(());
    };
    if base.is_lost {
        base.clone().tried(&whole())?;
        return Ok(());
    }
    let gone = Change::leave("kata-deploy", None);
    let adopted = whole().adopt();
    for change in [
        whole(),
        whole().take_over(),
        adopted,
        whole().unset_default(),
    ] {
        let mut node = base.clone();
        node.tried(&change)?;
        if node.tried(&gone)?.is_none() {
            return Err(format!("leaving is refused: {change:?}\nconfig: {text:?}"));
        }
    }
    Ok(())
}
