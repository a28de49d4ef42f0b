"""Runs the commands of docs/deploy's DaemonSet and Job as their containers would, at the same time.

Each command gets a root filesystem of its own that is read-only and holds nothing but the static
binary, /proc, and what its container mounts from the host; it has no capabilities. Installs and
uninstalls overlap as a rolling update and the Job would: none may end otherwise than with 0 or 75
(busy, try again), and what is left in the end is what the last one made.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import threading

import yaml

DEPLOY = pathlib.Path("docs/deploy")
ROUNDS = 12
BUSY = 75
ORIGINAL = b"""# the node's own
version = 2

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[debug]
  level = "info" # ours"""

# Makes the container's root and becomes the program in it.
ENTER = r"""
root=$1 mounts=$2
shift 2
mount -t tmpfs -o mode=755 tmpfs "$root"
while IFS='|' read -r from to options; do
    [ -n "$from" ] || continue
    if [ -d "$from" ]; then mkdir -p "$root$to"; else mkdir -p "$(dirname "$root$to")"; : >"$root$to"; fi
    mount --bind "$from" "$root$to"
    [ -z "$options" ] || mount -o "remount,bind,$options" "$root$to"
done <<MOUNTS
$mounts
MOUNTS
mkdir -p "$root/proc"
mount -t proc proc "$root/proc"
mount -o remount,ro,bind "$root" || mount -o remount,ro "$root"
exec "$PYTHON" -c "$CONTAIN" "$root" "$@"
"""

# Enters the root, gives up every capability for good, and becomes the program.
CONTAIN = """
import ctypes, os, sys
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
prctl = ctypes.CDLL(None, use_errno=True).prctl
os.chroot(sys.argv[1])
os.chdir("/")
for capability in range(64):
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
assert prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""


def documents(name):
    return [it for it in yaml.safe_load_all((DEPLOY / name).read_text()) if it]


class Node:
    """A host's folders, and what is in the ConfigMap."""

    def __init__(self, folder, binary):
        self.folder = pathlib.Path(folder)
        self.host = self.folder / "host"
        self.binary = pathlib.Path(binary).resolve()
        for path in ("etc/containerd", "opt"):
            (self.host / path).mkdir(parents=True)
        self.config = self.host / "etc/containerd/config.toml"
        self.config.write_bytes(ORIGINAL)
        patch = self.folder / "patch"
        patch.mkdir()
        for name, text in documents("configmap.yaml")[0]["data"].items():
            (patch / name).write_text(text)
        self.patch = patch

    def containers(self, manifest, kinds):
        pod = documents(manifest)[0]["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for kind in kinds:
            for container in pod[kind]:
                yield Container(self, container, volumes)

    def install(self):
        return [container.run() for container in self.containers("daemonset.yaml", ["initContainers"])]

    def uninstall(self):
        codes = []
        for container in self.containers("uninstall-job.yaml", ["initContainers", "containers"]):
            if not container.is_there():
                # The copy has gone with another uninstall: the kubelet could not start it.
                break
            codes.append(container.run())
            if codes[-1] != 0:
                # The pod has failed; what comes after it is not run.
                break
        return codes


class Container:
    def __init__(self, node, container, volumes):
        self.node = node
        self.program = container.get("command") or ["/containerd-edit"]
        self.program = self.program + container.get("args", [])
        # What the rest of this script takes for granted.
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"], context
        assert context["capabilities"] == {"drop": ["ALL"]} and context["runAsUser"] == 0, context
        self.mounts = []
        if self.program[0] == "/containerd-edit":
            self.mounts.append((node.binary, "/containerd-edit", "ro"))
        for mount in container["volumeMounts"]:
            volume = volumes[mount["name"]]
            if "configMap" in volume:
                source = node.patch
            else:
                host_path = volume["hostPath"]
                source = node.host / host_path["path"].lstrip("/")
                if host_path["type"] == "DirectoryOrCreate":
                    source.mkdir(parents=True, exist_ok=True)
            options = "ro" if mount.get("readOnly") else ""
            self.mounts.append((source, mount["mountPath"], options))

    def is_there(self):
        """Whether the program is, which may be one of the host's."""
        inside = self.program[0]
        for source, target, _ in self.mounts:
            if inside == target or inside.startswith(target + "/"):
                return (source / inside[len(target):].lstrip("/")).exists() if source.is_dir() else True
        return False

    def run(self):
        root = tempfile.mkdtemp(dir=self.node.folder)
        mounts = "\n".join(f"{source}|{target}|{options}" for source, target, options in self.mounts)
        command = ["unshare", "--mount", "--pid", "--fork", "--propagation", "private"]
        command += ["sh", "-euc", ENTER, "enter", root, mounts, *self.program]
        variables = {**os.environ, "CONTAIN": CONTAIN, "PYTHON": sys.executable}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
        os.rmdir(root)
        if done.returncode in (0, BUSY):
            return done.returncode
        if not self.is_there():
            # Another uninstall has taken the program away before this one was started.
            return None
        raise AssertionError(f"{self.program} ended with {done.returncode}: {done.stderr}")


def expect(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


def main(binary):
    with tempfile.TemporaryDirectory() as folder:
        node = Node(folder, binary)
        expect(node.install(), [0, 0], "an install")
        installed = node.config.read_bytes()
        assert b"kata-qemu" in installed, installed
        copy = node.host / "opt/containerd-edit/containerd-edit"
        expect(copy.read_bytes(), node.binary.read_bytes(), "the copy")
        expect(node.install(), [0, 0], "a repeated install")
        expect(node.config.read_bytes(), installed, "after a repeated install")
        expect(node.uninstall(), [0, 0], "an uninstall")
        expect(node.config.read_bytes(), ORIGINAL, "after an uninstall")
        expect(list(copy.parent.iterdir()), [], "where the copy was")

        failures, runs = [], []
        installed_all = threading.Event()

        def repeat(act, goes_on):
            number = 0
            while goes_on(number):
                number += 1
                try:
                    runs.extend(code for code in act() if code is not None)
                except Exception as error:  # Told once all have ended.
                    failures.append(error)
                    return

        installs = [
            threading.Thread(target=repeat, args=(node.install, lambda number: number < ROUNDS))
            for _ in range(2)
        ]
        # Whenever there is something to uninstall.
        uninstalls = [
            threading.Thread(
                target=repeat, args=(node.uninstall, lambda _: not installed_all.wait(0.01))
            )
            for _ in range(2)
        ]
        for thread in installs + uninstalls:
            thread.start()
        for thread in installs:
            thread.join()
        installed_all.set()
        for thread in uninstalls:
            thread.join()
        if failures:
            raise failures[0]
        assert node.config.read_bytes() in (ORIGINAL, installed), node.config.read_bytes()
        expect(node.install(), [0, 0], "the last install")
        expect(node.config.read_bytes(), installed, "after the last install")
        expect(node.uninstall(), [0, 0], "the last uninstall")
        expect(node.config.read_bytes(), ORIGINAL, "after the last uninstall")
        names = sorted(path.name for path in node.config.parent.iterdir())
        expect(
            names,
            ["config.toml", "config.toml.lock", "config.toml.log", "config.toml.prev"],
            "beside the config",
        )
        print(f"deploy: {len(runs)} overlapping runs, {runs.count(BUSY)} of them busy, 0 bad")


if __name__ == "__main__":
    main(sys.argv[1])
