//! What each system call does to the modelled disk.

use std::path::{Path, PathBuf};

use super::contents::FileContents;
use super::{Binding, Disk, Open};
use crate::syscalls::{Argument, Call, Descriptor, Returned};

/// What a call did to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    /// What the disk may hold is no longer the same.
    Changed,
    /// The run has said something on stdout, as it does when it is done.
    Told,
    /// The run has ended with this exit code.
    Exited(i32),
}

/// Calls that change neither a name nor a byte: metadata are not modelled (`ioctl`: the flags of chattr(1)). `openat2` is asked for
/// paths alone (`O_PATH`).
const HARMLESS: [&str; 34] = [
    "access",
    "chmod",
    "chown",
    "faccessat",
    "faccessat2",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "fgetxattr",
    "flistxattr",
    "flock",
    "fremovexattr",
    "fsetxattr",
    "fstat",
    "fstatfs",
    "getcwd",
    "getdents64",
    "getxattr",
    "ioctl",
    "lgetxattr",
    "listxattr",
    "llistxattr",
    "lstat",
    "newfstatat",
    "openat2",
    "poll",
    "pread64",
    "readlink",
    "readlinkat",
    "stat",
    "statfs",
    "statx",
    "utimensat",
];

impl Disk {
    /// Takes the next call of a run in. `Err`: it does something that this model does not know.
    pub(crate) fn apply(&mut self, call: &Call) -> Result<Effect, String> {
        if call.name == "exit_group" {
            let code = call.other(0).and_then(|code| code.parse().ok());
            return code.map(Effect::Exited).ok_or(format!("{call:?}"));
        }
        if !call.succeeded() || HARMLESS.contains(&call.name.as_str()) {
            return Ok(Effect::None);
        }
        let effect = match call.name.as_str() {
            "open" => self.open(call, None, 0),
            "openat" => self.open(call, call.descriptor(0), 1),
            "close" => self.close(call),
            "fcntl" => self.duplicate(call),
            "read" | "lseek" => self.seek(call),
            "write" | "pwrite64" => self.write(call),
            "ftruncate" => self.resize(call),
            "fsync" | "fdatasync" => self.sync(call),
            "rename" | "renameat" | "renameat2" => self.rename(call),
            "link" | "linkat" => self.link(call),
            "symlink" | "symlinkat" => self.link_symbolically(call),
            "unlink" | "unlinkat" => self.unlink(call),
            "mkdir" | "mkdirat" => self.make_folder(call),
            "rmdir" => self.remove_folder(call),
            _ => None,
        };
        match effect {
            Some(effect) => Ok(effect),
            None if self.concerns(call) => {
                Err(format!("the model does not know what to do of {call:?}"))
            }
            None => Ok(Effect::None),
        }
    }

    /// Whether a call that is not understood could change anything here.
    fn concerns(&self, call: &Call) -> bool {
        let root = self.root.as_os_str().as_encoded_bytes();
        call.arguments.iter().any(|argument| match argument {
            Argument::Text(bytes) => bytes.windows(root.len()).any(|part| part == root),
            Argument::Descriptor(descriptor) => {
                descriptor.path.starts_with(&self.root)
                    || self.descriptors.contains_key(&descriptor.number)
            }
            Argument::Other(_) => false,
        })
    }

    /// A path that a call was given, if it lies here.
    fn path(&self, folder: Option<&Descriptor>, text: Option<&[u8]>) -> Option<PathBuf> {
        let text = std::str::from_utf8(text?).ok()?;
        let path = match folder {
            Some(folder) => folder.path.join(text),
            None => PathBuf::from(text),
        };
        // Through a link or `..` it could be another one than it seems.
        self.folders.contains(path.parent()?).then_some(path)
    }

    fn current(&self, name: &Path) -> Option<&Binding> {
        self.names.get(name)?.last()?.as_ref()
    }

    fn bind(&mut self, name: PathBuf, binding: Option<Binding>) {
        self.names
            .entry(name)
            .or_insert_with(|| vec![None])
            .push(binding);
    }

    fn open(&mut self, call: &Call, folder: Option<&Descriptor>, index: usize) -> Option<Effect> {
        let Returned::Descriptor(opened) = &call.returned else {
            return None;
        };
        let flags = call.other(index + 1)?;
        if !opened.path.starts_with(&self.root) {
            return Some(Effect::None);
        }
        if flags.contains("O_TMPFILE") {
            let file = self.new_file(FileContents::default());
            return self.opened(opened.number, &file, false, Effect::None);
        }
        if self.folders.contains(&opened.path) {
            self.add(opened.number, Open::Folder(opened.path.clone()));
            return Some(Effect::None);
        }
        let appending = flags.contains("O_APPEND");
        if let Some(file @ Binding::File(number)) = self.current(&opened.path).cloned() {
            let mut effect = Effect::None;
            if flags.contains("O_TRUNC") {
                self.files[number].resize(0);
                effect = Effect::Changed;
            }
            return self.opened(opened.number, &file, appending, effect);
        }
        // What is created must be where it was asked for.
        let path = self.path(folder, call.text(index))?;
        if !flags.contains("O_CREAT") || path != opened.path {
            return None;
        }
        let file = self.new_file(FileContents::default());
        self.bind(path, Some(file.clone()));
        self.opened(opened.number, &file, appending, Effect::Changed)
    }

    fn opened(
        &mut self,
        number: i32,
        binding: &Binding,
        appending: bool,
        effect: Effect,
    ) -> Option<Effect> {
        let Binding::File(file) = binding else {
            return None;
        };
        let open = Open::File {
            file: *file,
            position: 0,
            appending,
        };
        self.add(number, open);
        Some(effect)
    }

    fn close(&mut self, call: &Call) -> Option<Effect> {
        self.descriptors.remove(&call.descriptor(0)?.number);
        Some(Effect::None)
    }

    fn duplicate(&mut self, call: &Call) -> Option<Effect> {
        let opened = self.descriptors.get(&call.descriptor(0)?.number).copied();
        if let Some(opened) = opened
            && call.other(1)?.starts_with("F_DUPFD")
        {
            let Returned::Descriptor(duplicate) = &call.returned else {
                return None;
            };
            self.descriptors.insert(duplicate.number, opened);
        }
        Some(Effect::None)
    }

    fn add(&mut self, number: i32, open: Open) {
        self.opened.push(open);
        self.descriptors.insert(number, self.opened.len() - 1);
    }

    fn opened_by(&self, number: i32) -> Option<&Open> {
        self.opened.get(*self.descriptors.get(&number)?)
    }

    fn seek(&mut self, call: &Call) -> Option<Effect> {
        let Returned::Number(returned) = call.returned else {
            return None;
        };
        let returned = usize::try_from(returned).ok()?;
        let opened = *self.descriptors.get(&call.descriptor(0)?.number)?;
        if let Open::File { position, .. } = &mut self.opened[opened] {
            *position = if call.name == "read" {
                *position + returned
            } else {
                returned
            };
        }
        Some(Effect::None)
    }

    fn write(&mut self, call: &Call) -> Option<Effect> {
        let descriptor = call.descriptor(0)?;
        let Returned::Number(written) = call.returned else {
            return None;
        };
        let bytes = call.text(1)?.get(..usize::try_from(written).ok()?)?;
        let Some(opened) = self.descriptors.get(&descriptor.number) else {
            let is_here = descriptor.path.starts_with(&self.root);
            return match descriptor.number {
                _ if is_here => None,
                1 => Some(Effect::Told),
                _ => Some(Effect::None),
            };
        };
        let Open::File {
            file,
            position,
            appending,
        } = &mut self.opened[*opened]
        else {
            return None;
        };
        let file = &mut self.files[*file];
        let at = match call.name.as_str() {
            "pwrite64" => call.other(3)?.parse().ok()?,
            _ if *appending => file.now().len(),
            _ => *position,
        };
        if call.name == "write" {
            *position = at + bytes.len();
        }
        file.write(at, bytes);
        Some(Effect::Changed)
    }

    fn resize(&mut self, call: &Call) -> Option<Effect> {
        let Open::File { file, .. } = self.opened_by(call.descriptor(0)?.number)? else {
            return None;
        };
        let file = *file;
        self.files[file].resize(call.other(1)?.parse().ok()?);
        Some(Effect::Changed)
    }

    fn sync(&mut self, call: &Call) -> Option<Effect> {
        match self.opened_by(call.descriptor(0)?.number)?.clone() {
            Open::File { file, .. } => self.files[file].sync(),
            Open::Folder(folder) => {
                self.unsynced_folders
                    .retain(|made| made.parent() != Some(&folder));
                for (name, bindings) in &mut self.names {
                    if name.parent() == Some(&folder) {
                        bindings.drain(..bindings.len() - 1);
                    }
                }
            }
        }
        Some(Effect::Changed)
    }

    fn rename(&mut self, call: &Call) -> Option<Effect> {
        let (from, to) = self.two_paths(call)?;
        let flags = call.other(4).unwrap_or("0");
        let moved = self.current(&from)?.clone();
        let displaced = self.current(&to).cloned();
        if displaced.as_ref() == Some(&moved) {
            return Some(Effect::None);
        }
        let left = match flags {
            "RENAME_EXCHANGE" => Some(displaced?),
            "RENAME_NOREPLACE" | "0" => None,
            _ => return None,
        };
        self.bind(from, left);
        self.bind(to, Some(moved));
        Some(Effect::Changed)
    }

    fn link(&mut self, call: &Call) -> Option<Effect> {
        let to = self.two_paths_or_descriptor(call)?;
        let (file, to) = to;
        self.bind(to, Some(file));
        Some(Effect::Changed)
    }

    fn link_symbolically(&mut self, call: &Call) -> Option<Effect> {
        let target = PathBuf::from(std::str::from_utf8(call.text(0)?).ok()?);
        let path = match call.name.as_str() {
            "symlink" => self.path(None, call.text(1))?,
            _ => self.path(call.descriptor(1), call.text(2))?,
        };
        self.bind(path, Some(Binding::Link(target)));
        Some(Effect::Changed)
    }

    fn make_folder(&mut self, call: &Call) -> Option<Effect> {
        let path = match call.name.as_str() {
            "mkdir" => self.path(None, call.text(0))?,
            _ => self.path(call.descriptor(0), call.text(1))?,
        };
        self.folders.insert(path.clone());
        self.unsynced_folders.insert(path);
        Some(Effect::Changed)
    }

    /// What was in it is gone by then, or may come back with it.
    fn remove_folder(&mut self, call: &Call) -> Option<Effect> {
        let path = self.path(None, call.text(0))?;
        self.folders.remove(&path);
        Some(Effect::Changed)
    }

    fn unlink(&mut self, call: &Call) -> Option<Effect> {
        let path = match call.name.as_str() {
            "unlink" => self.path(None, call.text(0))?,
            _ if call.other(2)? != "0" => return None,
            _ => self.path(call.descriptor(0), call.text(1))?,
        };
        self.bind(path, None);
        Some(Effect::Changed)
    }

    fn two_paths(&self, call: &Call) -> Option<(PathBuf, PathBuf)> {
        match call.name.as_str() {
            "rename" | "link" => Some((
                self.path(None, call.text(0))?,
                self.path(None, call.text(1))?,
            )),
            _ => Some((
                self.path(call.descriptor(0), call.text(1))?,
                self.path(call.descriptor(2), call.text(3))?,
            )),
        }
    }

    /// What is linked, be it given by its name or by its descriptor, and to which name.
    fn two_paths_or_descriptor(&self, call: &Call) -> Option<(Binding, PathBuf)> {
        if let Some((from, to)) = self.two_paths(call) {
            return Some((self.current(&from)?.clone(), to));
        }
        let text = std::str::from_utf8(call.text(1)?).ok()?;
        let number = match text.strip_prefix("/proc/self/fd/") {
            Some(number) => number.parse().ok()?,
            None if text.is_empty() => call.descriptor(0)?.number,
            None => return None,
        };
        let Open::File { file, .. } = self.opened_by(number)? else {
            return None;
        };
        let to = self.path(call.descriptor(2), call.text(3))?;
        Some((Binding::File(*file), to))
    }
}
