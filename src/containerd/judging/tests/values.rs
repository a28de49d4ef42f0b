//! Types of values, and keys by their case.

use super::*;

#[test]
fn a_proxys_keys_have_types_from_1_7_on() {
    let proxy = |more| format!("proxy_plugins.x = {{ type = 'snapshot', {more} }}");
    assert_verdicts(&proxy("capabilities = 'x'"), "see");
    assert_verdicts(&proxy("exports = { root = 5 }"), "see");
}

#[test]
fn a_handlers_platform_is_parsed() {
    let platform = "runtime_platforms.runc.platform = 'nothing'";
    assert_verdicts(
        &format!("plugins.'io.containerd.cri.v1.images'.{platform}"),
        "ssn",
    );
}

#[test]
fn a_duration_has_an_end() {
    let line = "plugins.'io.containerd.gc.v1.scheduler'.startup_delay = '9999999h'";
    assert_verdicts(line, "eee");
}

#[test]
fn one_part_of_a_platform_is_enough_if_it_is_known() {
    let platforms = |list| format!("plugins.'io.containerd.runtime.v2.task'.platforms = {list}");
    assert_verdicts(&platforms("['linux']"), "sss");
    assert_verdicts(&platforms("['nothing']"), "nnn");
}

#[test]
fn a_duration_may_be_nothing() {
    let delay = |value| format!("plugins.'io.containerd.gc.v1.scheduler'.schedule_delay = {value}");
    for zero in ["0", "0x0", "-0", "0b0"] {
        assert_verdicts(&delay(zero), "sss");
        assert_2x(&delay(zero), "sssss");
    }
    for float in ["0.0", "+0e0", "-0.0"] {
        assert_verdicts(&delay(float), "sse");
        assert_2x(&delay(float), "eeeee");
    }
    assert_verdicts(&delay("{}"), "ees");
    assert_2x(&delay("{}"), "sssse");
    assert_2x(&delay("5"), "eeees");
    assert_verdicts(&delay("5"), "eee");
    assert_verdicts(&delay("0.5"), "eee");
    assert_verdicts(&delay("{ x = 1 }"), "eee");
}

#[test]
fn nri_counted_nanoseconds_on_1_7() {
    let timeout =
        |value| format!("plugins.'io.containerd.nri.v1.nri'.plugin_request_timeout = {value}");
    assert_verdicts(&timeout("5"), "sse");
    assert_verdicts(&timeout("'5s'"), "sss");
    assert_verdicts(&timeout("'5'"), "see");
}

#[test]
fn an_empty_table_sets_nothing_on_some_of_2_x() {
    for key in [
        "enable_selinux",
        "max_container_log_line_size",
        "unset_seccomp_profile",
    ] {
        assert_verdicts(&format!("{CRI}.{key} = {{}}"), "ees");
        assert_2x(&format!("{CRI}.{key} = {{}}"), "sssse");
    }
    assert_2x(
        &format!("{CRI}.containerd.default_runtime_name = {{}}"),
        "sssse",
    );
    assert_2x("root = {}", "eeeee");
}

#[test]
fn what_is_disabled_decodes_nothing() {
    for (id, key) in [
        ("io.containerd.internal.v1.opt", "path"),
        ("io.containerd.snapshotter.v1.native", "root_path"),
    ] {
        let value = format!("plugins.'{id}'.{key} = 5");
        assert_verdicts(&value, "eee");
        assert_verdicts(&format!("disabled_plugins = ['{id}']\n{value}"), "sss");
    }
    let cri = "disabled_plugins = ['io.containerd.grpc.v1.cri']\n";
    assert_verdicts(&format!("{cri}{CRI}.stream_server_port = 5"), "nnn");
}

#[test]
fn a_plugin_that_no_build_decodes_takes_any_value_on_2_x() {
    assert_verdicts("plugins.'io.containerd.grpc.v1.version' = 5", "ees");
    assert_verdicts("plugins.'io.containerd.nobodys.v1.own' = ''", "ees");
    for value in ["''", "5", "[]", "[{}]"] {
        let plugin = format!("plugins.'io.containerd.gc.v1.scheduler' = {value}");
        assert_2x(&plugin, "eeeee");
    }
}

#[test]
fn keys_in_other_case_are_read_as_each_release_reads_them() {
    let name = |key: &str| format!("{CRI}.containerd.{key} = 'x'\n");
    assert_verdicts(&name("default_runtime_name"), "nnn");
    assert_verdicts(&name("DEFAULT_RUNTIME_NAME"), "nnn");
    assert_verdicts(&name("Default_Runtime_Name"), "ssn");
    assert_verdicts(
        &format!("{CRI}.CONTAINERD.default_runtime_name = 'x'"),
        "nnn",
    );
    // In the file the later one counts, in a plugin's part the last one by its bytes.
    assert_verdicts("ROOT = '/x'\nroot = '/y'\nstate = '/x'", "sss");
    assert_verdicts("root = '/y'\nROOT = '/x'\nstate = '/x'", "sse");
    assert_verdicts("root = '/x'\nROOT = '/y'\nstate = '/x'", "ees");
    let both = |upper: &str, lower: &str| {
        let key = format!("{CRI}.containerd.default_runtime_name = '{lower}'\n");
        key + &format!("{CRI}.containerd.Default_runtime_name = '{upper}'")
    };
    assert_verdicts(&both("x", "runc"), "sss");
    assert_verdicts(&both("runc", "x"), "nnn");
    // A later table goes over an earlier one, whatever their keys are called.
    let images = "plugins.'io.containerd.cri.v1.images'";
    let tables =
        format!("{images}.Registry.config_path = '/x'\n{images}.registry.Config_path = ''\n");
    assert_verdicts(
        &format!("{tables}{images}.registry.mirrors.x = {{}}"),
        "sss",
    );
    let wrong = "plugins.'io.containerd.gc.v1.scheduler'.STARTUP_DELAY = true";
    assert_verdicts(wrong, "eee");
}

#[test]
fn version_1_x_reads_keys_above_an_embedded_table() {
    assert_verdicts(&format!("{CRI}.default_runtime_name = 'x'"), "nns");
    assert_verdicts(&format!("{CRI}.snapshotter = 'x'"), "nns");
    assert_verdicts(&format!("{CRI}.max_conf_num = 'x'"), "ees");
    assert_verdicts(&format!("{CRI}.key_model = 5"), "ees");
    assert_verdicts(&format!("{CRI}.tls_key_file = '/x'"), "nns");
    let beside = format!("{CRI}.containerd.snapshotter = 'native'\n");
    assert_verdicts(&format!("{beside}{CRI}.default_runtime_name = 'x'"), "sss");
}

#[test]
fn debians_2_1_has_the_parser_of_2_4() {
    let delay = "plugins.'io.containerd.gc.v1.scheduler'.schedule_delay = 5";
    assert_by_debian(delay, "ees");
    let empty = format!("{CRI}.enable_selinux = {{}}");
    assert_by_debian(&empty, "eee");
    assert_by_debian("x = {\na = 1, }", "ees");
    assert_by_debian("\"a\\tb\" = 1", "sss");
}

#[test]
fn a_table_may_stand_for_an_array_of_tables() {
    let unpack =
        |value: &str| format!("plugins.'io.containerd.transfer.v1.local'.unpack_config = {value}");
    let table = unpack("{ platform = 'linux/amd64', snapshotter = 'overlayfs' }");
    assert_by_debian(&table, "ses");
    assert_2x(&table, "eeees");
    assert_by_debian(&unpack("{}"), "sen");
    assert_by_debian(&unpack("{ platform = 5 }"), "see");
    assert_by_debian(&unpack("'x'"), "see");
}
