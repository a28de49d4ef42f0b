//! Any bytes are edited or refused: no panic, a patch applied twice is one applied once, and what is
//! added can be removed without a trace.

#![no_main]

use containerd_edit::{Document, Inventory, Patch, apply};
use libfuzzer_sys::fuzz_target;

// The properties have one definition. The parts that only their own tests use are idle here.
#[path = "../../tests/properties/declared.rs"]
mod declared;
#[allow(dead_code, unused_imports)]
#[path = "../../tests/properties/meaning.rs"]
mod meaning;
#[allow(dead_code, unused_imports)]
#[path = "../../tests/properties/round_trip.rs"]
mod round_trip;
#[allow(dead_code, unused_imports)]
#[path = "../../tests/properties/spellings/mod.rs"]
mod spellings;

use round_trip::Added;

fuzz_target!(|bytes: &[u8]| {
    let Ok(config) = Document::parse(bytes) else {
        return;
    };
    let _ = Inventory::of(&config, None);
    let _ = Inventory::of(&config, Some("cri"));
    // Whatever the file lists already; `check` leaves removals out where an add is refused.
    let names = ["runc", "crun", "kata", "untrusted"];
    let removal = names.into_iter().fold(Patch::new(), Patch::remove);
    let _ = apply(Some(&config), &removal);
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
