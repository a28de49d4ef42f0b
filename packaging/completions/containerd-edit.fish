# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_containerd_edit_global_optspecs
    string join \n config= host-root= distribution= o/output= q/quiet v/verbose color= V/version h/help
end

function __fish_containerd_edit_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_containerd_edit_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_containerd_edit_using_subcommand
    set -l cmd (__fish_containerd_edit_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -s V -l version -d 'Print version; with -v: features and modelled releases'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "add" -d 'Register a runtime handler, or change its keys'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "apply" -d 'Make the config hold what a patch file says'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "remove" -d 'Unregister runtime handlers'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "set" -d 'Set keys: debug.level=debug'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "unset" -d 'Unset keys: debug.level'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "set-default" -d 'Choose the handler of pods without a RuntimeClass'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "undo" -d 'Take the last change back, to the byte'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "edit" -d 'Edit the config in $VISUAL or $EDITOR'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "restore" -d 'Put back the last text with which containerd serves'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "restart" -d 'Restart containerd if it has not loaded its config'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "list" -d 'List the runtime handlers that containerd loads'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "show" -d 'Show one runtime handler with its keys'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "get" -d 'Print what is in force at a key: debug.level'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "check" -d 'Check what each containerd release makes of the config'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "status" -d 'Show the config\'s files, owners, lock and last change'
complete -c containerd-edit -n "__fish_containerd_edit_needs_command" -f -a "log" -d 'Show the operation log: what was changed or refused'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l preset -d 'Take the settings of a preset: kata, gvisor, nvidia …' -r -f -a "kata\t''
gvisor\t''
crun\t''
youki\t''
nvidia\t''
nvidia-cdi\t''
nvidia-legacy\t''
spin\t''
wasmtime\t''
wasmedge\t''
runc\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l set -d 'Set a key, as in options.SystemdCgroup=true' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l unset -d 'Unset a key, as in options.Root' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l owner -d 'The owner: which installer it belongs to' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l was -d 'With --adopt: a value to restore when the owner leaves' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l drop-in -d 'Write to a separate, imported file' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l plugin-id -d 'The plugin table that holds the handlers' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l lock-timeout -d 'Time to wait for the lock [default: 30s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l restart-command -d 'What restarts containerd [default: systemctl]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l ready-timeout -d 'How long a restart may take [default: 60s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l default -d 'Make it the default handler'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l take-over -d 'Also change what another owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l adopt -d 'Take over handlers and keys that no owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l no-drop-in -d 'Write to the config itself'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l stdout -d 'Print the resulting file and touch nothing'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l dry-run -d 'Write nothing; show the diff'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l exit-code -d 'Exit with 10 if something changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l allow-not-serving -d 'Also add to, or put back, a config that does not serve'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -l restart -d 'Restart containerd if needed, and verify'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l owner -d 'The owner: which installer it belongs to' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l was -d 'With --adopt: a value to restore when the owner leaves' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l drop-in -d 'Write to a separate, imported file' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l plugin-id -d 'The plugin table that holds the handlers' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l lock-timeout -d 'Time to wait for the lock [default: 30s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l restart-command -d 'What restarts containerd [default: systemctl]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l ready-timeout -d 'How long a restart may take [default: 60s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l take-over -d 'Also change what another owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l prune -d 'Also remove what the owner has and the file lacks'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l adopt -d 'Take over handlers and keys that no owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l no-drop-in -d 'Write to the config itself'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l stdout -d 'Print the resulting file and touch nothing'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l dry-run -d 'Write nothing; show the diff'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l exit-code -d 'Exit with 10 if something changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l allow-not-serving -d 'Also add to, or put back, a config that does not serve'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -l restart -d 'Restart containerd if needed, and verify'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l owner -d 'Remove all that this owner has' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l wait-unused -d 'Wait so long for such pods to end, then refuse' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l was -d 'With --adopt: a value to restore when the owner leaves' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l drop-in -d 'Write to a separate, imported file' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l plugin-id -d 'The plugin table that holds the handlers' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l lock-timeout -d 'Time to wait for the lock [default: 30s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l restart-command -d 'What restarts containerd [default: systemctl]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l ready-timeout -d 'How long a restart may take [default: 60s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l if-unused -d 'Refuse if a pod still uses one of the handlers'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l adopt -d 'Take over handlers and keys that no owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l no-drop-in -d 'Write to the config itself'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l stdout -d 'Print the resulting file and touch nothing'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l dry-run -d 'Write nothing; show the diff'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l exit-code -d 'Exit with 10 if something changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l allow-not-serving -d 'Also add to, or put back, a config that does not serve'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -l restart -d 'Restart containerd if needed, and verify'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l owner -d 'The owner: which installer it belongs to' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l was -d 'With --adopt: a value to restore when the owner leaves' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l drop-in -d 'Write to a separate, imported file' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l plugin-id -d 'The plugin table that holds the handlers' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l lock-timeout -d 'Time to wait for the lock [default: 30s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l restart-command -d 'What restarts containerd [default: systemctl]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l ready-timeout -d 'How long a restart may take [default: 60s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l take-over -d 'Also change what another owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l adopt -d 'Take over handlers and keys that no owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l no-drop-in -d 'Write to the config itself'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l stdout -d 'Print the resulting file and touch nothing'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l dry-run -d 'Write nothing; show the diff'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l exit-code -d 'Exit with 10 if something changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l allow-not-serving -d 'Also add to, or put back, a config that does not serve'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -l restart -d 'Restart containerd if needed, and verify'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l owner -d 'The owner: which installer it belongs to' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l was -d 'With --adopt: a value to restore when the owner leaves' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l drop-in -d 'Write to a separate, imported file' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l plugin-id -d 'The plugin table that holds the handlers' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l lock-timeout -d 'Time to wait for the lock [default: 30s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l restart-command -d 'What restarts containerd [default: systemctl]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l ready-timeout -d 'How long a restart may take [default: 60s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l take-over -d 'Also change what another owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l adopt -d 'Take over handlers and keys that no owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l no-drop-in -d 'Write to the config itself'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l stdout -d 'Print the resulting file and touch nothing'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l dry-run -d 'Write nothing; show the diff'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l exit-code -d 'Exit with 10 if something changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l allow-not-serving -d 'Also add to, or put back, a config that does not serve'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -l restart -d 'Restart containerd if needed, and verify'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand unset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l owner -d 'The owner: which installer it belongs to' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l was -d 'With --adopt: a value to restore when the owner leaves' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l drop-in -d 'Write to a separate, imported file' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l plugin-id -d 'The plugin table that holds the handlers' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l lock-timeout -d 'Time to wait for the lock [default: 30s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l restart-command -d 'What restarts containerd [default: systemctl]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l ready-timeout -d 'How long a restart may take [default: 60s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l unset -d 'Restore what the file itself says'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l take-over -d 'Also change what another owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l adopt -d 'Take over handlers and keys that no owner has'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l no-drop-in -d 'Write to the config itself'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l stdout -d 'Print the resulting file and touch nothing'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l dry-run -d 'Write nothing; show the diff'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l exit-code -d 'Exit with 10 if something changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l allow-not-serving -d 'Also add to, or put back, a config that does not serve'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -l restart -d 'Restart containerd if needed, and verify'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand set-default" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l owner -d 'Only if the last change is this owner\'s' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l lock-timeout -d 'Time to wait for the lock [default: 30s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l restart-command -d 'What restarts containerd [default: systemctl]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l ready-timeout -d 'How long a restart may take [default: 60s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l dry-run -d 'Write nothing; show the diff'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l exit-code -d 'Exit with 10 if something changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l allow-not-serving -d 'Also add to, or put back, a config that does not serve'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -l restart -d 'Restart containerd if needed, and verify'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l drop-in -d 'Edit this drop-in' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l lock-timeout -d 'Time to wait for the lock [default: 30s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l restart-command -d 'What restarts containerd [default: systemctl]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l ready-timeout -d 'How long a restart may take [default: 60s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l dry-run -d 'Write nothing; show the diff'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l exit-code -d 'Exit with 10 if something changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l allow-not-serving -d 'Also add to, or put back, a config that does not serve'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -l restart -d 'Restart containerd if needed, and verify'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l from -d 'The text to put back: last, prev, or a FILE' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l drop-in -d 'Put it back in this drop-in' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l lock-timeout -d 'Time to wait for the lock [default: 30s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l restart-command -d 'What restarts containerd [default: systemctl]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l ready-timeout -d 'How long a restart may take [default: 60s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l dry-run -d 'Write nothing; show the diff'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l exit-code -d 'Exit with 10 if something changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l allow-not-serving -d 'Also add to, or put back, a config that does not serve'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -l restart -d 'Restart containerd if needed, and verify'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l restart-command -d 'What restarts containerd [default: systemctl]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l ready-timeout -d 'How long a restart may take [default: 60s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l lock-timeout -d 'Time to wait for the lock [default: 30s]' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l always -d 'Restart it in any case'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -l exit-code -d 'Exit with 10 if something changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand list" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand list" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand list" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand list" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand list" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand list" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand list" -l plugin-id -d 'The plugin table that holds the handlers' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand list" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand list" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand show" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand show" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand show" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand show" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand show" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand show" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand show" -l plugin-id -d 'The plugin table that holds the handlers' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand show" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand show" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand get" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand get" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand get" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand get" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand get" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand get" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand get" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand get" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -l containerd-version -d 'Judge for these containerd releases alone' -r -f -a "1.6\t''
1.7\t''
2.0\t''
2.1\t''
2.2\t''
2.3\t''
2.4\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -l running -d 'Compare with the running daemon, too'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -l cri-endpoint -d 'The running daemon\'s socket' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -l exit-code -d 'Exit with 10 if something is not in force'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand log" -l config -d 'The containerd config to work on' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand log" -l host-root -d 'Where the host\'s / is mounted, as in /host' -r -F
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand log" -l distribution -d 'What has set containerd up [default: auto]' -r -f -a "containerd\t''
k3s\t''
rke2\t''
k0s\t''
microk8s\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand log" -s o -l output -d 'How to report, errors too: text or json' -r -f -a "text\t''
json\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand log" -l color -d 'When to colour the output: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand log" -l log -d 'The log file, or `none`' -r
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand log" -s q -l quiet -d 'Print errors only'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand log" -s v -l verbose -d 'Also print the diff of what was changed'
complete -c containerd-edit -n "__fish_containerd_edit_using_subcommand log" -s h -l help -d 'Print help (see more with \'--help\')'
