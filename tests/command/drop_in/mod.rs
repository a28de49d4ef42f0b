//! Drop-ins: files of their own that the config imports, from install to uninstall.

mod copies;
mod links;
mod lives;
mod others;
mod place;
mod sidecars;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::folders;
use crate::tool::{Node, Run};

const MAIN: &str = "# mine\nversion = 3\n\n[debug]\nlevel = 'info'\n";

const RUNTIMES: &str = "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes";

const OLD: &str = "plugins.\"io.containerd.grpc.v1.cri\"";

fn drop_in(node: &Node, name: &str) -> PathBuf {
    node.folder().join("conf.d").join(name)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("it is there")
}

/// What stands in the folder of drop-ins.
fn in_conf_d(node: &Node) -> Vec<String> {
    folders::names(&node.folder().join("conf.d"))
}

fn imports(node: &Node, name: &str) -> String {
    let path = drop_in(node, name);
    format!("imports = [\"{}\"]\n", path.display())
}

fn identity(path: &Path) -> (u64, i64, i64) {
    let metadata = fs::metadata(path).expect("it is there");
    (metadata.ino(), metadata.mtime_nsec(), metadata.ctime_nsec())
}

/// A path as the names of sidecars have it.
fn path_name(path: &Path) -> String {
    path.to_string_lossy().replace('/', "%2F")
}

/// What an installer wants as a whole.
fn patch_file(handlers: &[&str]) -> String {
    let mut text = "owner = 'kata-deploy'\n".to_owned();
    for name in handlers {
        let handler = ["[handlers.", name, "]\nruntime_type = 't.v2'\n"];
        text.push_str(&handler.concat());
    }
    text
}

/// Applies such a file.
fn apply(node: &Node, handlers: &[&str], arguments: &[&str]) -> Run {
    let file = node.folder().join("wanted");
    fs::write(&file, patch_file(handlers)).expect("writes");
    let file = file.to_string_lossy();
    let run = node.run(&[&["apply", &*file], arguments].concat()).exits(0);
    fs::remove_file(&*file).expect("removes");
    run
}

/// A config that imports whatever is in a folder, by the order of its names.
fn with_folder() -> Node {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    node
}
