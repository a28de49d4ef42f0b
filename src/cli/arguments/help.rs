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
  # Look first, then register a handler and have containerd load it
  containerd-edit add gvisor --dry-run
  containerd-edit add gvisor --restart
  # Install what a patch file says, and take all of it out again
  containerd-edit apply kata.toml --prune
  containerd-edit remove --owner kata-deploy
  # See what containerd makes of the config, and what was changed
  containerd-edit check
  containerd-edit status

Each verb has examples of its own: `containerd-edit help VERB`.";

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

After 0, 10 and 79 the config is as requested (unchanged with --dry-run and
--stdout). After 76, and with --restart after 69 or a signal (130, 143, 129), it
may hold the change: read the message. After any other code it is as it was.";

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
A patch file:
  owner = \"kata-deploy\"
  default = \"kata-qemu\"

  [handlers.kata-qemu]
  preset = \"kata\"
  snapshotter = \"nydus\"

Examples:
  # Install, upgrade, repair
  containerd-edit apply kata.toml --prune
  # Has anything drifted? Exits with 10 if so
  containerd-edit apply kata.toml --prune --dry-run --exit-code
  # From stdin
  render-patch | containerd-edit apply - --owner kata-deploy";

pub(super) const REMOVE: &str = "\
Examples:
  # Remove two handlers
  containerd-edit remove kata-qemu kata-fc
  # Uninstall an installer, once no pod uses its handlers any more
  containerd-edit remove --owner kata-deploy --wait-unused 5m --restart";

pub(super) const SET: &str = "\
Examples:
  # containerd's log level
  containerd-edit set debug.level=debug
  # The cgroup driver of runc
  containerd-edit set handlers.runc.options.SystemdCgroup=true
  # A folder for registry hosts, in config version 2 as in 3
  containerd-edit set \\
    'plugins.\"io.containerd.cri.v1.images\".registry.config_path=/etc/containerd/certs.d'";

pub(super) const UNSET: &str = "\
Examples:
  # Back to the log level from before
  containerd-edit unset debug.level
  # Turn CRI on, which Docker's package has turned off
  containerd-edit unset disabled_plugins=cri
  # Drop an import that leads nowhere
  containerd-edit unset imports=/etc/containerd/gone.toml --restart";

pub(super) const SET_DEFAULT: &str = "\
Examples:
  # Run pods without a RuntimeClass on Kata
  containerd-edit set-default kata-qemu
  # Back to what the file itself says
  containerd-edit set-default --unset";

pub(super) const UNDO: &str = "\
Examples:
  # See what would be taken back
  containerd-edit undo --dry-run
  # Only if the last change is this installer's
  containerd-edit undo --owner kata-deploy --restart";

pub(super) const EDIT: &str = "\
Examples:
  # With another editor, and have containerd load the result
  EDITOR=nano containerd-edit edit --restart
  # Edit a drop-in
  containerd-edit edit --drop-in conf.d/50-kata-deploy.toml";

pub(super) const RESTORE: &str = "\
Examples:
  # See which texts are kept, and what would be done
  containerd-edit restore --dry-run
  # Put the text back, and start containerd with it
  containerd-edit restore --restart
  # Put back a text of your own
  containerd-edit restore --from /root/config.toml.good";

pub(super) const RESTART: &str = "\
Examples:
  # Restart containerd if that is needed
  containerd-edit restart
  # From a container, on a slow node
  containerd-edit --host-root /host restart --ready-timeout 2m";

pub(super) const LIST: &str = "\
Examples:
  # All handlers, then their names alone
  containerd-edit list
  containerd-edit list -o json | jq -r '.handlers[].name'";

pub(super) const SHOW: &str = "\
Examples:
  containerd-edit show kata-qemu";

pub(super) const GET: &str = "\
Examples:
  # A value, a table, and who owns a value
  containerd-edit get debug.level
  containerd-edit get handlers.runc.options
  containerd-edit get default -o json | jq -r .owner";

pub(super) const STATUS: &str = "\
Exit codes:
   0  all is in force; without --exit-code: the config was found
  10  --exit-code: something is not in force, or unknown, or nothing would serve

Examples:
  # Who holds the lock, and who changed the config last
  containerd-edit status
  # In a health check
  containerd-edit status --exit-code -q || echo \"something is not in force\"";

pub(super) const LOG: &str = "\
Examples:
  # All entries, then the last command alone
  containerd-edit log
  containerd-edit log -o json | jq -r '.entries[-1].command'";

pub(super) const CHECK: &str = "\
Exit codes:
   0  every release that reads the config serves CRI with it
  65  the config is not valid TOML
  69  --running: no daemon answers
  78  some release would not serve, or the daemon has not loaded the config

Examples:
  # For every containerd release, then for one
  containerd-edit check
  containerd-edit check --containerd-version 1.7
  # Does containerd have to be restarted?
  containerd-edit check --running";

/// Returns the end of the top level's `--help`.
pub(super) fn after() -> String {
    format!("{EXIT_CODES}\n\n{ENVIRONMENT}\n\n{EXAMPLES}")
}

/// Returns the end of `add --help`.
pub(super) fn add() -> String {
    let mut help = "Presets:\n".to_owned();
    for preset in Preset::all() {
        let _ = writeln!(help, "  {:<13}  {}", preset.name(), preset.about());
    }
    help.push_str(
        "\
\nNames like runsc, kata-qemu, kata-clh and kata-fc take their preset, too.

Examples:
  # See what would change, then do it and have containerd load it
  containerd-edit add gvisor --dry-run
  containerd-edit add gvisor --restart
  # Kata's preset, with one key more
  containerd-edit add kata-qemu --set snapshotter=nydus
  # A handler without a preset
  containerd-edit add mine --set runtime_type=io.containerd.mine.v2
  # For pods without a RuntimeClass, on behalf of an installer
  containerd-edit add nvidia --default --owner gpu-operator",
    );
    help
}
