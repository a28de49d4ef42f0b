//! Each command that a message suggests works in the very state in which it is suggested.
//!
//! The suggestions are the texts of `src/error/next_step.rs`: one that no state here provokes fails the
//! test, and so does a command that fails.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::tool::{Node, Run, tool_path};

const NEXT_STEPS: &str = include_str!("../../src/error/next_step.rs");

/// What needs a daemon that runs: `tests/containerd` has these states in `restart/` and `running.rs`.
const WITH_DAEMON: [&str; 2] = [
    "says whether the config is the reason",
    "see why containerd did not serve",
];

/// Scripts: what has happened, what suggests something, and what the suggestion says to do by hand
/// before its commands. `edit` is the command on `$CONFIG`, and `$NAME` what NAME stands for.
struct State {
    config: &'static str,
    before: &'static str,
    provoke: &'static str,
    by_hand: &'static str,
}

const fn state(config: &'static str, before: &'static str, provoke: &'static str) -> State {
    State {
        config,
        before,
        provoke,
        by_hand: "",
    }
}

const EMPTY: &str = "version = 3\n";
const CRUN: &str = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.crun]\n\
                    runtime_type = \"io.containerd.runc.v2\"\n";
const OLD_TABLE: &str = "version = 3\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.crun]\n\
                         runtime_type = \"io.containerd.runc.v2\"\n";
const TWO_TABLES: &str = "version = 2\n\
    [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n\
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n";
const OLD_AND_NEW: &str = "version = 2\n\
    [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n\
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.x]\nruntime_type = 'io.containerd.runc.v2'\n";
const DANGLING: &str = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
                        default_runtime_name = 'kata'\n";
const LOST_IMPORT: &str = "version = 3\nimports = ['/nowhere/x.toml']\n";
const TWO_REGISTRIES: &str = "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.registry]\n\
    config_path = '/etc/certs.d'\n[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors.'a.b']\n\
    endpoint = ['https://c.d']\n";
const PARTIAL: &str = "version = 2\n\
    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\nSystemdCgroup = true\n";
const PARTIAL_MINE: &str = "version = 3\n\
    [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.mine]\nsnapshotter = 's'\n";
const NO_DAEMON: &str = "--ready-timeout 30s --cri-endpoint $FOLDER/none.sock --restart-command";

fn states() -> Vec<State> {
    let mut states = vec![
        state(EMPTY, "", "edit show nothing"),
        state(LOST_IMPORT, "", "edit get debug.level"),
        state(EMPTY, "", "edit -o json nothing"),
        state(
            EMPTY,
            "",
            "edit add crun --set options.x=1 --set options.x.y=1",
        ),
        state(EMPTY, "rm $CONFIG", "edit list"),
        state(
            "version = 2\n",
            "edit add crun --owner a; sed -i s/2/3/ $CONFIG",
            "edit add kata --owner b",
        ),
        state(
            EMPTY,
            "echo \"imports = ['$FOLDER/config-v3.toml.d/*.toml']\" >>$CONFIG; \
             edit --distribution k3s add kata --owner a; echo 'version = 3' >$CONFIG",
            "edit --distribution k3s add crun --owner b",
        ),
        state(
            EMPTY,
            "",
            "\"$TOOL\" --config $FOLDER/new/config.toml add crun",
        ),
        state(
            "version = 3\nimports = ['new/conf.d/*.toml']\n",
            "",
            "edit add crun --drop-in",
        ),
        state(EMPTY, "mkfifo $CONFIG.owners", "edit add crun"),
        state(EMPTY, "mkdir $CONFIG.lock", "edit add crun"),
        state(
            EMPTY,
            "edit add crun; rm $CONFIG.last; mkdir $CONFIG.last",
            "edit add kata",
        ),
        state(
            EMPTY,
            "edit add crun; rm $CONFIG; mkfifo $CONFIG",
            "edit restore",
        ),
        state(EMPTY, "rm $CONFIG; mkdir $CONFIG", "edit add crun"),
        state(
            EMPTY,
            "edit add crun; edit add kata; echo x >$CONFIG.owners",
            "edit add spin",
        ),
        state(
            EMPTY,
            "edit add crun; echo x >$CONFIG.owners; rm $CONFIG.owners.prev",
            "edit add spin",
        ),
        state(EMPTY, "truncate -s 1G $CONFIG", "edit add crun"),
        state(EMPTY, "edit add crun", "edit apply - --prune </dev/null"),
        state(DANGLING, "", "edit check"),
        state(DANGLING, "", "edit add crun"),
        state(TWO_REGISTRIES, "", "edit check"),
        state(TWO_REGISTRIES, "", "edit add crun"),
        state(DANGLING, "", "edit add crun --allow-not-serving"),
        state(EMPTY, "", "edit undo"),
        state(
            EMPTY,
            "edit add crun; edit add kata; rm $CONFIG.owners*",
            "edit undo",
        ),
        state(
            EMPTY,
            "edit add crun; echo '\"3s\"' >>$CONFIG",
            "edit add kata",
        ),
        state(
            EMPTY,
            "",
            "VISUAL='f() { echo >>$CONFIG; echo >>$1; echo >>$1; }; f' TMPDIR=$FOLDER edit edit",
        ),
        State {
            by_hand: "echo 'version = 3' >$FOLDER/own.toml",
            ..state("[", "", "edit restore")
        },
        State {
            by_hand: "echo 'version = 3' >$FOLDER/own.toml",
            ..state(
                EMPTY,
                "edit add crun --drop-in; edit add kata --owner b; edit add spin --owner b; rm $FOLDER/*.last; echo [ >>$CONFIG; \
                 echo [ >$FOLDER/conf.d/50-manual.toml",
                "edit restore",
            )
        },
        state(
            EMPTY,
            "edit add crun --drop-in; rm $FOLDER/conf.d/*; mkfifo $FOLDER/conf.d/50-manual.toml",
            "edit restore",
        ),
        state(EMPTY, "edit add crun; : >$CONFIG", "edit restore"),
        state(EMPTY, "edit add crun --owner a", "edit undo --owner b"),
        state(EMPTY, "edit add crun --owner a", "edit add crun --owner b"),
        state(
            EMPTY,
            "edit add crun --owner a",
            "edit remove crun --owner b",
        ),
        state(
            EMPTY,
            "edit set debug.level=debug --owner a",
            "edit unset debug.level --owner b",
        ),
        state(
            "version = 3\n[debug]\nlevel = 'info'\n",
            "",
            "edit unset debug",
        ),
        state(
            "version = 2\n",
            "edit add crun",
            "edit unset handlers.runc.runtime_type",
        ),
        state(
            OLD_AND_NEW,
            "edit add gvisor --owner a --containerd-version 1.7",
            "edit add gvisor --owner a --containerd-version 2.1",
        ),
        state(
            TWO_TABLES,
            "edit add kata --plugin-id io.containerd.cri.v1.runtime",
            "edit add spin --plugin-id io.containerd.grpc.v1.cri",
        ),
        state(EMPTY, "", "edit set-default kata"),
        state(EMPTY, "", "edit set-default mine"),
        state(
            PARTIAL_MINE,
            "edit add mine --preset crun --owner x --take-over; edit set-default mine --owner y",
            "edit remove --owner x",
        ),
        state(
            "version = 3\nimports = ['conf.d/*.toml']\n",
            "mkdir $FOLDER/conf.d; edit set debug.level=debug --owner a; \
             tail -n 2 $FOLDER/conf.d/50-a.toml >>$CONFIG",
            "edit remove --owner a",
        ),
        state(PARTIAL, "", "edit add crun"),
        state(EMPTY, "edit add crun", "edit unset handlers.crun"),
    ];
    states.extend(states_of_removals());
    if cfg!(feature = "cri") {
        states.extend(states_of_restarts());
    }
    states
}

/// Of handlers that are nobody's.
fn states_of_removals() -> Vec<State> {
    vec![
        state(CRUN, "", "edit remove crun"),
        state(OLD_TABLE, "", "edit remove crun"),
        state(
            OLD_TABLE,
            "",
            "edit remove crun --plugin-id io.containerd.grpc.v1.cri",
        ),
        state(
            CRUN,
            "edit add crun --owner a",
            "edit remove crun --owner a",
        ),
    ]
}

fn states_of_restarts() -> Vec<State> {
    vec![
        state(EMPTY, "edit add crun", "edit restart $NO_DAEMON false"),
        state(DANGLING, "", "edit restart $NO_DAEMON false"),
        state(EMPTY, "", "edit add crun --restart $NO_DAEMON false"),
        state(
            EMPTY,
            "",
            "edit add crun --restart $NO_DAEMON 'kill -TERM $PPID; sleep 60'",
        ),
        State {
            by_hand: "sed -i /3s/d $CONFIG",
            ..state(
                EMPTY,
                "",
                "edit add crun --restart $NO_DAEMON 'echo \\\"3s\\\" >>$CONFIG; false'",
            )
        },
    ]
}

fn script(node: &Node, script: &str) -> Run {
    let script = script.replace("$NO_DAEMON", NO_DAEMON);
    let prelude = "edit() { \"$TOOL\" --config \"$CONFIG\" \"$@\"; }\n";
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{prelude}{script}")]);
    command
        .env("TOOL", tool_path())
        .env("CONFIG", node.config());
    command
        .env("FOLDER", node.folder())
        .env_remove("CONTAINERD_EDIT_OWNER");
    Run::of(&mut command)
}

/// The texts that hold commands, each as what stands between its names.
fn next_steps() -> Vec<Vec<String>> {
    let (_, texts) = NEXT_STEPS.split_once("impl fmt::Display").expect("texts");
    let texts: Vec<&str> = texts.split("\\\n").map(str::trim_start).collect();
    let texts = texts.concat();
    let literals = texts.split('"').skip(1).step_by(2);
    let commands = literals.filter(|text| is_suggestion(text));
    let between = |text: &str| {
        let parts = text
            .split('{')
            .map(|part| part.split_once('}').map_or(part, |it| it.1));
        parts.map(str::to_owned).collect()
    };
    commands.map(between).collect()
}

fn is_suggestion(text: &str) -> bool {
    let programs = ["containerd-edit", "mkdir", "mv", "cp", "head"];
    programs
        .iter()
        .any(|program| text.contains(&format!("`{program} ")))
}

fn is_said(next_step: &[String], line: &str) -> bool {
    let mut rest = line;
    next_step
        .iter()
        .all(|part| match rest.split_once(part.as_str()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
}

fn copied(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.is_ok_and(|it| it.success()), "copies");
}

/// Runs each command of a line, each in the state in which it was suggested.
fn follow(node: &Node, state: &State, line: &str) {
    let kept = tempfile::tempdir().expect("a temporary folder");
    let kept = kept.path().join("kept");
    copied(node.folder(), &kept);
    for command in line.split('`').skip(1).step_by(2) {
        let is_own = command.starts_with("containerd-edit ");
        if !is_own && !is_suggestion(&format!("`{command}")) {
            continue;
        }
        let arguments = command.replacen("containerd-edit ", "\"$TOOL\" ", 1);
        let arguments = arguments.replace("set-default NAME", "set-default runc");
        // As words of their own: a temporary folder may have any of them in its name.
        let filled = arguments.split(' ').map(|word| match word {
            "NAME" => "crun",
            "FILE" => "$FOLDER/own.toml",
            "ID" => "manual",
            word => word,
        });
        let arguments = filled.collect::<Vec<_>>().join(" ");
        let run = script(node, &format!("{}\n{arguments}", state.by_hand));
        let reads = arguments.contains(" check") || command.starts_with("head ");
        // A check says by its code that the config does not serve, or that no daemon answers.
        let exits: &[i32] = if reads { &[0, 78, 69] } else { &[0] };
        let is_restart = arguments.ends_with(" restart");
        let works = run.exit.is_some_and(|exit| exits.contains(&exit));
        // There is no systemd here.
        let works = works || is_restart && matches!(run.exit, Some(69 | 77));
        assert!(works, "{}: {line}\n{command}: {run:#?}", state.provoke);
        if (line.contains("first") || !is_own)
            && !reads
            && !is_restart
            && !arguments.contains(" list")
        {
            let again = script(node, state.provoke);
            assert_eq!(again.exit, Some(0), "{}: {line}: {again:#?}", state.provoke);
        }
        fs::remove_dir_all(node.folder()).expect("removes");
        copied(&kept, node.folder());
    }
}

#[test]
fn each_command_that_is_suggested_works_in_that_state() {
    let mut said = Vec::new();
    for state in states() {
        let node = Node::with(state.config);
        script(&node, state.before).exits(0);
        let run = script(&node, state.provoke);
        let lines = [run.stdout.as_str(), &run.stderr].concat();
        let mut lines = lines.lines().filter(|line| is_suggestion(line)).peekable();
        assert!(lines.peek().is_some(), "{}: {run:#?}", state.provoke);
        for line in lines {
            follow(&node, &state, line);
            let flags = format!("--config {} ", node.config().display());
            let line = line.replace(&flags, "").replace("--distribution k3s ", "");
            said.push(line);
        }
    }
    for next_step in next_steps() {
        let is_said = said.iter().any(|line| is_said(&next_step, line));
        let text = next_step.join("…");
        let elsewhere = WITH_DAEMON.iter().any(|it| text.contains(it));
        assert!(
            is_said || elsewhere || !cfg!(feature = "cri"),
            "no state suggests: {text}"
        );
    }
}

/// What can't be read is to be repaired first: nothing else that `undo` could suggest would work.
#[test]
fn undo_of_a_config_that_cannot_be_read_says_so() {
    let node = Node::with(EMPTY);
    script(&node, "edit add crun --owner a; echo '\"3s\"' >>$CONFIG").exits(0);
    for undo in ["edit undo", "edit undo --owner b"] {
        let run = script(&node, undo).exits(65);
        assert!(run.stderr.contains("not valid TOML"), "{run:#?}");
    }
}

/// A flag that a hint names is one of the verb's.
#[test]
fn set_default_takes_over_a_file_that_is_not_the_tools() {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    let theirs = node.folder().join("conf.d/99-theirs.toml");
    fs::write(&theirs, DANGLING.replace("kata", "runc")).expect("writes");
    script(&node, "edit add crun --owner a").exits(0);
    let run = script(&node, "edit set-default crun --owner a").exits(78);
    assert!(
        run.stderr.contains("change it with --take-over"),
        "{run:#?}"
    );
    script(&node, "edit set-default crun --owner a --take-over").exits(0);
    let text = fs::read_to_string(theirs).expect("reads");
    assert!(text.contains("default_runtime_name = \"crun\""), "{text}");
}
