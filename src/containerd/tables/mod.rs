//! The model as a document for people: `docs/containerd-compatibility.md`.

mod asked;
mod listed;
mod page;

use self::page::Page;

/// The text of `docs/containerd-compatibility.md`.
#[must_use]
pub fn compatibility_tables() -> String {
    let mut page = Page(
        "# What containerd makes of a config, by release\n\n\
         Printed by `cargo run --example compatibility` from the rules of `src/containerd`, which \
         are held against what real daemons did (`fixtures/conformance`, `tests/containerd`). \
         Change the rules, not this file; [adding-a-release.md](adding-a-release.md) says where \
         each of them lives.\n\n\
         A line such as 2.1 stands for all of its patch releases. *Exits*: the daemon does not start. \
         *CRI off*: it starts without its CRI plugin, and the node goes NotReady.\n"
            .to_owned(),
    );
    asked::versions(&mut page);
    asked::plugin_ids(&mut page);
    asked::built_in(&mut page);
    asked::imports(&mut page);
    asked::merging(&mut page);
    listed::handler_keys(&mut page);
    listed::exits(&mut page);
    listed::parsers(&mut page);
    listed::cri_off(&mut page);
    listed::essential(&mut page);
    listed::kinds(&mut page);
    page.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_current() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/docs/containerd-compatibility.md"
        );
        let committed = std::fs::read_to_string(path).expect("the document");
        assert!(
            committed == compatibility_tables(),
            "out of date: cargo run --example compatibility > docs/containerd-compatibility.md"
        );
    }
}
