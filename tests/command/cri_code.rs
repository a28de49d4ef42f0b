//! How `src/daemon/cri/generated.rs` is made, and that it has been.
//!
//! Here and not beside it, so that it can be made when the crate does not compile with it.

use std::path::Path;

use prost_build::{Config, Module};

const PROTO: &str = "cri.proto";
const HOW: &str = "run this with OVERWRITE=1";

/// Compiles `cri.proto` without protoc.
fn generated() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/daemon/cri");
    let compiled = protox::compile([folder.join(PROTO)], [&folder]).expect("the file compiles");
    let files = compiled.file.into_iter();
    let requests = files.map(|file| (Module::from_protobuf_package_name(file.package()), file));
    let mut modules = Config::new()
        .generate(requests.collect())
        .expect("code is generated");
    let (_, code) = modules.drain().next().expect("one package");
    code
}

#[test]
fn the_generated_code_is_current() {
    let code = generated();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/daemon/cri/generated.rs");
    if std::env::var_os("OVERWRITE").is_some() {
        std::fs::write(&path, &code).expect("the code is written");
    }
    let known = std::fs::read_to_string(&path).expect("the code is there");
    assert!(
        code == known,
        "{} is not what {PROTO} says: {HOW}",
        path.display()
    );
}
