//! Calls as strace writes them, and what they are read as.

use super::{Call, Descriptor, Returned, parse};

fn one(line: &str) -> Call {
    let mut calls = parse(line);
    assert_eq!(calls.len(), 1, "{line}: {calls:#?}");
    calls.remove(0)
}

#[test]
fn paths_bytes_and_descriptors_are_decoded() {
    let call = one(r#"4711 write(5<\x2f\x61\x2f\x62>, "\x22\x2c\x29\x0a\x00", 5) = 5"#);
    assert_eq!(call.process, 4711);
    assert_eq!(call.name, "write");
    assert_eq!(call.descriptor(0).map(|fd| fd.number), Some(5));
    assert_eq!(
        call.descriptor(0).map(|fd| fd.path.clone()),
        Some("/a/b".into())
    );
    assert_eq!(call.text(1), Some(&b"\",)\n\0"[..]));
    assert_eq!(call.other(2), Some("5"));
    assert_eq!(call.returned, Returned::Number(5));
}

#[test]
fn what_was_opened_is_told() {
    let call = one(
        r#"1 openat(AT_FDCWD<\x2f>, "\x63", O_RDWR|O_CREAT|O_EXCL, 0600) = 3<\x2f\x72\x2f\x63>"#,
    );
    assert_eq!(call.descriptor(0).map(|fd| fd.number), Some(-100));
    let opened = Descriptor {
        number: 3,
        path: "/r/c".into(),
    };
    assert_eq!(call.returned, Returned::Descriptor(opened));
    assert!(call.succeeded());
}

#[test]
fn calls_that_leave_files_as_they_are_are_known() {
    let cases = [
        (r"1 close(3<\x2f>) = 0", false, false),
        ("1 getpid() = 1", false, false),
        ("1 brk(NULL) = 0x1", false, false),
        (r#"1 read(3<\x2f>, "\x61", 1) = 1"#, true, false),
        (
            r#"1 openat(AT_FDCWD<\x2f>, "\x61", O_RDONLY|O_CLOEXEC) = 3<\x61>"#,
            true,
            false,
        ),
        (
            r#"1 openat(AT_FDCWD<\x2f>, "\x61", O_RDONLY|O_CREAT, 0600) = 3<\x61>"#,
            true,
            true,
        ),
        (
            r#"1 openat(AT_FDCWD<\x2f>, "\x61", O_RDWR|O_CREAT, 0600) = 3<\x61>"#,
            true,
            true,
        ),
        (r"1 fsync(3<\x2f>) = 0", true, true),
        (r"1 flock(3<\x2f>, LOCK_EX) = 0", true, true),
        ("1 a_call_of_tomorrow() = 0", true, true),
    ];
    for (line, concerns, changes) in cases {
        let call = one(line);
        assert_eq!(call.concerns_files(), concerns, "{line}");
        assert_eq!(call.may_change_files(), changes, "{line}");
    }
}

#[test]
fn errors_ends_and_structures_are_understood() {
    let call = one(r#"1 readlink("\x2f\x61", 0x7ffd, 1023) = -1 EINVAL (Invalid argument)"#);
    assert_eq!(call.returned, Returned::Error("EINVAL".to_owned()));
    assert!(!call.succeeded());
    let call = one("1 exit_group(0)                     = ?");
    assert_eq!(call.returned, Returned::Never);
    let call = one("1 fcntl(4<\\x2f\\x63>(deleted), F_GETFD) = 0x1 (flags FD_CLOEXEC)");
    assert_eq!(call.returned, Returned::Number(1));
    assert_eq!(
        call.descriptor(0).map(|fd| fd.path.clone()),
        Some("/c".into())
    );
    let call =
        one("1 poll([{fd=0<\\x2f>, events=0}, {fd=1<pipe:[4711]>, events=0}], 2, 0) = 0 (Timeout)");
    assert_eq!(call.arguments.len(), 3);
}

#[test]
fn a_call_that_was_interrupted_by_another_thread_is_joined() {
    let log = "1 fsync(5<\\x2f\\x61> <unfinished ...>\n\
               2 getpid() = 1\n\
               1 <... fsync resumed>) = 0\n\
               1 fsync(5<\\x2f\\x61>) = 0\n\
               1 +++ exited with 0 +++\n\
               2 fsync(6<\\x2f\\x62> <unfinished ...>\n\
               2 +++ killed by SIGKILL +++\n";
    let calls = parse(log);
    let names: Vec<String> = calls.iter().map(Call::to_string).collect();
    assert_eq!(names, ["getpid 1", "fsync 1", "fsync 2"]);
    assert_eq!(calls[1].descriptor(0).map(|fd| fd.number), Some(5));
}

#[test]
#[should_panic(expected = "strace said")]
fn bytes_that_were_cut_are_no_bytes() {
    parse(r#"1 write(1<\x2f>, "\x61"..., 500) = 500"#);
}
