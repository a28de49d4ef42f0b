//! T11: the kernel takes one byte of each write, or interrupts it.
//!
//! A library that is loaded before the C library stands in for the kernel. It counts what it cuts,
//! since calls that go around the C library would go around it too.

use std::path::Path;

use tempfile::TempDir;

use crate::command::Build;
use crate::edits::{DEADLINE, Edit, Example, read, shown};
use crate::process::finished;
use crate::report::{Report, Until};

/// How writes are cut short.
#[derive(Debug, Clone, Copy)]
enum Kernel {
    TakesOneByte,
    InterruptsToo,
}

/// The library, in a temporary folder.
struct Library(TempDir);

impl Library {
    fn built() -> Self {
        let library = Self(tempfile::tempdir().expect("a temporary folder"));
        let mut compiler = std::process::Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(library.path())
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/crash/short_writes.c"
            ));
        let run = finished(&mut compiler, DEADLINE);
        assert_eq!(run.code(), Some(0), "cc (package gcc): {}", run.stderr);
        library
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("short_writes.so")
    }
}

fn check(build: Build, example: &Example, kernel: Kernel, library: &Path) -> Option<String> {
    let place = example.place();
    let mut command = build.run(build.path());
    command
        .env("LD_PRELOAD", library)
        .env("COUNT", place.aside("count"));
    if matches!(kernel, Kernel::InterruptsToo) {
        command.env("INTERRUPTED", "1");
    }
    let run = finished(place.edit(example.edit, &mut command), DEADLINE);

    let cut = read(&place.aside("count")).map(String::from_utf8);
    let cut: usize = match cut {
        Some(Ok(count)) => count.parse().expect("a number"),
        other => panic!("the library was not loaded: {other:?}, {run:?}"),
    };
    // Whoever creates or changes a file has its bytes written; nobody can do it in fewer writes.
    let bytes = if example.before == example.after {
        0
    } else {
        example.after.as_ref().map_or(0, Vec::len)
    };
    let left = place.temporaries();
    let wrong = if let Some(torn) = example.torn(&place) {
        torn
    } else if run.code() != Some(0) {
        "it fails".to_owned()
    } else if place.bytes() != example.after {
        format!("not new: {}", shown(place.bytes().as_deref()))
    } else if cut < bytes {
        format!("{cut} short writes can't have written {bytes} bytes")
    } else if !left.is_empty() {
        format!("left over: {left:?}")
    } else {
        return None;
    };
    let edit = example.edit;
    Some(format!("{edit:?}, {kernel:?}: {wrong}; {run:?}"))
}

fn short_writes(build: Build) -> Report {
    let library = Library::built();
    let kernels = [Kernel::TakesOneByte, Kernel::InterruptsToo];
    let cases: Vec<(Example, Kernel)> = Edit::ALL
        .iter()
        .flat_map(|edit| kernels.map(|kernel| (edit.example(), kernel)))
        .collect();
    Report::of(&cases, Until::End, |(example, kernel)| {
        check(build, example, *kernel, &library.path())
    })
}

#[test]
fn one_byte_at_a_time_is_enough() {
    short_writes(Build::SOUND).is_clean("T11 short writes");
}

#[test]
fn a_write_that_is_not_repeated_is_noticed() {
    let report = short_writes(Build::with("SingleWrite"));
    report.has_findings("T11 short writes", "SingleWrite", "neither old nor new");
}
