//! Templates of k3s and RKE2: their own part, brought in by `{{ template "base" . }}`, and what
//! somebody adds below it.

mod error;
mod mask;

use crate::containerd::version;
use crate::document::Document;
use crate::inventory::Inventory;
use crate::patch::provenance::Provenance;
use crate::patch::{Edited, Patch, apply, apply_to_part, take_out_of_part};

pub use self::error::TemplateError;

use self::mask::Masked;

/// The line of a template that was missing.
const BASE: &str = "{{ template \"base\" . }}\n";
const ABOVE: &str = "stands above k3s's own part, and its table would take that over";
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
}

/// Applies a patch to a template. `template` is `None` where there is none; `generated` is what the
/// last start has made of it.
///
/// What the distribution's own part is, is told from `generated`: without what the template adds to
/// it, or, if the template has changed since, without all that this tool has added.
pub(crate) fn edit(
    template: Option<&str>,
    generated: &str,
    patch: &Patch,
) -> Result<TemplateEdit, TemplateError> {
    let created = created(patch);
    let text = template.unwrap_or(&created);
    let masked = Masked::of(text)?;
    let rest = parsed(&masked.text)?;
    let Some((start, end)) = masked.base else {
        return whole(&masked, &rest, patch);
    };
    placed(&rest, start, end)?;
    let base = own_part(generated, &masked.text[end..])?;
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
        return Err(TemplateError::Redeclares { line });
    }
    edited.text = match left {
        Some(left) => {
            let restored = masked.restore(&left);
            let restored = restored.ok_or(TemplateError::DirectiveInside)?;
            (!is_created(&restored)).then_some(restored)
        }
        None => None,
    };
    Ok(TemplateEdit {
        edited,
        before,
        after,
    })
}

/// A template that is a whole config of its own.
fn whole(
    masked: &Masked,
    config: &Document<'_>,
    patch: &Patch,
) -> Result<TemplateEdit, TemplateError> {
    let mut edited = apply(Some(config), patch)?;
    let after = edited.text.clone().unwrap_or_default();
    edited.text = match &edited.text {
        Some(text) => Some(masked.restore(text).ok_or(TemplateError::DirectiveInside)?),
        None => None,
    };
    Ok(TemplateEdit {
        edited,
        before: masked.text.clone(),
        after,
    })
}

fn parsed(text: &str) -> Result<Document<'_>, TemplateError> {
    Document::parse(text.as_bytes()).map_err(|source| {
        if Masked::blames_directive(&source.at) {
            TemplateError::Inline { at: source.at }
        } else {
            TemplateError::NotToml { source }
        }
    })
}

/// Refuses lines that would end up in another table than the template shows.
fn placed(rest: &Document<'_>, start: usize, end: usize) -> Result<(), TemplateError> {
    for statement in &rest.index.statements {
        let what = if statement.span.start < start {
            ABOVE
        } else if statement.span.start >= end
            && statement.kind == crate::document::index::Kind::Pair
            && statement.header.is_none()
        {
            LOOSE
        } else {
            continue;
        };
        let at = rest.position(statement.span.start);
        return Err(TemplateError::Misplaced { what, at });
    }
    Ok(())
}

/// The distribution's own part of the config that it has generated.
fn own_part(generated: &str, added: &str) -> Result<String, TemplateError> {
    let generated = generated.trim_end();
    if let Some(own) = generated.strip_suffix(added.trim()) {
        return Ok(own.to_owned());
    }
    // The template has changed since.
    let mut text = generated.to_owned();
    loop {
        let config = parsed(&text)?;
        let inventory = Inventory::of(&config, None)?;
        let mut owners = inventory.handlers.iter().filter_map(|it| it.owner.clone());
        let Some(owner) = owners.find_map(|owner| owner.parse().ok()) else {
            return Ok(text);
        };
        let edited = apply(Some(&config), &Patch::new().owner(owner).prune())?;
        match edited.text {
            Some(less) if less != text => text = less,
            _ => return Ok(text),
        }
    }
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
