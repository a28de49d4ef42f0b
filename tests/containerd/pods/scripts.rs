//! What runs on a node beside the daemon. `HOME` stands for the folder of the node.

/// The first process of a node: adopts what others leave, and waits for it.
pub(super) const FIRST: &str = "sleep infinity & wait";

/// What a pod gets copies of; the folder where the daemon's socket is to be reached from outside; and
/// the node as an installer's container has it mounted.
pub(super) const FURNISH: &str = "
touch /etc/hosts /etc/resolv.conf
mkdir /run/containerd /run/host
mount --bind \"$1\" /run/containerd
mount --rbind / /run/host
";

/// Starts the daemon with what runs containers on its PATH, and waits until it says that it is up, as
/// systemd does with `Type=notify`.
pub(super) const START: &str = r#"#!/bin/sh -eu
PATH=HOME/bin:$PATH
starts() { grep -c 'containerd successfully booted' HOME/containerd.log || :; }
touch HOME/containerd.log
before=$(starts)
containerd "$@" >>HOME/containerd.log 2>&1 </dev/null &
pid=$!
echo $pid >/run/containerd.pid
while [ "$(starts)" = "$before" ]; do
    [ -e "/proc/$pid" ] || exit 1
    sleep 0.01
done
"#;

/// Stops the daemon alone, as systemd does with `KillMode=process`, and waits for its end.
pub(super) const STOP: &str = r#"#!/bin/sh -eu
[ -e /run/containerd.pid ] || exit 0
pid=$(cat /run/containerd.pid)
kill "$pid" || :
while [ -e "/proc/$pid" ]; do sleep 0.01; done
rm /run/containerd.pid
"#;

/// Restarts the daemon for the process that asks for it, or does what the first line of `deeds` says.
pub(super) const RESTART: &str = r#"#!/bin/sh -eu
asking=$1
deed=$(head -n 1 HOME/deeds)
sed -i 1d HOME/deeds
case $deed in
fail) echo 'no such unit' >&2; exit 3 ;;
kill-before) kill -KILL "$asking"; exit 0 ;;
esac
HOME/stop
case $deed in
kill-between) kill -KILL "$asking"; exit 0 ;;
without-cri) HOME/start --config HOME/without-cri.toml; exit 0 ;;
esac
HOME/start
case $deed in
die)
    until [ -S /run/containerd/containerd.sock ]; do sleep 0.01; done
    HOME/stop ;;
kill-after) kill -KILL "$asking" ;;
esac
"#;

/// A config with which the daemon runs without CRI.
pub(super) const WITHOUT_CRI: &str =
    "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n";
