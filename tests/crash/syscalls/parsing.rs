//! The calls of strace's log.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use super::{Argument, Call, Descriptor, Returned};

/// Reads a whole log, in the order in which the calls came back.
pub(crate) fn parse(log: &str) -> Vec<Call> {
    let mut unfinished: HashMap<u32, String> = HashMap::new();
    let mut numbers: HashMap<(u32, String), usize> = HashMap::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let (process, text) = line.split_once(' ').expect("a process before each call");
        let process: u32 = process
            .parse()
            .unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = text.trim_start();
        if text.starts_with("+++") || text.starts_with("---") {
            continue;
        }
        if let Some(begin) = text.strip_suffix("<unfinished ...>") {
            unfinished.insert(process, begin.to_owned());
            continue;
        }
        let joined;
        let text = if text.starts_with("<... ") {
            let (_, end) = text.split_once(" resumed>").expect("what was resumed");
            let begin = unfinished.remove(&process);
            joined = begin.unwrap_or_else(|| panic!("resumed from nowhere: {line}")) + end;
            &joined
        } else {
            text
        };
        let mut call = call(process, text).unwrap_or_else(|| panic!("strace said: {line}"));
        let number = numbers.entry((process, call.name.clone())).or_default();
        *number += 1;
        call.number = *number;
        calls.push(call);
    }
    calls
}

fn call(process: u32, text: &str) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, rest) = arguments(rest)?;
    Some(Call {
        process,
        name: name.to_owned(),
        number: 1,
        arguments,
        returned: returned(rest.trim_start().strip_prefix("= ")?)?,
    })
}

/// Splits at the commas outside of strings, brackets and annotations, up to the closing bracket.
/// Since every byte of a string is spelt `\xNN`, none is a quote or a bracket.
fn arguments(text: &str) -> Option<(Vec<Argument>, &str)> {
    let mut found = Vec::new();
    let mut depth = 0_u32;
    let mut quoted = false;
    let mut start = 0;
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' | '<' => depth += 1,
            ')' if depth == 0 => {
                let last = text[start..at].trim();
                if !last.is_empty() {
                    found.push(argument(last)?);
                }
                return Some((found, &text[at + 1..]));
            }
            // The `>` of an arrow inside a socket's annotation belongs to no bracket.
            '>' if text[..at].ends_with('-') => {}
            ')' | ']' | '}' | '>' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                found.push(argument(text[start..at].trim())?);
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}

fn argument(text: &str) -> Option<Argument> {
    if let Some(quoted) = text.strip_prefix('"') {
        // Three dots behind the quote: strace was not told to write everything.
        return Some(Argument::Text(unescaped(quoted.strip_suffix('"')?)?));
    }
    Some(descriptor(text).map_or_else(|| Argument::Other(text.to_owned()), Argument::Descriptor))
}

/// `3<path>`, with or without `(deleted)` behind it.
fn descriptor(text: &str) -> Option<Descriptor> {
    let (number, path) = text.split_once('<')?;
    let number = match number {
        "AT_FDCWD" => -100,
        number => number.parse().ok()?,
    };
    let path = path.strip_suffix("(deleted)").unwrap_or(path);
    let path = path.strip_suffix('>')?;
    // What is no file is not spelt in bytes: `pipe:[4711]`.
    let path = unescaped(path).unwrap_or_else(|| path.as_bytes().to_vec());
    Some(Descriptor {
        number,
        path: OsString::from_vec(path).into(),
    })
}

fn returned(text: &str) -> Option<Returned> {
    if text.starts_with('?') {
        return Some(Returned::Never);
    }
    if let Some(error) = text.strip_prefix("-1 ") {
        return Some(Returned::Error(error.split(' ').next()?.to_owned()));
    }
    if let Some(descriptor) = descriptor(text) {
        return Some(Returned::Descriptor(descriptor));
    }
    let number = text.split(' ').next()?;
    let number = match number.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?.cast_signed(),
        None => number.parse().ok()?,
    };
    Some(Returned::Number(number))
}

/// The bytes of `\x2f\x74…`.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.strip_prefix(r"\x")?.get(..2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[4..];
    }
    Some(bytes)
}
