//! `check`: what each containerd release makes of a config.

mod next_steps;
mod verdicts;
mod warnings;

const OLD: &str = "plugins.\"io.containerd.grpc.v1.cri\"";

const RUNC: &str = "runtime_type = \"io.containerd.runc.v2\"\n";

/// A config that does not serve, and the command that `check` advises for it.
const BROKEN: [(&str, &str); 7] = [
    (
        "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
         default_runtime_name = 'nvidia'\n",
        "set-default runc",
    ),
    (
        "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.foo]\n\
         runtime_type = 'io.containerd.runc.v2'\n",
        "set-default runc",
    ),
    (
        "version = 2\ndisabled_plugins = ['cri']\n",
        "unset disabled_plugins=cri",
    ),
    (
        "version = 2\nrequired_plugins = ['io.containerd.x.v1.y']\n",
        "unset required_plugins=io.containerd.x.v1.y",
    ),
    (
        "version = 2\nimports = ['/nowhere/gone.toml']\n",
        "unset imports=/nowhere/gone.toml",
    ),
    ("version = 2\n[debug]\nlevel = 5\n", "unset debug.level"),
    (
        "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n\
         runtime_type = 'io.containerd.runc.v2'\nbase_runtime_spec = '/nowhere/spec.json'\n",
        "unset handlers.runc.base_runtime_spec",
    ),
];
