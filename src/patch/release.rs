//! Making handlers be gone, and with them what was only there for their sake.

use std::collections::HashSet;

use toml_edit::Value;

use crate::containerd::plugin;
use crate::document::splice::Splices;
use crate::document::{Document, lines};
use crate::handler::RUNC_TYPE;

use super::default::BUILT_IN;
use super::edit::{Edit, NewHandler};
use super::error::PatchError;
use super::listing::{self, Listed};
use super::provenance::{Implied, Marker, Provenance, UNSET};
use super::style::Style;

impl Edit<'_, '_> {
    /// Takes the named handlers out.
    pub(super) fn release(&mut self, id: &str, names: &[String]) -> Result<(), PatchError> {
        let listed = listing::of(self.config, id);
        let is_named = |handler: &&Listed<'_>| names.iter().any(|name| name == handler.name);
        let (mut gone, mut kept): (Vec<&Listed<'_>>, Vec<&Listed<'_>>) =
            listed.iter().partition(|handler| is_named(handler));
        if gone.is_empty() {
            return Ok(());
        }
        // A default that names the implied handler does so without it, too.
        let gone_names: Vec<&str> = gone.iter().map(|handler| handler.name).collect();
        let unneeded = kept.iter().position(|handler| {
            handler.is_implied()
                && !kept
                    .iter()
                    .any(|other| other.name != BUILT_IN && other.needs(handler))
        });
        if let Some(unneeded) = unneeded {
            gone.push(kept.remove(unneeded));
        }

        let kept_names: Vec<&str> = kept.iter().map(|handler| handler.name).collect();
        let default = self.release_default(id, &gone_names, &kept_names);
        let runtimes = plugin::runtimes_path(id);
        let had_runc = listed.iter().any(|handler| handler.name == BUILT_IN);
        let lacks_runc = plugin::is_read_by_1x(id, self.version)
            && default.name == BUILT_IN
            && !kept_names.contains(&BUILT_IN)
            && (!kept.is_empty() || self.is_written(&runtimes))
            && unneeded.is_none()
            // Otherwise the file was without it before the tool came.
            && (had_runc || default.was_reset);
        if lacks_runc {
            let offset = self.config.offset(&runtimes);
            let message = "runc is the default handler and containerd 1.x needs it listed: a \
                           minimal one stays";
            self.warn("runc-stays", message.to_owned(), offset);
            let runc = gone.iter().position(|handler| handler.name == BUILT_IN);
            if let Some(runc) = runc.filter(|_| self.has_minimal_runc(id)) {
                gone.remove(runc);
            } else {
                let style = Style::of(self.config, &runtimes);
                self.insert(
                    id,
                    &style,
                    Vec::new(),
                    &[NewHandler::implied_runc(Implied::ForAll)],
                )?;
            }
        }
        let names_out: HashSet<&str> = gone.iter().map(|handler| handler.name).collect();
        self.drop_handlers(&runtimes, &names_out);
        for handler in gone {
            let is_replaced = lacks_runc && handler.name == BUILT_IN;
            self.take_out(id, handler, is_replaced);
            let was_asked_for = names.contains(&handler.name.to_owned());
            let reported = match (is_replaced, was_asked_for) {
                (true, _) => &mut self.handlers.changed,
                (false, true) => &mut self.handlers.removed,
                (false, false) => continue,
            };
            // Both plugin tables may have listed it.
            if !reported.iter().any(|name| name == handler.name) {
                reported.push(handler.name.to_owned());
            }
        }
        Ok(())
    }

    fn take_out(&mut self, id: &str, handler: &Listed<'_>, is_replaced: bool) {
        let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
        let path = [plugins, id, containerd, runtimes, handler.name];
        let left = is_replaced.then(|| {
            let runtime_type = [("runtime_type", Value::from(RUNC_TYPE))];
            Value::InlineTable(runtime_type.into_iter().collect())
        });
        self.expect(&path, left);
        self.cut_entries
            .push(path.iter().map(|&name| name.to_owned()).collect());
        if let (true, Some(marker)) = (handler.is_inline, &handler.provenance_span) {
            self.splices.replace(marker.clone(), "");
        }
    }

    /// Whether `runc` is listed with nothing but its type.
    fn has_minimal_runc(&self, id: &str) -> bool {
        let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
        let runc = [plugins, id, containerd, runtimes, BUILT_IN];
        let typed = [plugins, id, containerd, runtimes, BUILT_IN, "runtime_type"];
        let table = self
            .config
            .get(&runc)
            .and_then(toml_edit::Item::as_table_like);
        table.is_some_and(|table| table.len() == 1) && self.config.string(&typed) == Some(RUNC_TYPE)
    }

    /// Whether the table is spelled out, so that it stays when nothing is left in it.
    fn is_written(&self, path: &[&str]) -> bool {
        let index = &self.config.index;
        index.header(path).is_some()
            || index
                .inline_tables
                .iter()
                .any(|table| table.path.iter().eq(path.iter()))
    }
}

/// What becomes of a file from which handlers were removed: `None` if nothing is left in it but
/// what the tool created it with.
pub(super) fn without_leftovers(text: String) -> Option<String> {
    // A version alone takes one line. Of a large file, that says enough without parsing it again.
    let content = text.trim_start_matches('\u{feff}').lines();
    let mut content = content.filter(|line| !lines::is_blank(line) && !lines::is_comment(line));
    if content.nth(1).is_some() {
        return Some(text);
    }
    let Ok(config) = Document::parse(text.as_bytes()) else {
        return Some(text);
    };
    let statements = &config.index.statements;
    if statements.len() != 1 || !config.index.is_at(0, &["version"]) {
        return Some(text);
    }
    let markers = Marker::behind(&config, 0);
    if matches!(markers.first(), Some((_, Marker::Was { was: UNSET, .. }))) {
        let mut splices = Splices::default();
        splices.drop_lines(config.statement_lines(0));
        return Some(splices.apply(&text));
    }
    if let Some((line, Provenance::Owner(_))) = Provenance::above(&config, 0) {
        let statement = config.statement_lines(0);
        let is_created = line.start == 0
            && statement.end == text.len()
            && text[statements[0].span.end..].trim_end().is_empty();
        return (!is_created).then_some(text);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> Option<String> {
        without_leftovers(text.to_owned())
    }

    #[test]
    fn a_file_that_the_tool_created_goes() {
        assert_eq!(left("# containerd-edit v1 owner=a\nversion = 2\n"), None);
    }

    #[test]
    fn a_file_that_somebody_wrote_into_stays() {
        for text in [
            "version = 2\n",
            "# containerd-edit v1 owner=a\nversion = 2 # mine\n",
            "# containerd-edit v1 owner=a\nversion = 2\n# mine\n",
            "# mine\n# containerd-edit v1 owner=a\nversion = 2\n",
            "# containerd-edit v1 owner=a\nversion = 2\n[debug]\n",
        ] {
            assert_eq!(left(text).as_deref(), Some(text), "{text}");
        }
    }

    #[test]
    fn a_version_that_was_unset_goes_and_the_comments_stay() {
        let version = "version = 2 # containerd-edit v1 owner=a was unset";
        assert_eq!(
            left(&format!("# mine\n{version}\n")).as_deref(),
            Some("# mine\n")
        );
        assert_eq!(
            left(&format!("# mine\n{version}")).as_deref(),
            Some("# mine")
        );
        let stray = "# containerd-edit v1 owner=b\n";
        assert_eq!(left(&format!("{stray}{version}\n")).as_deref(), Some(stray));
    }
}
