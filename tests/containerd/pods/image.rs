//! An image that needs no registry: busybox alone, as an OCI layout in a tar file.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The image's name. No registry has it, so that nothing can be pulled by mistake.
pub(super) const IMAGE: &str = "pods.invalid/busybox:1";

/// Makes the image in `folder` from a busybox that needs no libraries, and returns its path.
pub(super) fn make(folder: &Path, busybox: &Path) -> PathBuf {
    let root = folder.join("root");
    fs::create_dir_all(root.join("bin")).expect("a folder");
    fs::copy(busybox, root.join("bin/busybox")).expect("busybox is copied");
    symlink("busybox", root.join("bin/sleep")).expect("a link");
    let layer = folder.join("layer.tar");
    tar(&root, &layer);

    let layout = folder.join("layout");
    fs::create_dir_all(layout.join("blobs/sha256")).expect("a folder");
    let layer = Blob::put(&layout, &fs::read(layer).expect("the layer"));
    let config = json!({
        "architecture": architecture(),
        "os": "linux",
        "config": {"Entrypoint": ["/bin/sleep", "1000000"]},
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
    });
    let config = Blob::put(&layout, config.to_string().as_bytes());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config.described("application/vnd.oci.image.config.v1+json"),
        "layers": [layer.described("application/vnd.oci.image.layer.v1.tar")],
    });
    let manifest = Blob::put(&layout, manifest.to_string().as_bytes());
    let mut described = manifest.described("application/vnd.oci.image.manifest.v1+json");
    described["annotations"] = json!({"io.containerd.image.name": IMAGE});
    let index = json!({"schemaVersion": 2, "manifests": [described]});
    fs::write(layout.join("index.json"), index.to_string()).expect("the index is written");
    let version = json!({"imageLayoutVersion": "1.0.0"});
    fs::write(layout.join("oci-layout"), version.to_string()).expect("the version is written");
    let image = folder.join("image.tar");
    tar(&layout, &image);
    image
}

struct Blob {
    digest: String,
    size: usize,
}

impl Blob {
    fn put(layout: &Path, bytes: &[u8]) -> Self {
        let mut hash = String::new();
        for byte in Sha256::digest(bytes) {
            let _ = write!(hash, "{byte:02x}");
        }
        fs::write(layout.join("blobs/sha256").join(&hash), bytes).expect("a blob is written");
        Self {
            digest: format!("sha256:{hash}"),
            size: bytes.len(),
        }
    }

    fn described(&self, media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": self.digest, "size": self.size})
    }
}

/// The machine's architecture, as Go names it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn tar(folder: &Path, file: &Path) {
    let status = Command::new("tar")
        .args(["--owner=0", "--group=0", "-cf"])
        .arg(file)
        .arg("-C")
        .arg(folder)
        .arg(".")
        .status()
        .expect("tar starts");
    assert!(status.success(), "tar: {status}");
}
