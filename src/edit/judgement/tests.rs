use super::*;
use crate::edit::patch::{apply, listed_names};
use crate::toml::Document;
use crate::want::handler::Handler;
use crate::want::patch::Patch;

const RUNC: &str =
    "[plugins.cri.containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n";

fn adding(name: &str) -> Patch {
    let handler = Handler::new(name.parse().expect("a name"), "io.containerd.spin.v2");
    Patch::new().ensure(handler)
}

fn defaulting(name: &str) -> Patch {
    Patch::new().default_handler(name.parse().expect("a name"))
}

fn edited(config: &str, patch: &Patch) -> Edited {
    let config = Document::parse(config.as_bytes()).expect("test input is TOML");
    apply(Some(&config), patch).expect("it can be applied")
}

/// The codes of the warnings, or what the harm is.
fn judged(
    config: &str,
    edited: &Edited,
    adds: bool,
    releases: &[Release],
) -> Result<Vec<&'static str>, String> {
    let listed = Document::parse(config.as_bytes()).expect("test input is TOML");
    let listed = listed_names(&listed).into_iter().collect();
    let files = |text: &str| ConfigFiles::new("/etc/containerd/config.toml", text);
    let judgement = Judgement {
        before: &files(config),
        after: &files(edited.text.as_deref().unwrap_or_default()),
        edited,
        listed: &listed,
        host: &Host::default(),
        releases,
    };
    let warnings = judgement.pass(adds).map_err(|harm| harm.to_string())?;
    Ok(warnings.into_iter().map(|warning| warning.code).collect())
}

fn releases(names: &[&str]) -> Vec<Release> {
    let releases = names.iter().map(|name| name.parse().expect("a release"));
    releases.collect()
}

#[test]
fn nothing_is_added_for_releases_that_do_not_read_the_file() {
    for (config, named, harm) in [
        (
            "version = 3\n",
            &["1.7"][..],
            "containerd 1.7 does not read config version 3",
        ),
        (
            "version = 3\n",
            &["1.6", "1.7.24"],
            "containerd 1.6 and 1.7.24 do not read config version 3",
        ),
        (
            "version = 4\n",
            &["2.2"],
            "containerd 2.2 does not read config version 4",
        ),
    ] {
        for patch in [adding("spin"), defaulting("nope")] {
            let edited = edited(config, &patch);
            let found = judged(config, &edited, true, &releases(named));
            assert_eq!(found, Err(harm.to_owned()));
        }
    }
    let edited = edited("version = 3\n", &adding("spin"));
    for named in [&["2.1"][..], &["1.7", "2.1"]] {
        let found = judged("version = 3\n", &edited, true, &releases(named));
        assert_eq!(found, Ok(vec![]), "some release reads it: {named:?}");
    }
}

#[test]
fn what_goes_is_judged_for_the_releases_that_read_the_file() {
    let both = edited("version = 3\n", &adding("spin"));
    let both = edited(&both.text.expect("a text"), &adding("kata"));
    let both = both.text.expect("a text");
    let mut removal = edited(&both, &Patch::new().remove("spin"));
    let named = releases(&["1.7"]);
    let found = judged(&both, &removal, false, &named);
    assert_eq!(found, Ok(vec!["version-not-read"]));

    removal.text = Some("version = 3\n".to_owned());
    let found = judged(&both, &removal, false, &named);
    let lost = "with this change containerd 2.0 would not load kata any more";
    assert_eq!(found, Err(lost.to_owned()));
}

#[test]
fn a_version_that_no_release_reads_is_said() {
    let config = "version = 9\n[plugins.x]\n";
    let edited = edited(config, &adding("spin").plugin_id("x"));
    let not_judged = Ok(vec!["not-judged"]);
    assert_eq!(judged(config, &edited, true, &Release::LINES), not_judged);
    let named = releases(&["2.3"]);
    assert_eq!(judged(config, &edited, false, &named), not_judged);
    let harm = "containerd 2.3 does not read config version 9";
    assert_eq!(judged(config, &edited, true, &named), Err(harm.to_owned()));
}

/// containerd 2.0 to 2.2 read no handlers in a file of version 1.
#[test]
fn a_default_is_one_that_some_release_loads() {
    let kata = RUNC.replace("runc]", "kata]");
    let config = format!("{RUNC}{kata}");
    let edited = edited(&config, &defaulting("kata"));
    let found = judged(&config, &edited, true, &releases(&["2.1"]));
    let harm = "no containerd release that reads this file would load kata";
    assert_eq!(found, Err(harm.to_owned()));
    let found = judged(&config, &edited, true, &Release::LINES);
    assert_eq!(found, Ok(vec!["not-loaded"]));
    let found = judged(&config, &edited, true, &releases(&["1.7"]));
    assert_eq!(found, Ok(vec![]));
}

#[test]
fn an_edit_is_never_held_against_no_release_at_all() {
    let editor = crate::Editor::new("config.toml").releases([]);
    assert_eq!(editor.releases, Release::LINES);
}
