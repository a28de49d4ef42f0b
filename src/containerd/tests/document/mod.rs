//! The model as a document for people: `fixtures/conformance/releases.md`.
//!
//! With `GOLDEN=overwrite` in the environment the document is written instead of compared.

mod asked;
mod listed;
mod page;

use self::page::Page;

fn printed() -> String {
    let mut page = Page(
        "# What containerd makes of a config, by release\n\n\
         Printed by `GOLDEN=overwrite cargo test --lib document` from the rules of \
         `src/containerd`, which are held against what real daemons did ([the corpus](README.md), `tests/containerd`). \
         Change the rules, not this file; [CONTRIBUTING.md](../../CONTRIBUTING.md#add-a-containerd-release) \
         says where each of them lives.\n\n\
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

#[test]
#[expect(clippy::disallowed_methods, reason = "a file of the repository")]
fn the_committed_document_is_current() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/conformance/releases.md"
    );
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "overwrite") {
        return std::fs::write(path, printed()).expect("the document is written");
    }
    let committed = std::fs::read_to_string(path).expect("the document");
    assert!(
        committed == printed(),
        "out of date: GOLDEN=overwrite cargo test --lib document"
    );
}
