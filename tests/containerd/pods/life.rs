//! The life of the pods of a node: their start, their processes, their end.

use std::fs;

use super::kubelet::SandboxConfig;
use super::{Pod, PodNode, PodProcesses, image};

impl PodNode {
    /// Starts a pod with a container. An empty `handler`: the default.
    pub(crate) fn run_pod(&self, pod: (&str, &str), handler: &str) -> Pod {
        let pod = SandboxConfig::of(pod, &self.cgroup());
        let started = self.kubelet().run(&pod, handler, image::IMAGE);
        started.unwrap_or_else(|status| panic!("{}: {status:?}\n{}", self.name, self.log()))
    }

    /// Tries to start one more container in a pod. Otherwise: the daemon's reason.
    pub(crate) fn try_container(&self, pod: (&str, &str), sandbox: &str) -> Result<(), String> {
        let pod = SandboxConfig::of(pod, &self.cgroup());
        let kubelet = self.kubelet();
        let started = kubelet.start_container(&pod, sandbox, "more", image::IMAGE);
        started
            .map(drop)
            .map_err(|status| status.message().to_owned())
    }

    pub(crate) fn stop_pod(&self, pod: &Pod) {
        let stopped = self.kubelet().stop(&pod.sandbox);
        stopped.unwrap_or_else(|status| panic!("{}: {status:?}\n{}", self.name, self.log()));
        // It notes that down a moment later.
        self.wait_until("the daemon says that it has stopped", || {
            let sandboxes = self.sandboxes();
            let mut sandboxes = sandboxes.iter();
            sandboxes.all(|sandbox| sandbox.id != pod.sandbox || !sandbox.ready)
        });
    }

    pub(crate) fn remove_pod(&self, pod: &Pod) {
        let removed = self.kubelet().remove(&pod.sandbox);
        removed.unwrap_or_else(|status| panic!("{}: {status:?}\n{}", self.name, self.log()));
    }

    /// Asserts that a pod's container runs, and returns the pod's processes.
    pub(crate) fn processes(&self, pod: &Pod) -> PodProcesses {
        let kubelet = self.kubelet();
        // A daemon that has just been restarted looks after its containers one by one.
        self.wait_until("the pod's container is the one that runs", || {
            kubelet.running_containers(&pod.sandbox) == [pod.container.as_str()]
        });
        let mut processes = kubelet.processes(pod);
        // Right after the start it is runc still.
        self.wait_until("its program runs", || {
            processes = kubelet.processes(pod);
            [processes.sandbox, processes.container].iter().all(|id| {
                let command = self.read(&format!("/proc/{id}/cmdline"));
                command.starts_with("/bin/sleep\0")
            })
        });
        processes
    }

    /// The shims of a sandbox, by their process IDs on the node.
    pub(crate) fn shims(&self, sandbox: &str) -> Vec<u32> {
        let proc = format!("/proc/{}/root/proc", self.holder.id());
        let entries = fs::read_dir(proc).expect("the node's processes");
        let processes = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let mut shims: Vec<u32> = processes
            .filter(|process| {
                let command = self.read(&format!("/proc/{process}/cmdline"));
                command.contains("containerd-shim") && command.contains(sandbox)
            })
            .collect();
        shims.sort_unstable();
        shims
    }
}
