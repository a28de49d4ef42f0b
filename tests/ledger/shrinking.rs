//! The smallest life that breaks the same promise.

use crate::life::{Command, Life, Step, What};
use crate::oracle::{Run, kind};

pub(crate) fn smallest(run: &mut Run<'_>, mut life: Life, why: &str) -> Life {
    let kind = kind(why);
    loop {
        let smaller = candidates(run, &life).into_iter().find(|candidate| {
            let lived = run.live(candidate);
            lived.is_err_and(|why| crate::oracle::kind(&why) == kind)
        });
        match smaller {
            Some(smaller) => life = smaller,
            None => return life,
        }
    }
}

fn candidates(run: &Run<'_>, life: &Life) -> Vec<Life> {
    let mut found = Vec::new();
    for at in (0..life.steps.len()).rev() {
        let mut shorter = life.clone();
        shorter.steps.remove(at);
        found.push(shorter);
    }
    for (at, step) in life.steps.iter().enumerate() {
        let Step::Run(command) = step else { continue };
        for smaller in simpler(command) {
            let mut changed = life.clone();
            changed.steps[at] = Step::Run(smaller);
            found.push(changed);
        }
    }
    let size = run.size(life.base);
    let mut bases: Vec<usize> = (0..run.bases()).filter(|&it| run.size(it) < size).collect();
    bases.sort_by_key(|&it| run.size(it));
    found.extend(bases.into_iter().map(|base| Life {
        base,
        ..life.clone()
    }));
    found
}

fn simpler(command: &Command) -> Vec<Command> {
    let mut found = Vec::new();
    if command.crash.is_some() {
        found.push(Command {
            crash: None,
            ..command.clone()
        });
    }
    if command.takes_over {
        found.push(Command {
            takes_over: false,
            ..command.clone()
        });
    }
    for number in 0..command.wants().len() {
        let mut wants = command.wants().to_vec();
        wants.remove(number);
        let what = match command.what {
            What::Add(_) => What::Add(wants),
            _ => What::All(wants),
        };
        found.push(Command {
            what,
            ..command.clone()
        });
    }
    found
}
