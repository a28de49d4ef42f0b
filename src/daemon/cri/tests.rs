//! Connections to sockets behind which no containerd stands.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;

use tempfile::TempDir;

use super::*;
use crate::error::Code;

/// Long enough for whatever answers.
const PATIENCE: Duration = Duration::from_secs(30);
/// Short enough to wait for in a test, where nobody answers for certain.
const SHORT: Duration = Duration::from_millis(50);

fn folder() -> TempDir {
    // Not in TMPDIR: the path of a socket has room for 107 bytes.
    let folder = tempfile::Builder::new().prefix("cri-").tempdir_in("/tmp");
    folder.expect("a temporary folder")
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("c.sock")
}

#[track_caller]
fn refused(endpoint: &Path) -> Error {
    CriClient::connect(endpoint, PATIENCE).expect_err("nobody listens")
}

#[test]
fn where_nothing_stands_there_is_no_daemon() {
    let folder = folder();
    let error = refused(&socket(&folder));
    assert_eq!(error.code(), Code::NoDaemon, "{error:?}");
    let error = refused(&folder.path().join("no/folder/c.sock"));
    assert_eq!(error.code(), Code::NoDaemon, "{error:?}");
    assert_eq!(
        (error.code().as_str(), error.exit_code() as u8),
        ("no-daemon", 69)
    );
}

#[test]
fn a_socket_that_was_left_behind_is_told_from_a_file_and_a_folder() {
    let folder = folder();
    let path = socket(&folder);
    drop(UnixListener::bind(&path).expect("binds"));
    // A child that another test starts may have the listener for an instant more.
    while UnixStream::connect(&path).is_ok() {}
    let error = refused(&path);
    assert_eq!(error.code(), Code::NoDaemon, "{error:?}");

    let file = folder.path().join("file");
    drop(File::options().create_new(true).write(true).open(&file));
    for (path, what) in [
        (file.as_path(), "a regular file"),
        (folder.path(), "a folder"),
    ] {
        let error = refused(path);
        assert_eq!(error.code(), Code::NotASocket, "{error:?}");
        assert_eq!(error.path(), Some(path));
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn one_that_says_nothing_is_not_waited_for_for_ever() {
    let folder = folder();
    let path = socket(&folder);
    let listener = UnixListener::bind(&path).expect("binds");
    // The kernel accepts for it.
    let mut client = CriClient::connect(&path, SHORT).expect("connects");
    let error = client.status().expect_err("nobody answers");
    assert!(error.to_string().contains("50ms"), "{error:?}");
    assert_eq!(
        (error.code().as_str(), error.exit_code() as u8),
        ("daemon-silent", 69)
    );
    drop(listener);
    // A child that another test starts may have it for an instant more.
    client.limit = PATIENCE;
    let error = client.status().expect_err("nobody answers");
    assert_eq!(error.code(), Code::HungUp, "{error:?}");
}

#[test]
fn a_queue_that_is_full_is_waited_for_only_so_long() {
    let folder = folder();
    let path = socket(&folder);
    let _listener = UnixListener::bind(&path).expect("binds");
    let mut clients = Vec::new();
    let error = loop {
        // As many as the kernel lets wait, `listen(2)`: 128 or 4096.
        match CriClient::connect(&path, SHORT) {
            Ok(client) => clients.push(client),
            Err(error) => break error,
        }
        assert!(clients.len() < 10_000, "the queue has no end");
    };
    assert_eq!(error.code(), Code::DaemonSilent, "{error:?}");
}

#[test]
fn one_that_hangs_up_is_no_daemon() {
    let folder = folder();
    let path = socket(&folder);
    let listener = UnixListener::bind(&path).expect("binds");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("accepts");
        let mut word = [0; 3];
        stream.read_exact(&mut word).expect("reads");
        word
    });
    let client = CriClient::connect(&path, PATIENCE).expect("connects");
    let error = client.status().expect_err("it hangs up");
    assert_eq!(error.code(), Code::HungUp, "{error:?}");
    assert_eq!(&server.join().expect("ends"), b"PRI", "HTTP/2 is spoken");
}

#[test]
fn the_listening_process_is_known() {
    let folder = folder();
    let path = socket(&folder);
    let _listener = UnixListener::bind(&path).expect("binds");
    let client = CriClient::connect(&path, PATIENCE).expect("connects");
    assert_eq!(client.daemon_pid(), Some(std::process::id()));
}

#[test]
fn a_path_is_one_of_the_host_that_is_named() {
    let folder = folder();
    let host = folder.path().join("host");
    std::fs::create_dir_all(host.join("run/containerd")).expect("creates");
    symlink("/run", host.join("var")).expect("links");
    let path = host.join("run/containerd/c.sock");
    let _listener = UnixListener::bind(&path).expect("binds");
    let root = HostRoot::at(&host).expect("a folder");
    let endpoint = Path::new("unix:///var/containerd/c.sock");
    let client = CriClient::connect_on(&root, endpoint, PATIENCE).expect("connects");
    assert_eq!(client.endpoint(), Path::new("/var/containerd/c.sock"));
    // The machine's own path is none of the host's.
    let error = CriClient::connect_on(&root, &path, PATIENCE).expect_err("not on the host");
    assert_eq!(error.code(), Code::NoDaemon, "{error:?}");
}
