//! Edits of templates of k3s and RKE2.

mod own_part;

use crate::containerd::version;
use crate::edit::patch::provenance::Provenance;
use crate::edit::patch::{Edited, apply, apply_to_part, take_out_of_part};
use crate::toml::Document;
use crate::want::patch::Patch;

use crate::error::Error;
use crate::node::template::{Masked, error, new_directive, parsed};

/// The line of a template that was missing.
const BASE: &str = "{{ template \"base\" . }}\n";
const ABOVE: &str = "stands above k3s's own part, which has to come first";
const LOOSE: &str = "has no header above it, and would become part of k3s's last table";

/// An edit of a template.
#[derive(Debug)]
pub(crate) struct TemplateEdit {
    /// What was done; its text is the template's, `None` if the template shall not exist.
    pub(crate) edited: Edited,
    /// What containerd reads before.
    pub(crate) before: String,
    /// What it reads once the distribution was started with the edited template.
    pub(crate) after: String,
    /// Whether all of it comes from the template.
    pub(crate) is_whole: bool,
}

/// Applies a patch to a template. `template` is `None` where there is none; `generated` is what the
/// last start has made of it.
///
/// What the distribution's own part is, is told from `generated` ([`own_part`]).
pub(crate) fn edit(
    template: Option<&str>,
    generated: &str,
    patch: &Patch,
) -> Result<TemplateEdit, Error> {
    let created = created(patch);
    let text = template.unwrap_or(&created);
    let masked = Masked::of(text)?;
    let rest = parsed(&masked.text)?;
    let Some((start, end)) = masked.base else {
        return whole((&masked, text), &rest, patch);
    };
    placed(&rest, start, end)?;
    let base = own_part::of(generated, &masked.text[end..])?;
    let base_config = parsed(&base)?;
    let mut edited = if patch.adds() {
        apply_to_part(Some(&rest), &base_config, patch)?
    } else if template.is_some() {
        take_out_of_part(Some(&rest), Some(&base_config), patch)?
    } else {
        Edited::nothing()
    };
    edited.version = version::of_any(&base_config).unwrap_or_default();
    let left = edited.text.take();
    let rendered = |text: &str| format!("{}\n{text}", base.trim_end());
    let before = rendered(template.map_or("", |_| &masked.text[end..]));
    let after = left.as_deref().map_or_else(
        || rendered(""),
        |left| {
            // Nothing is ever added above the distribution's own part.
            rendered(left.get(end..).unwrap_or_default())
        },
    );
    if patch.adds()
        && let (Ok(_), Err(error)) = (
            Document::parse(before.as_bytes()),
            Document::parse(after.as_bytes()),
        )
    {
        let line = error.at.text.trim().to_owned();
        return Err(error::redeclares(&line));
    }
    let restored = left.map(|left: String| restored(&masked, &left, template.unwrap_or(BASE)));
    edited.text = restored.transpose()?.filter(|text| !is_created(text));
    Ok(TemplateEdit {
        edited,
        before,
        after,
        is_whole: false,
    })
}

/// A template that is a whole config of its own.
fn whole(
    (masked, template): (&Masked, &str),
    config: &Document<'_>,
    patch: &Patch,
) -> Result<TemplateEdit, Error> {
    let mut edited = apply(Some(config), patch)?;
    let after = edited.text.clone().unwrap_or_default();
    let edited_text = edited.text.take();
    let restored = edited_text.map(|text| restored(masked, &text, template));
    edited.text = restored.transpose()?;
    Ok(TemplateEdit {
        edited,
        before: masked.text.clone(),
        after,
        is_whole: true,
    })
}

/// An edited text as the template that it becomes, in the place of `before`.
fn restored(masked: &Masked, edited: &str, before: &str) -> Result<String, Error> {
    let restored = masked.restore(edited);
    let restored = restored.ok_or_else(error::directive_inside)?;
    match new_directive(before, &restored) {
        None => Ok(restored),
        Some(directive) => Err(error::new_directive(directive)),
    }
}

/// Refuses lines that would end up in another table than the template shows.
fn placed(rest: &Document<'_>, start: usize, end: usize) -> Result<(), Error> {
    for statement in &rest.index.statements {
        let what = if statement.span.start < start {
            ABOVE
        } else if statement.span.start >= end
            && statement.kind == crate::toml::index::Kind::Pair
            && statement.header.is_none()
        {
            LOOSE
        } else {
            continue;
        };
        let at = rest.position(statement.span.start);
        return Err(error::misplaced(what, at));
    }
    Ok(())
}

/// A template that is missing, as the tool creates it.
fn created(patch: &Patch) -> String {
    let owner = Provenance::Owner(patch.named_owner().as_str().to_owned());
    format!("{}\n{BASE}", owner.comment())
}

/// Whether nothing is left of a template but what the tool has created it with.
fn is_created(text: &str) -> bool {
    let line = text.strip_suffix(BASE).unwrap_or_default();
    let is_one = line.find('\n').is_some_and(|end| end + 1 == line.len());
    is_one && Provenance::creator(line.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Code;
    use crate::want::handler::Handler;

    const OWN: &str = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n\
        runtime_type = 'io.containerd.runc.v2'\n\
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\n\
        SystemdCgroup = true\n";

    fn adding(name: &str) -> Patch {
        let handler = Handler::new(name.parse().expect("a name"), "io.containerd.runc.v2");
        Patch::new().ensure(handler)
    }

    fn text(edit: TemplateEdit) -> Option<String> {
        edit.edited.text
    }

    #[test]
    fn a_new_block_stands_below_and_knows_of_k3s_own_part() {
        let edit = edit(Some(BASE), OWN, &adding("a")).expect("edited");
        let added = "\n# containerd-edit v1 owner=manual\n\
            [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.a]\n  \
            runtime_type = \"io.containerd.runc.v2\"\n  \
            [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.a.options]\n    \
            SystemdCgroup = true\n";
        assert_eq!(edit.edited.text, Some(format!("{BASE}{added}")));
        assert_eq!(edit.edited.version, 3);
        assert_eq!(edit.before.trim_end(), OWN.trim_end());
        assert_eq!(edit.after, format!("{}\n{added}", OWN.trim_end()));
    }

    #[test]
    fn a_template_that_was_missing_is_gone_again() {
        let added = text(edit(None, OWN, &adding("a")).expect("edited")).expect("a template");
        let rendered = added.replace(BASE, OWN);
        for generated in [OWN, &rendered] {
            let both = edit(Some(&added), generated, &adding("b")).expect("edited");
            let both = text(both).expect("a template");
            let removal = Patch::new().remove("a").remove("b");
            let removed = edit(Some(&both), generated, &removal).expect("edited");
            assert_eq!(text(removed), None);
        }
        let nothing = edit(None, OWN, &Patch::new().remove("a")).expect("nothing to do");
        assert_eq!(text(nothing), None);
    }

    #[test]
    fn what_k3s_says_is_not_said_again() {
        let patch = adding("a").default_handler("a".parse().expect("a name"));
        let with_default = OWN.replace(
            "version = 3\n",
            "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\nx = 1\n",
        );
        let error = edit(Some(BASE), &with_default, &patch).expect_err("twice");
        assert_eq!(error.code(), Code::Redeclares, "{error}");
        assert!(
            edit(Some(BASE), OWN, &patch).is_ok(),
            "where k3s does not say it"
        );
    }

    const MINE: &str = "\n[debug]\n  level = \"info\"\n{{/* note */}}\n[metrics]\n  \
        address = \"{{ .Address }}\"\n";

    /// What k3s makes of a template.
    fn rendered(template: &str) -> String {
        template
            .replace(BASE, OWN)
            .replace("{{/* note */}}", "")
            .replace("{{ .Address }}", "127.0.0.1")
    }

    #[track_caller]
    fn names(text: &str) -> Vec<String> {
        let config = Document::parse(text.as_bytes()).expect("it is rendered as TOML");
        let inventory = crate::Inventory::of(&config, None).expect("a config");
        let handlers = inventory.handlers.into_iter();
        handlers.map(|handler| handler.name).collect()
    }

    /// An installer makes several edits before k3s is started anew.
    #[test]
    fn what_is_read_is_known_before_the_template_is_rendered() {
        let template = format!("{BASE}{MINE}");
        let generated = rendered(&template);
        let first = edit(Some(&template), &generated, &adding("a")).expect("edited");
        assert_eq!(names(&first.after), ["runc", "a"]);
        let first = text(first).expect("a template");
        let second = edit(Some(&first), &generated, &adding("b")).expect("edited");
        assert_eq!(names(&second.before), ["runc", "a"]);
        assert_eq!(names(&second.after), ["runc", "a", "b"]);
        let second = text(second).expect("a template");
        let gone = Patch::new().remove("a").remove("b");
        let removed = edit(Some(&second), &rendered(&first), &gone).expect("edited");
        assert_eq!(names(&removed.before), ["runc", "a", "b"]);
        assert_eq!(names(&removed.after), ["runc"]);
        assert_eq!(text(removed), Some(template));
    }

    #[test]
    fn what_was_taken_out_and_is_still_rendered_can_be_added_again() {
        for template in [BASE.to_owned(), format!("{BASE}{MINE}")] {
            let added = edit(Some(&template), OWN, &adding("a")).expect("edited");
            let generated = rendered(&text(added).expect("a template"));
            let again = edit(Some(&template), &generated, &adding("a")).expect("edited");
            assert_eq!(names(&again.before), ["runc"]);
            assert_eq!(names(&again.after), ["runc", "a"]);
        }
    }

    #[test]
    fn what_k3s_says_is_not_said_again_before_the_template_is_rendered() {
        let template = format!("{BASE}{MINE}");
        let first = edit(Some(&template), OWN, &adding("a")).expect("edited");
        let first = text(first).expect("a template");
        for generated in [OWN.to_owned(), rendered(&template), rendered(&first)] {
            let error = edit(Some(&first), &generated, &adding("runc")).expect_err("twice");
            assert_eq!(error.code(), Code::Redeclares, "{error}");
        }
    }

    #[test]
    fn lines_that_would_end_up_elsewhere_are_refused() {
        for (template, line) in [
            (format!("[debug]\n{BASE}"), 1),
            (format!("{BASE}\nx = 1\n"), 3),
        ] {
            let error = edit(Some(&template), OWN, &adding("a")).expect_err("misplaced");
            assert_eq!(error.code(), Code::TemplateDirective, "{error}");
            assert_eq!(error.position().map(|at| at.line), Some(line));
        }
    }

    #[test]
    fn a_template_without_k3s_own_part_is_a_config_of_its_own() {
        let template = format!("{{{{/* all ours */}}}}\n{OWN}");
        let added = edit(Some(&template), "version = 3\n", &adding("a")).expect("edited");
        let added = text(added).expect("a template");
        assert!(added.starts_with(&template), "{added}");
        let removed = edit(Some(&added), OWN, &Patch::new().remove("a")).expect("edited");
        assert_eq!(text(removed), Some(template));
    }

    #[test]
    fn no_directive_comes_in_with_what_is_written() {
        let owner = |text: &str| text.parse().expect("an owner");
        let setting = |text: &str| text.parse::<crate::Setting>().expect("a setting");
        let whole = format!("{{{{/* all ours */}}}}\n{OWN}");
        for value in [
            "'{{ if x }}'",
            "'/opt/{{'",
            "\"\\u007b{ .X }}\"",
            "['{{ .X }}']",
        ] {
            let handler = Handler::new("a".parse().expect("a name"), "io.containerd.a.v2");
            let handler = handler
                .with(setting(&format!("options.A={value}")))
                .expect("set");
            let patch = Patch::new().owner(owner("x")).ensure(handler);
            for template in [None, Some(BASE), Some(&whole)] {
                let error = edit(template, OWN, &patch).expect_err(value);
                assert_eq!(error.code(), Code::TemplateDirective, "{error}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_added_can_be_removed_without_a_trace(
            lines in prop::collection::vec(
                prop::sample::select(vec![
                    "\n", "# mine\n", "{{/* note */}}\n", "[debug]\n", "level = 'x'\n", "{{ .Extra }}\n",
                    "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.mine]\n",
                    "runtime_type = \"{{ .Type }}\"\r\n", "#{ not a directive\n",
                ]),
                0..8,
            )
        ) {
            let template = format!("{BASE}{}", lines.concat());
            if let Ok(added) = edit(Some(&template), OWN, &adding("a")) {
                let added = text(added).expect("a template");
                let removal = Patch::new().remove("a");
                let removed = edit(Some(&added), OWN, &removal).expect("edited");
                prop_assert_eq!(text(removed), Some(template));
            }
        }
    }
}
