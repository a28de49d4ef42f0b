//! What `--help` says beyond the flags.

use std::fmt::Write as _;

use containerd_edit::Preset;

/// The top level's help: 24 lines for `-h`.
pub(super) const TEMPLATE: &str = "\
{about-with-newline}{usage-heading} {usage}

Verbs:
{subcommands}

{options}{after-help}";

const EXAMPLES: &str = "\
Examples:
  containerd-edit add kata --owner kata-deploy
  containerd-edit apply kata.toml --prune --restart
  containerd-edit remove --owner kata-deploy
  containerd-edit --host-root /host add gvisor --exit-code
  containerd-edit check

Each verb has examples of its own: `containerd-edit VERB --help`.";

const EXIT_CODES: &str = "\
Exit codes:
    0  done, or nothing to do
    1  anything else
    2  the command line can't be understood
   10  something changed, or would change: only with --exit-code
   65  the config, the ledger or the patch file is not valid
   66  a file or folder is missing
   69  containerd does not answer, or did not come back
   74  a system call failed
   75  try again: the lock is busy, or pods still use a handler
   76  changed, but the disk did not confirm it, or not all files
   77  permission denied
   78  refused: the result would break containerd
   79  done, but something stays that is still needed or can't change
  130  ended by a signal

After 0, 10 and 79 the config is as requested (unchanged with --dry-run and --stdout).
After 76, and with --restart after 69 or a signal (130, 143, 129) it may hold the change:
read the message. After any other code it is as it was.";

const ENVIRONMENT: &str = "\
Environment variables, which a flag overrides (empty counts as unset):
  CONTAINERD_EDIT_CONFIG           --config
  CONTAINERD_EDIT_HOST_ROOT        --host-root
  CONTAINERD_EDIT_DISTRIBUTION     --distribution
  CONTAINERD_EDIT_LOG              --log
  CONTAINERD_EDIT_CRI_ENDPOINT     --cri-endpoint
  CONTAINERD_EDIT_RESTART_COMMAND  --restart-command
  CONTAINERD_EDIT_OWNER            --owner of the verbs that add or set
  NO_COLOR                         --color never, on a terminal too";

pub(super) const APPLY: &str = "\
Examples:
  containerd-edit apply kata.toml --prune               install, upgrade, repair
  containerd-edit apply kata.toml --dry-run --exit-code 10: something has drifted
  render-patch | containerd-edit apply - --owner kata-deploy

A patch file:
  owner = \"kata-deploy\"
  default = \"kata-qemu\"

  [handlers.kata-qemu]
  preset = \"kata\"
  snapshotter = \"nydus\"";

pub(super) const REMOVE: &str = "\
Examples:
  containerd-edit remove kata-qemu kata-fc
  containerd-edit remove --owner kata-deploy --wait-unused 5m --restart";

pub(super) const SET: &str = "\
Examples:
  containerd-edit set debug.level=debug
  containerd-edit set handlers.runc.options.SystemdCgroup=true --owner node-tuning
  containerd-edit set proxy_plugins.nydus.type=snapshot proxy_plugins.nydus.address=/run/nydus.sock";

pub(super) const UNSET: &str = "\
Examples:
  containerd-edit unset debug.level
  containerd-edit unset disabled_plugins=cri
  containerd-edit unset imports=/etc/containerd/gone.toml --restart";

pub(super) const SET_DEFAULT: &str = "\
Examples:
  containerd-edit set-default kata-qemu
  containerd-edit set-default --unset";

pub(super) const UNDO: &str = "\
Examples:
  containerd-edit undo --dry-run
  containerd-edit undo --owner kata-deploy --restart";

pub(super) const EDIT: &str = "\
Examples:
  containerd-edit edit
  EDITOR=nano containerd-edit edit --restart
  containerd-edit edit --drop-in conf.d/50-kata-deploy.toml";

pub(super) const RESTORE: &str = "\
Examples:
  containerd-edit restore --dry-run                     what is kept, what would be done
  containerd-edit restore --restart
  containerd-edit restore --from /root/config.toml.good";

pub(super) const RESTART: &str = "\
Examples:
  containerd-edit restart
  containerd-edit --host-root /host restart --ready-timeout 2m";

pub(super) const LIST: &str = "\
Examples:
  containerd-edit list
  containerd-edit list -o json | jq -r '.handlers[].name'";

pub(super) const SHOW: &str = "\
Examples:
  containerd-edit show kata-qemu";

pub(super) const GET: &str = "\
Examples:
  containerd-edit get debug.level
  containerd-edit get handlers.runc.options
  containerd-edit get default -o json | jq -r .owner";

pub(super) const STATUS: &str = "\
Examples:
  containerd-edit status
  containerd-edit status -o json | jq .lock
  containerd-edit status --exit-code -q || echo \"something is not in force\"

Exit codes:
   0  all is in force; without --exit-code: the config was found
  10  --exit-code: something is not in force, or unknown, or nothing would serve";

pub(super) const LOG: &str = "\
Examples:
  containerd-edit log
  containerd-edit log -o json | jq -r '.entries[-1].command'";

pub(super) const CHECK: &str = "\
Examples:
  containerd-edit check
  containerd-edit check --containerd-version 1.7
  containerd-edit check --running

Exit codes:
   0  every release that reads the config serves CRI with it
  65  the config is not valid TOML
  69  --running: no daemon answers
  78  some release would not serve, or the daemon has not loaded the config";

/// Returns the end of the top level's `--help`.
pub(super) fn after() -> String {
    format!("{EXAMPLES}\n\n{EXIT_CODES}\n\n{ENVIRONMENT}")
}

/// Returns the end of `add --help`.
pub(super) fn add() -> String {
    let mut help = "\
Examples:
  containerd-edit add gvisor
  containerd-edit add kata-qemu --set snapshotter=nydus
  containerd-edit add nvidia --default --owner gpu-operator --restart

Presets:
"
    .to_owned();
    for preset in Preset::all() {
        let _ = writeln!(help, "  {:<13}  {}", preset.name(), preset.about());
    }
    help.push_str(
        "\nHandlers of their usual names take them, too: runsc, kata-qemu, kata-clh, kata-fc …",
    );
    help
}
