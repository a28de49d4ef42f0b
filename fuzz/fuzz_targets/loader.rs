//! The model of containerd's loader says something about any files, on every release.
//!
//! The input is the main file; what follows its first NUL is a drop-in.

#![no_main]

use containerd_edit::Release;
use containerd_edit::model::{ConfigFiles, FileState, Host, Model, Verdict};
use libfuzzer_sys::fuzz_target;

const DROP_IN: &str = "/etc/containerd/conf.d/a.toml";
/// Patch releases whose rules differ from those of their line's newest one.
const OLDER: [&str; 3] = ["1.6.20", "1.7.0", "2.1.0"];

fuzz_target!(|bytes: &[u8]| {
    let (main, drop_in) = match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => (&bytes[..end], Some(&bytes[end + 1..])),
        None => (bytes, None),
    };
    let mut files = ConfigFiles::new("/etc/containerd/config.toml", main);
    files.insert("/etc/containerd/conf.d", FileState::Folder);
    if let Some(drop_in) = drop_in {
        files.insert(DROP_IN, FileState::Bytes(drop_in.into()));
    }
    files.match_patterns();
    let host = Host::default();
    let model = Model::new(&files, &host);
    let older = OLDER.map(|text| text.parse::<Release>().expect("a release"));
    for release in Release::LINES.into_iter().chain(older) {
        let verdict = model.verdict(release);
        match &verdict {
            Verdict::Serves { handlers, default } => {
                assert!(handlers.contains_key(default), "{release}: {verdict:?}");
                for (name, handler) in handlers {
                    // The built-in handler has none.
                    let is_placed = model.position_of(handler).is_some();
                    assert!(name == "runc" || is_placed, "{name}");
                }
            }
            Verdict::NoCri { reason } | Verdict::Exits { reason } => {
                assert!(!reason.message.is_empty(), "{release}: {verdict:?}");
            }
        }
        assert_eq!(
            verdict,
            model.verdict(release),
            "{release} changes its mind"
        );
    }
});
