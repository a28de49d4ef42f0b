//! Files, their versions and their syntax.

use super::*;

#[test]
fn what_stays_the_servers_counts_under_its_old_name() {
    assert_eq!(verdicts("plugins.cri.stream_idle_timeout = 'x'", ""), "nnn");
    let handlers = "plugins.cri.containerd.default_runtime_name = 'x'";
    assert_eq!(verdicts(handlers, ""), "nns", "these are lost on 2.x");
    assert_eq!(
        verdicts("plugins.scheduler.startup_delay = true", ""),
        "eee"
    );
}

#[test]
fn what_is_out_of_sight_counts_as_not_imported() {
    let main = "version = 2\nimports = ['/opt/x.toml']\n";
    let files = ConfigFiles::new("/etc/containerd/config.toml", main);
    let unread = BTreeSet::from([Path::new("/opt/x.toml")]);
    let mut known = files.clone();
    known.insert("/opt/x.toml", FileState::Missing);
    let host = Host::default();
    for release in Release::LINES {
        let verdict = load(&known, release, &host);
        assert!(matches!(verdict, Verdict::Exits { .. }), "{release}");
        assert!(load(&known.without(&unread), release, &host).serves());
        // What was there and goes is not out of sight.
        assert!(!load(&known.without(&BTreeSet::new()), release, &host).serves());
    }
}

#[test]
fn a_drop_in_without_a_version_is_of_version_1() {
    let main = "version = 2\nimports = ['a.toml']";
    let drop_in = "plugins.cri.containerd.default_runtime_name = 'x'";
    assert_eq!(verdicts(main, drop_in), "een");
}

#[test]
fn a_drop_in_is_migrated_to_a_version_that_there_is() {
    let files = |version: &str, drop_in: &str| {
        let main = format!("imports = ['a.toml', 'b.toml']\nversion = {version}");
        let mut files = ConfigFiles::new("/etc/containerd/config.toml", main);
        files.insert("/etc/containerd/a.toml", FileState::Bytes(drop_in.into()));
        files.insert(
            "/etc/containerd/b.toml",
            FileState::Bytes("version = 3".into()),
        );
        files
    };
    let releases = [(2, 0, 11), (2, 1, 9), (2, 2, 7)];
    for (version, drop_in, expected) in [
        ("4", "", "eee"),
        ("4", "version = 1", "eee"),
        ("4", "version = 2", "sss"),
        ("3", "", "sss"),
    ] {
        let found = letters(&files(version, drop_in), &releases);
        assert_eq!(found, expected, "{version} {drop_in}");
    }
    let negative = "imports = ['a.toml']\nversion = -1";
    assert_eq!(&verdicts(negative, "")[2..], "e");
}

#[test]
fn what_a_parser_minds_is_minded_where_it_stands() {
    for (line, expected) in [
        ("x = 0e0", "ees"),
        ("x = +0e0", "sss"),
        ("a. b = 1", "ees"),
        ("a .b = 1", "sss"),
        ("a . b = 1", "sss"),
        ("a\t.\tb = 1", "ees"),
        ("[a. b]", "sss"),
        ("x = [1\n, 2]", "sss"),
        ("x = 1979-05-27 # a date", "sss"),
        ("x = [1979-05-27 ]", "sss"),
        ("x = [1979-05-27]", "ees"),
        ("x = \"\"\"a\\\"\"\"\"", "sss"),
        ("x = \"\"\"a\\\\\"\"\"\"", "ees"),
        ("debug.\"\\t\" = 1", "sse"),
        ("plugins.\"io.containerd.x.v1.\\u0041\".x = 1", "sss"),
    ] {
        assert_verdicts(line, expected);
    }
    assert_2x("\"a\\tb\" = 1", "eeess");
    assert_2x("x = 07:32:60", "sssss");
    assert_by_debian("x = 07:32:60", "ees");
    assert_2x("plugins.x.y = 1990-12-31T23:59:60Z", "sssee");
    assert_by_debian("plugins.'a.b.c.d'.y = [07:32:60]", "eee");
    assert_2x("x = {\na = 1, }", "eeees");
    // In a header of 1.x an escape is none.
    let runtimes = "plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes";
    let header = format!("[{runtimes}.\"r\\u0075nc\"]\nruntime_type = 'io.containerd.runc.v2'");
    assert_verdicts(&header, "nns");
    assert_verdicts(&header.replace(['[', ']'], "").replace('\n', "."), "sss");
}

#[test]
fn names_of_plugins_are_full_on_2_x_whatever_the_version() {
    let drop_in = "version = 1\ndisabled_plugins = ['diff']";
    let main = |version: &str| format!("version = {version}\nimports = ['a.toml']");
    assert_eq!(verdicts(&main("-1"), drop_in), "sse");
    assert_eq!(verdicts(&main("1"), drop_in), "sss");
    assert_eq!(verdicts("disabled_plugins = ['diff']", ""), "sss");
}
