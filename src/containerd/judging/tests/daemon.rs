//! What ends the daemon.

use super::*;

#[test]
fn a_proxy_does_not_take_a_plugins_name() {
    assert_verdicts("proxy_plugins.overlayfs = { type = 'snapshot' }", "eee");
    assert_verdicts("proxy_plugins.walking = { type = 'diff' }", "eee");
    assert_verdicts("proxy_plugins.shim = { type = 'sandbox' }", "eee");
    assert_verdicts("proxy_plugins.mine = { type = 'snapshot' }", "sss");
}

#[test]
fn root_and_state_are_two_folders() {
    assert_verdicts("root = '/x'\nstate = '/x'", "eee");
    assert_verdicts("root = '/x'\nstate = '/y'", "sss");
}

#[test]
fn a_stream_server_listens_or_ends_the_daemon() {
    for line in [
        "stream_server_port = 'text'",
        "stream_server_port = '99999'",
        "stream_server_address = 'no host'",
        "stream_server_address = '256.1.1.1'",
        "stream_server_address = '[::1]'",
    ] {
        let config = format!("plugins.'io.containerd.grpc.v1.cri'.{line}");
        assert_verdicts(&config, "eee");
    }
}

#[test]
fn addresses_are_listened_on_or_end_the_daemon() {
    assert_verdicts("metrics.address = '127.0.0.1:99999'", "eee");
    assert_verdicts("grpc.tcp_address = 'no address'", "eee");
    assert_verdicts("grpc.tcp_tls_cert = '/missing'", "eee");
    assert_verdicts("grpc.tcp_tls_ca = '/missing'", "sss");
    assert_verdicts("debug.address = 'text'", "eee");
    assert_verdicts("debug.address = '/run/debug.sock'", "sss");
}

#[test]
fn statistics_are_collected_now_and_then() {
    let period = |seconds: &str| format!("{CRI}.stats_collect_period = {seconds}");
    for seconds in ["-1", "0", "9223372036854775807", "9223372037"] {
        assert_verdicts(&period(seconds), "eee");
    }
    for seconds in ["1", "4294967296", "9223372036"] {
        assert_verdicts(&period(seconds), "sss");
    }
}

#[test]
fn statistics_have_a_period_of_their_own_since_2_3() {
    let period = |value: &str| {
        format!("plugins.'io.containerd.cri.v1.runtime'.stats_collect_period = '{value}'")
    };
    for value in ["0", "0s", "-1ns"] {
        assert_2x(&period(value), "sssee");
    }
    assert_2x(&period("x"), "sssnn");
    assert_2x(&period("1s"), "sssss");
}

#[test]
fn a_sockets_path_has_an_end() {
    let path = |length: usize| format!("/{}", "x".repeat(length - 1));
    for (table, key) in [
        ("grpc", "address"),
        ("ttrpc", "address"),
        ("debug", "address"),
    ] {
        assert_verdicts(&format!("{table}.{key} = '{}'", path(105)), "eee");
        assert_verdicts(&format!("{table}.{key} = '{}'", path(104)), "sss");
    }
    let nri = |length| {
        let key = "plugins.'io.containerd.nri.v1.nri'";
        format!(
            "{key}.disable = false\n{key}.socket_path = '{}'",
            path(length)
        )
    };
    assert_verdicts(&nri(108), "see");
    assert_verdicts(&nri(107), "sss");
    let folder =
        |path: &str| format!("plugins.'io.containerd.shim.v1.manager'.socket_dir = '{path}'");
    assert_2x(&folder(&path(43)), "sssnn");
    assert_2x(&folder("relative"), "sssnn");
    assert_2x(&folder(&format!("{}//", path(42))), "sssss");
}

#[test]
fn nri_looks_for_plugins_in_a_folder() {
    let path = |more: &str| {
        let key = "plugins.'io.containerd.nri.v1.nri'";
        format!("{key}.plugin_path = '/a/file'\n{more}").replace("KEY", key)
    };
    assert_verdicts(&path(""), "sse");
    assert_verdicts(&path("KEY.disable = false"), "see");
    assert_verdicts(&path("KEY.disable = true"), "sss");
    assert_verdicts(&path("").replace("/a/file", "/a/folder"), "sss");
}
