"""Runs the commands of docs/deploy's DaemonSet and Job as their containers would, at the same time.

Each command gets a root filesystem of its own that is read-only and holds nothing but its image's
program with the libraries it is linked with, /proc, and what its container mounts from the host; it has
no capabilities.
Installs and uninstalls overlap as a rolling update and the Job would: none may end otherwise than with
0 or 75 (busy, try again), and what is left in the end is what the last one made. Two products on one
node keep out of each other's way, and an uninstall ends well where there is nothing to uninstall.
"""

import os
import pathlib
import re
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


OWNER = "kata-deploy"


def documents(name, owner=OWNER):
    text = (DEPLOY / name).read_text().replace(OWNER, owner)
    return [it for it in yaml.safe_load_all(text) if it]


def libraries(binary):
    linked = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout
    return re.findall(r"(?<!\S)/\S+", linked)


class Node:
    """A host's folders."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.host = self.folder / "host"
        self.config = self.host / "etc/containerd/config.toml"

    def with_config(self):
        self.config.parent.mkdir(parents=True)
        self.config.write_bytes(ORIGINAL)
        return self


class Product:
    """An installer on a node: its image's program, and what is in its ConfigMap."""

    def __init__(self, node, owner, binary, handler="kata-qemu"):
        self.node = node
        self.owner = owner
        self.binary = binary
        self.patch = node.folder / f"patch-{owner}"
        self.patch.mkdir()
        for name, text in documents("configmap.yaml", owner)[0]["data"].items():
            (self.patch / name).write_text(text.replace("kata-qemu", handler))

    def containers(self, manifest, kind):
        pod = documents(manifest, self.owner)[0]["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        return [Container(self, container, volumes) for container in pod[kind]]

    def install(self):
        return [container.run() for container in self.containers("daemonset.yaml", "initContainers")]

    def uninstall(self):
        return [container.run() for container in self.containers("uninstall-job.yaml", "containers")]


class Container:
    def __init__(self, product, container, volumes):
        self.product = product
        # What the image holds and begins with.
        assert container["image"] == "registry.example.com/containerd-edit:0.1.0", container["image"]
        assert container["imagePullPolicy"] == "IfNotPresent" and "command" not in container, container
        self.program = ["/containerd-edit"] + container["args"]
        # What the rest of this script takes for granted.
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"], context
        assert context["capabilities"] == {"drop": ["ALL"]} and context["runAsUser"] == 0, context
        self.mounts = [(product.binary, self.program[0], "ro")]
        self.mounts += [(path, path, "ro") for path in libraries(product.binary)]
        for mount in container["volumeMounts"]:
            source = self.source(volumes[mount["name"]])
            options = "ro" if mount.get("readOnly") else ""
            self.mounts.append((source, mount["mountPath"], options))

    def source(self, volume):
        if "configMap" in volume:
            return self.product.patch
        path = volume["hostPath"]
        source = self.product.node.host / path["path"].lstrip("/")
        if path["type"] == "DirectoryOrCreate":
            source.mkdir(parents=True, exist_ok=True)
        assert source.is_dir(), f"the kubelet waits for {source} for ever"
        return source

    def run(self):
        root = tempfile.mkdtemp(dir=self.product.node.folder)
        mounts = "\n".join(f"{source}|{target}|{options}" for source, target, options in self.mounts)
        command = ["unshare", "--mount", "--pid", "--fork", "--propagation", "private"]
        command += ["sh", "-euc", ENTER, "enter", root, mounts, *self.program]
        variables = {**os.environ, "CONTAIN": CONTAIN, "PYTHON": sys.executable}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
        os.rmdir(root)
        if done.returncode in (0, BUSY):
            return done.returncode
        raise AssertionError(f"{self.program} ended with {done.returncode}: {done.stderr}")


def action(rules, code, conditions=()):
    """What a Job's podFailurePolicy does with a pod that ended with `code`."""
    for rule in rules:
        codes = rule.get("onExitCodes")
        if codes and (code in codes["values"]) == (codes["operator"] == "In"):
            return rule["action"]
        wanted = {it["type"] for it in rule.get("onPodConditions", [])}
        if wanted & set(conditions):
            return rule["action"]
    return "Count"


def check_job():
    """What the Job does without Kubernetes at hand to show it."""
    job = documents("uninstall-job.yaml")[0]["spec"]
    rules = job["podFailurePolicy"]["rules"]
    for code, conditions, wanted in (
        (BUSY, (), "Ignore"),
        (137, ("DisruptionTarget",), "Ignore"),
        (143, ("DisruptionTarget",), "Ignore"),
        (137, (), "Count"),
        (143, (), "Count"),
        (65, (), "FailJob"),
        (78, (), "FailJob"),
        (128, (), "FailJob"),
    ):
        expect(action(rules, code, conditions), wanted, f"what becomes of {code} {conditions}")
    pod = job["template"]["spec"]
    # It runs the image that the DaemonSet has left on the node.
    daemonset = documents("daemonset.yaml")[0]["spec"]["template"]["spec"]
    expect(pod["containers"][0]["image"], daemonset["initContainers"][0]["image"], "the Job's image")
    # As a Helm hook it runs after all else is gone.
    assert "serviceAccountName" not in pod and pod["automountServiceAccountToken"] is False
    gone = {"configMap", "secret", "persistentVolumeClaim"}
    assert not any(gone & set(volume) for volume in pod["volumes"]), pod["volumes"]


def check_nothing_to_do(binary):
    """On a node that was never installed to, and on one where all is gone already."""
    with tempfile.TemporaryDirectory() as folder:
        node = Node(folder)
        product = Product(node, OWNER, binary)
        expect(product.uninstall(), [0], "an uninstall of nothing")
        assert not node.config.exists()
        node.config.write_bytes(ORIGINAL)
        expect(product.install(), [0], "an install")
        for which in ("first", "second"):
            expect(product.uninstall(), [0], f"the {which} uninstall")
            expect(node.config.read_bytes(), ORIGINAL, f"after the {which} uninstall")


def check_two_products(binary):
    """Two installers: neither takes away what the other has put in."""
    with tempfile.TemporaryDirectory() as folder:
        node = Node(folder).with_config()
        one = Product(node, OWNER, binary)
        other = Product(node, "gpu-operator", binary, "kata-fc")
        for product in (one, other):
            expect(product.install(), [0], f"the install of {product.owner}")
        expect(one.uninstall(), [0], "an uninstall beside another product")
        config = node.config.read_bytes()
        assert b"kata-fc" in config and b"kata-qemu" not in config, config
        expect(other.uninstall(), [0], "the last uninstall")
        expect(node.config.read_bytes(), ORIGINAL, "after both")


def expect(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


def main(binary):
    binary = pathlib.Path(binary).resolve()
    check_job()
    check_nothing_to_do(binary)
    check_two_products(binary)
    with tempfile.TemporaryDirectory() as folder:
        node = Node(folder).with_config()
        product = Product(node, OWNER, binary)
        expect(product.install(), [0], "an install")
        installed = node.config.read_bytes()
        assert b"kata-qemu" in installed, installed
        expect(product.install(), [0], "a repeated install")
        expect(node.config.read_bytes(), installed, "after a repeated install")
        expect(product.uninstall(), [0], "an uninstall")
        expect(node.config.read_bytes(), ORIGINAL, "after an uninstall")

        failures, runs = [], []
        installed_all = threading.Event()

        def repeat(act, goes_on):
            number = 0
            while goes_on(number):
                number += 1
                try:
                    runs.extend(act())
                except Exception as error:  # Told once all have ended.
                    failures.append(error)
                    return

        installs = [
            threading.Thread(target=repeat, args=(product.install, lambda number: number < ROUNDS))
            for _ in range(2)
        ]
        # Whenever there is something to uninstall.
        uninstalls = [
            threading.Thread(
                target=repeat, args=(product.uninstall, lambda _: not installed_all.wait(0.01))
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
        expect(product.install(), [0], "the last install")
        expect(node.config.read_bytes(), installed, "after the last install")
        expect(product.uninstall(), [0], "the last uninstall")
        expect(node.config.read_bytes(), ORIGINAL, "after the last uninstall")
        names = sorted(path.name for path in node.config.parent.iterdir())
        expect(
            names,
            [f"config.toml{end}" for end in ("", ".last", ".lock", ".log", ".owners", ".owners.prev", ".prev")],
            "beside the config",
        )
        print(f"deploy: {len(runs)} overlapping runs, {runs.count(BUSY)} of them busy, 0 bad")


if __name__ == "__main__":
    main(*sys.argv[1:])
