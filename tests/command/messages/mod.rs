//! What a person or a script is told: usage errors, hints, exit codes.

mod handlers;
mod next_steps;
mod suggestions;
mod usage;

const CRUN: &str = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.crun]\n\
                    runtime_type = \"io.containerd.runc.v2\"\n";
