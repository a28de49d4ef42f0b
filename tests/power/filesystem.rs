//! The filesystems that a config may live on.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use crate::image::Image;

const MEBIBYTE: u64 = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filesystem {
    Ext4,
    Xfs,
    Btrfs,
}

impl Filesystem {
    pub(crate) const ALL: [Self; 3] = [Self::Ext4, Self::Xfs, Self::Btrfs];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }

    /// The size of its disk: near the least that its tools want for one with the usual layout.
    pub(crate) fn size(self) -> u64 {
        match self {
            Self::Ext4 => 128 * MEBIBYTE,
            Self::Xfs => 320 * MEBIBYTE,
            Self::Btrfs => 256 * MEBIBYTE,
        }
    }

    /// Where its first superblock is: the one block that no log or second copy mends when a power
    /// failure tears it. All of them expect that disks don't.
    pub(crate) fn superblock(self) -> Range<u64> {
        match self {
            Self::Ext4 => 1024..2048,
            Self::Xfs => 0..512,
            Self::Btrfs => 65536..69632,
        }
    }

    /// A fresh one, made in a file of this folder.
    pub(crate) fn make(self, folder: &Path) -> Image {
        let path = folder.join("fresh");
        let file = File::create(&path).expect("creates");
        file.set_len(self.size()).expect("a sparse file");
        let options: &[&str] = match self {
            // As on a large disk, and nothing left to be done after the mount.
            Self::Ext4 => &["-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
            Self::Xfs | Self::Btrfs => &[],
        };
        let output = Command::new(format!("mkfs.{}", self.name()))
            .arg("-q")
            .args(options)
            .arg(&path)
            .output()
            .unwrap_or_else(|error| panic!("{self:?} needs {}: {error}", self.package()));
        assert!(
            output.status.success(),
            "mkfs of {self:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let image = Image::load(&path);
        std::fs::remove_file(&path).expect("removes");
        image
    }

    fn package(self) -> &'static str {
        match self {
            Self::Ext4 => "mkfs.ext4, of Debian's e2fsprogs",
            Self::Xfs => "mkfs.xfs, of Debian's xfsprogs",
            Self::Btrfs => "mkfs.btrfs, of Debian's btrfs-progs",
        }
    }
}
