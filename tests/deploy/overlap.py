"""Runs the commands of docs/deploy's DaemonSet and Job as their containers would, at the same time.

Each command gets a root filesystem of its own that is read-only and holds nothing but the static
program of its image, /proc, and what its container mounts from the host; it has no capabilities.
Installs and uninstalls overlap as a rolling update and the Job would: none may end otherwise than with
0 or 75 (busy, try again), and what is left in the end is what the last one made. Two products on one
node keep out of each other's way, and an uninstall ends well where there is nothing to uninstall.
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
import warnings  # By execvp, from a root that has it no more.
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
prctl = ctypes.CDLL(None, use_errno=True).prctl
os.chroot(sys.argv[1])
os.chdir("/")
os.environ["PATH"] = os.environ["CONTAINER_PATH"]
for capability in range(64):
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
assert prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
# As a container runtime does, with the container's own PATH.
os.execvp(sys.argv[2], sys.argv[2:])
"""


OWNER = "kata-deploy"


def documents(name, owner=OWNER):
    text = (DEPLOY / name).read_text().replace(OWNER, owner)
    return [it for it in yaml.safe_load_all(text) if it]


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

    def __init__(self, node, owner, binary, pause, handler="kata-qemu"):
        self.node = node
        self.owner = owner
        # What an image holds, by what the manifests call it.
        self.images = {"containerd-edit": ("/containerd-edit", binary), "pause": ("/pause", pause)}
        self.copy = node.host / f"opt/containerd-edit/{owner}/containerd-edit"
        self.patch = node.folder / f"patch-{owner}"
        self.patch.mkdir()
        for name, text in documents("configmap.yaml", owner)[0]["data"].items():
            (self.patch / name).write_text(text.replace("kata-qemu", handler))

    def containers(self, manifest, kinds):
        template = documents(manifest, self.owner)[0]["spec"]["template"]
        pod = template["spec"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for kind in kinds:
            for container in pod[kind]:
                yield Container(self, container, volumes, template["metadata"])

    def install(self):
        return [container.run() for container in self.containers("daemonset.yaml", ["initContainers"])]

    def uninstall(self):
        codes = []
        for container in self.containers("uninstall-job.yaml", ["initContainers", "containers"]):
            codes.append(container.run())
            if codes[-1] != 0:
                # The pod has failed; what comes after it is not run.
                break
        return codes


class Container:
    def __init__(self, product, container, volumes, metadata):
        self.product = product
        image = container["image"].rsplit("/", 1)[1].split(":")[0]
        program, image_binary = product.images[image]
        self.program = (container.get("command") or [program]) + container.get("args", [])
        self.variables = {it["name"]: it["value"] for it in container.get("env", [])}
        # What the rest of this script takes for granted.
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"], context
        assert context["capabilities"] == {"drop": ["ALL"]} and context["runAsUser"] == 0, context
        self.mounts = [(image_binary, program, "ro")]
        for mount in container["volumeMounts"]:
            source = self.source(volumes[mount["name"]], metadata)
            options = "ro" if mount.get("readOnly") else ""
            self.mounts.append((source, mount["mountPath"], options))

    def source(self, volume, metadata):
        if "configMap" in volume:
            return self.product.patch
        if "downwardAPI" in volume:
            folder = pathlib.Path(tempfile.mkdtemp(dir=self.product.node.folder))
            folder.chmod(0o755)
            for item in volume["downwardAPI"]["items"]:
                key = item["fieldRef"]["fieldPath"].removeprefix("metadata.annotations['")
                file = folder / item["path"]
                file.write_text(metadata["annotations"][key.removesuffix("']")])
                file.chmod(item["mode"])
            return folder
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
        variables["CONTAINER_PATH"] = self.variables.get("PATH", "")
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
    # As a Helm hook it runs after all else is gone.
    assert "serviceAccountName" not in pod and pod["automountServiceAccountToken"] is False
    gone = {"configMap", "secret", "persistentVolumeClaim"}
    assert not any(gone & set(volume) for volume in pod["volumes"]), pod["volumes"]


def check_nothing_to_do(programs):
    """On a node that was never installed to, and on one where all is gone already."""
    with tempfile.TemporaryDirectory() as folder:
        node = Node(folder)
        product = Product(node, OWNER, *programs)
        expect(product.uninstall(), [0, 0], "an uninstall of nothing")
        assert not node.config.exists()
        node.config.write_bytes(ORIGINAL)
        expect(product.install(), [0, 0], "an install")
        for which in ("first", "second"):
            expect(product.uninstall(), [0, 0], f"the {which} uninstall")
            expect(node.config.read_bytes(), ORIGINAL, f"after the {which} uninstall")


def check_two_products(programs):
    """Two installers, of different releases: neither takes the other's program away."""
    binary, pause = programs
    with tempfile.TemporaryDirectory() as folder:
        node = Node(folder).with_config()
        other_release = node.folder / "other-release"
        other_release.write_bytes(binary.read_bytes() + b"another release")
        other_release.chmod(0o755)
        one = Product(node, OWNER, binary, pause)
        other = Product(node, "gpu-operator", other_release, pause, "kata-fc")
        for product in (one, other):
            expect(product.install(), [0, 0], f"the install of {product.owner}")
        for product in (one, other):
            expect(product.copy.read_bytes(), product.images["containerd-edit"][1].read_bytes(), "a copy")
        expect(one.uninstall(), [0, 0], "an uninstall beside another product")
        assert not one.copy.exists() and other.copy.exists()
        assert b"kata-fc" in node.config.read_bytes()
        expect(other.uninstall(), [0, 0], "the last uninstall")
        expect(node.config.read_bytes(), ORIGINAL, "after both")


def expect(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


def main(binary, pause):
    programs = [pathlib.Path(program).resolve() for program in (binary, pause)]
    check_job()
    check_nothing_to_do(programs)
    check_two_products(programs)
    with tempfile.TemporaryDirectory() as folder:
        node = Node(folder).with_config()
        product = Product(node, OWNER, *programs)
        expect(product.install(), [0, 0], "an install")
        installed = node.config.read_bytes()
        assert b"kata-qemu" in installed, installed
        expect(product.copy.read_bytes(), programs[0].read_bytes(), "the copy")
        expect(product.install(), [0, 0], "a repeated install")
        expect(node.config.read_bytes(), installed, "after a repeated install")
        expect(product.uninstall(), [0, 0], "an uninstall")
        expect(node.config.read_bytes(), ORIGINAL, "after an uninstall")
        expect(list(product.copy.parent.iterdir()), [], "where the copy was")

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
        expect(product.install(), [0, 0], "the last install")
        expect(node.config.read_bytes(), installed, "after the last install")
        expect(product.uninstall(), [0, 0], "the last uninstall")
        expect(node.config.read_bytes(), ORIGINAL, "after the last uninstall")
        names = sorted(path.name for path in node.config.parent.iterdir())
        expect(
            names,
            ["config.toml", "config.toml.lock", "config.toml.log", "config.toml.prev"],
            "beside the config",
        )
        print(f"deploy: {len(runs)} overlapping runs, {runs.count(BUSY)} of them busy, 0 bad")


if __name__ == "__main__":
    main(*sys.argv[1:])
