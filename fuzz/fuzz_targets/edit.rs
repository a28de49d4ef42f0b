//! Any bytes are edited or refused: no panic, a change made twice is one applied once, and what is
//! added can be removed without a trace.

#![no_main]

use containerd_edit::{Change, Document, Inventory};
use libfuzzer_sys::fuzz_target;

// The properties have one definition. The parts that only their own tests use are idle here.
#[path = "../../tests/properties/declared.rs"]
mod declared;
#[allow(dead_code, unused_imports)]
#[path = "../../tests/properties/meaning.rs"]
mod meaning;
#[path = "../../tests/properties/node.rs"]
mod node;
#[allow(dead_code, unused_imports)]
#[path = "../../tests/properties/round_trip.rs"]
mod round_trip;
#[allow(dead_code, unused_imports)]
#[path = "../../tests/properties/spellings/mod.rs"]
mod spellings;

use node::Node;
use round_trip::Added;

fuzz_target!(|bytes: &[u8]| {
    let Ok(config) = Document::parse(bytes) else {
        return;
    };
    let _ = Inventory::of(&config, None);
    let _ = Inventory::of(&config, Some("cri"));
    // Whatever the file lists already.
    let names = ["crun", "kata", "untrusted"];
    let removal = names.into_iter().fold(Change::new().adopt(), Change::remove);
    let node = Node::new(Some(config.text()));
    if let Some(Err(why)) = node.map(|mut node| node.tried(&removal)) {
        panic!("{why}");
    }
    let added = [
        Added::new("crun", "manual", false),
        Added::new("kata", "kata-deploy", true),
    ];
    if let Err(why) = declared::check(config.text()) {
        panic!("{why}");
    }
    if let Err(why) = round_trip::check(Some(config.text()), &added) {
        panic!("{why}");
    }
});
