//! T11: the kernel takes one byte of each write, or interrupts it.
//!
//! A library that is loaded before the C library stands in for the kernel. It counts what it cuts,
//! since calls that go around the C library would go around it too.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::command::{self, PROGRAM, Subject};
use crate::edits::{DEADLINE, Edit, Example, read, shown};
use crate::process::finished;
use crate::report::{Report, Until};

/// How writes are cut short.
#[derive(Debug, Clone, Copy)]
enum Kernel {
    TakesOneByte,
    InterruptsToo,
    /// Takes one byte, and the command does not look how much was taken: a bug.
    IsNotHeard,
}

fn check(example: &Example, kernel: Kernel, library: &Path) -> Option<String> {
    let place = example.place();
    let mut command = Subject::SOUND.run(PROGRAM);
    command
        .env("LD_PRELOAD", library)
        .env("COUNT", place.aside("count"));
    match kernel {
        Kernel::TakesOneByte => {}
        Kernel::InterruptsToo => drop(command.env("INTERRUPTED", "1")),
        Kernel::IsNotHeard => drop(command.env("UNHEARD", "1")),
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

fn short_writes(kernels: &[Kernel]) -> Report {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| command::library("short_writes"));
    let mut cases = Vec::new();
    for edit in Edit::ALL {
        cases.extend(kernels.iter().map(|kernel| (edit.example(), *kernel)));
    }
    Report::of(&cases, Until::End, |(example, kernel)| {
        check(example, *kernel, library)
    })
}

#[test]
fn one_byte_at_a_time_is_enough() {
    let report = short_writes(&[Kernel::TakesOneByte, Kernel::InterruptsToo]);
    report.is_clean("T11 short writes");
}

#[test]
fn a_write_that_is_not_repeated_is_noticed() {
    let report = short_writes(&[Kernel::IsNotHeard]);
    report.has_findings("T11 short writes", "IsNotHeard", "neither old nor new");
}
