//! k3s and RKE2: a config that is written anew at every start, from a template.
//!
//! Newer releases look for `config-v3.toml.tmpl`, then for `config.toml.tmpl` (which makes them
//! write a version 2 config), and else use a built-in template of version 3
//! (`writeContainerdConfig` in k3s's `pkg/agent/containerd/config.go`). Older ones, with containerd
//! 1.x, know `config.toml.tmpl` alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Distribution, Units, written};
use crate::containerd::version;
use crate::disk::HostRoot;
use crate::disk::ledger_file::LedgerTexts;
use crate::error::{Code, Error};
use crate::ledger::Ledger;
use crate::toml::Document;

/// The templates, and the folders that the built-in template imports, by config version.
const VERSION_3: (&str, &str) = ("config-v3.toml.tmpl", "config-v3.toml.d");
const VERSION_2: &str = "config.toml.tmpl";

/// What is edited of k3s: a template, which may be missing, or the files of a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Edited {
    pub(super) template: Option<PathBuf>,
    pub(super) folder: Option<PathBuf>,
    /// The template that has to be read before anything is added.
    pub(super) unread: Option<PathBuf>,
}

/// The config that is written when `distribution` starts.
pub(super) fn generated(distribution: Distribution) -> PathBuf {
    let name = distribution.name();
    format!("/var/lib/rancher/{name}/agent/etc/containerd/config.toml").into()
}

/// The template beside a config that imports a folder for drop-ins; it may be missing.
pub(super) fn template(generated: &Path) -> PathBuf {
    generated.with_file_name(VERSION_3.0)
}

/// Finds out what is edited, by the config that the last start wrote. Where owners have keys already,
/// they keep their place: releases of k3s differ in what they read, and a node is upgraded under its
/// owners.
pub(super) fn edited(
    distribution: Distribution,
    generated: &Path,
    host: &HostRoot,
    units: &Units,
) -> Result<Edited, Error> {
    let text = written::read(distribution, generated, host, units)?;
    let config = Document::parse(text.as_bytes()).map_err(|source| {
        Error::from(source)
            .with_hint("fix this line, or restart the service that writes the file")
            .at(generated)
    })?;
    let version = version::of_any(&config).unwrap_or_default();
    let beside = |name| generated.with_file_name(name);
    let (template_3, template_2) = (beside(VERSION_3.0), beside(VERSION_2));
    let unread = if version < 3 {
        // An older release ignores the other template; a newer one has not seen it yet.
        is_newer(host, &template_3, generated).then_some(&template_3)
    } else {
        // The next start makes it a config of version 2.
        let decides = !host.has(&template_3) && host.has(&template_2);
        decides.then_some(&template_2)
    };
    let unread = unread.cloned();
    // Those that k3s may read. Nobody knows which release has written a config without a version.
    let templates: &[&PathBuf] = match version {
        1 | 2 => &[&template_2],
        3.. if host.has(&template_3) || !host.has(&template_2) => &[&template_3],
        _ => &[&template_3, &template_2],
    };
    let mut templates = templates.iter().copied();
    let owners_template = templates.find(|it| has_owners(host, it)).cloned();
    let imported = imported_folder(&config, VERSION_3.1).filter(|_| version >= 3);
    // Drop-ins of owners' are there, though nothing may import the folder any more.
    let has_folder = has_owners(host, generated) || unread.is_none() && imported.is_some();
    if owners_template.is_none() && has_folder {
        return Ok(Edited {
            template: None,
            folder: Some(imported.unwrap_or_else(|| beside(VERSION_3.1))),
            unread,
        });
    }
    let read = if version < 3 { template_2 } else { template_3 };
    let template = owners_template.or_else(|| unread.clone()).unwrap_or(read);
    Ok(Edited {
        template: Some(template),
        folder: None,
        unread,
    })
}

/// The distribution has to be started with a template before it is known what it reads.
pub(super) fn not_read(distribution: Distribution, template: &Path, units: &Units) -> Error {
    let (title, path) = (distribution.title(), template.display());
    let message =
        format!("{title} has not yet been started with {path}, which will decide what it reads");
    let hint = format!(
        "restart it, then run this again: {}; or remove {path} if nobody needs it",
        units.restart()
    );
    Error::new(Code::TemplateNotRead, message, hint).at(template)
}

/// Whether owners have keys by the ledger beside a file. One that can't be read may hold some: whoever
/// edits the file says what is wrong with it.
fn has_owners(host: &HostRoot, file: &Path) -> bool {
    // Somebody may have deleted it.
    let Ok(path) = host.resolve(file).or_else(|_| host.entry(file)) else {
        return false;
    };
    let has_some =
        |text: &Vec<u8>| Ledger::parse(text).map_or(true, |it| it.owners().next().is_some());
    let ledgers = LedgerTexts::read(&path);
    ledgers.map_or(true, |it| {
        [it.now, it.before].iter().flatten().any(has_some)
    })
}

/// The folder of this name from which the config imports every `*.toml`.
fn imported_folder(config: &Document, name: &str) -> Option<PathBuf> {
    let mut imports = config.get(&["imports"])?.texts();
    imports.find_map(|(import, _)| {
        let (folder, pattern) = import.rsplit_once('/')?;
        let folder = Path::new(folder);
        let is_it = folder.is_absolute() && folder.ends_with(name);
        (is_it && ["*.toml", "*"].contains(&pattern)).then(|| folder.to_owned())
    })
}

/// Whether a template was written after the last start. The generated config is written at every
/// start.
fn is_newer(host: &HostRoot, template: &Path, generated: &Path) -> bool {
    let modified = |path: &Path| -> Option<SystemTime> {
        let path = host.resolve(path).ok()?;
        fs::metadata(path).ok()?.modified().ok()
    };
    modified(template) > modified(generated)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::super::fixture::{host, host_with};
    use super::*;

    const FOLDER: &str = "/var/lib/rancher/k3s/agent/etc/containerd";
    const BASE: &str = "version = 2\n";

    fn at(name: &str) -> String {
        format!("{FOLDER}/{name}")
    }

    fn edited_on(host: &HostRoot) -> Result<Edited, Error> {
        let units = Units::of(Distribution::K3s, host);
        let generated = generated(Distribution::K3s);
        edited(Distribution::K3s, &generated, host, &units)
    }

    fn template(name: &str) -> Edited {
        Edited {
            template: Some(at(name).into()),
            ..Edited::default()
        }
    }

    fn folder() -> Edited {
        Edited {
            folder: Some(at("config-v3.toml.d").into()),
            ..Edited::default()
        }
    }

    #[test]
    fn a_drop_in_goes_where_the_generated_config_imports_it() {
        assert_eq!(edited_on(&host("k3s-drop-in")), Ok(folder()));
    }

    #[test]
    fn without_such_an_import_it_is_the_template_of_the_version() {
        assert_eq!(
            edited_on(&host("k3s-template")),
            Ok(template("config.toml.tmpl"))
        );
        assert_eq!(
            edited_on(&host("k3s-no-template")),
            Ok(template("config-v3.toml.tmpl"))
        );
        // One file is no folder.
        let import = format!(
            "version = 3\nimports = ['{}/a.toml']\n",
            at("config-v3.toml.d")
        );
        let (_folder, host) = host_with(&[(&at("config.toml"), &import)]);
        assert_eq!(edited_on(&host), Ok(template("config-v3.toml.tmpl")));
    }

    /// A ledger in which an owner has keys, or none any more.
    fn ledger(has_owner: bool) -> String {
        let owners = if has_owner {
            r#"{"a": {"file": "x", "wants": []}}"#
        } else {
            "{}"
        };
        format!(
            r#"{{"format": 1, "seq": 1, "owners": {owners}, "entries": [], "made": [], "left": [], "files": {{}}}}"#
        )
    }

    const IMPORTS: &str = "version = 3\nimports = \
        ['/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/*.toml']\n";

    /// What is edited where the last start wrote `config`, and a ledger stands beside this file.
    fn with_ledger(config: &str, file: &str, ending: &str, ledger: &str) -> Edited {
        let (_folder, host) = host_with(&[
            (&at("config.toml"), config),
            (&at(file), config),
            (&at(&format!("{file}{ending}")), ledger),
        ]);
        edited_on(&host).expect("it can be told")
    }

    #[test]
    fn owners_keep_their_place_whatever_the_config_imports() {
        let template = || template("config-v3.toml.tmpl");
        for ending in [".owners", ".owners.before"] {
            for (config, file, has_owner, wanted) in [
                (IMPORTS, "config-v3.toml.tmpl", true, template()),
                (IMPORTS, "config-v3.toml.tmpl", false, folder()),
                ("version = 3\n", "config.toml", true, folder()),
                (BASE, "config.toml", true, folder()),
                ("version = 3\n", "config.toml", false, template()),
                // Of an emptied one nobody knows what comes next.
                ("", "config-v3.toml.tmpl", true, template()),
                (
                    BASE,
                    "config.toml.tmpl",
                    true,
                    self::template("config.toml.tmpl"),
                ),
            ] {
                let found = with_ledger(config, file, ending, &ledger(has_owner));
                assert_eq!(found, wanted, "{config} {file}{ending} {has_owner}");
            }
        }
    }

    #[test]
    fn a_ledger_that_can_not_be_read_may_have_owners() {
        let found = with_ledger(IMPORTS, "config-v3.toml.tmpl", ".owners", "{");
        assert_eq!(found, template("config-v3.toml.tmpl"));
    }

    #[test]
    fn one_that_was_never_started_can_not_be_told() {
        let (_folder, host) = host_with(&[("/etc/systemd/system/k3s.service", "")]);
        let error = edited_on(&host).expect_err("nothing is generated");
        assert_eq!(error.code().as_str(), "not-started");
        assert_eq!(
            error.hint(),
            "start it once, then run this again: systemctl start k3s"
        );
    }

    #[test]
    fn a_template_that_will_change_the_version_has_to_be_read_first() {
        let (_folder, host) = host_with(&[
            (&at("config.toml"), "version = 3\n"),
            (&at("config.toml.tmpl"), ""),
        ]);
        let template = Some(PathBuf::from(at("config.toml.tmpl")));
        let found = edited_on(&host).expect("it can be told");
        assert_eq!((&found.template, &found.unread), (&template, &template));
    }

    #[test]
    fn a_template_of_a_newer_version_counts_once_it_is_newer_than_the_config() {
        let (folder, host) = host_with(&[
            (&at("config.toml"), BASE),
            (&at("config.toml.tmpl"), ""),
            (&at("config-v3.toml.tmpl"), ""),
        ]);
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let touch = |name: &str, time: SystemTime| {
            let path = folder.path().join(at(name).trim_start_matches('/'));
            let file = File::options().write(true).open(path).expect("opens");
            file.set_modified(time).expect("sets its time");
        };
        touch("config.toml", started);
        touch("config-v3.toml.tmpl", started - Duration::from_secs(1));
        assert_eq!(edited_on(&host), Ok(template("config.toml.tmpl")));
        touch("config-v3.toml.tmpl", started + Duration::from_secs(1));
        let unread = Some(PathBuf::from(at("config-v3.toml.tmpl")));
        assert_eq!(edited_on(&host).map(|it| it.unread), Ok(unread));
    }

    #[test]
    fn a_generated_config_that_is_no_toml_is_said_with_its_place() {
        let (_folder, host) = host_with(&[(&at("config.toml"), "version = 3\n\"3s\"\n")]);
        let error = edited_on(&host).expect_err("no TOML");
        assert_eq!(error.position().map(|at| at.line), Some(2));
    }
}
