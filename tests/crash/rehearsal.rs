//! Every system call of an edit that nothing gets in the way of, for the rigs to disturb.
//!
//! They begin at the first call that names the config. What comes before is the dynamic loader and
//! the start of the language's runtime, which end the process if anything fails and have touched
//! nothing by then.

use crate::command::Subject;
use crate::edits::Example;
use crate::syscalls::Call;
use crate::tracer::Tracer;

/// The calls of an edit, in their order.
pub(crate) fn calls(subject: Subject, example: &Example) -> Vec<Call> {
    let place = example.place();
    let traced = Tracer::new(subject).run(&place.config(), example.edit.arguments());
    assert_eq!(traced.run.code(), Some(0), "{:?}: {traced:?}", example.edit);
    let mut calls = traced.calls();
    let first = calls.iter().position(|call| call.names(&place.config()));
    let calls = calls.split_off(first.expect("it looks for the config"));
    assert!(calls.len() > 20, "that was no edit: {traced:?}");
    calls
}

/// Those of them after which it makes a difference what others do to the files.
pub(crate) fn moments(subject: Subject, example: &Example) -> Vec<Call> {
    let mut calls = calls(subject, example);
    calls.retain(Call::is_moment_for_others);
    calls
}

/// Those of some calls before which the files can be other ones than before the last: an end
/// before any of the rest leaves what another of these ends leaves.
pub(crate) fn ends(calls: &[Call]) -> Vec<Call> {
    let changed = |at: usize| at == 0 || calls[at - 1].may_change_files();
    let ends = calls.iter().enumerate().filter(|(at, _)| changed(*at));
    ends.map(|(_, call)| call.clone()).collect()
}
