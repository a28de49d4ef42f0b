//! Folders of files, for several test programs.

use std::fs;
use std::path::Path;

/// Copies what stands in a folder to another one.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("creates");
    for entry in fs::read_dir(from).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(path, to).expect("copies");
        }
    }
}
