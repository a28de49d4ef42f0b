//! The distribution's own part of the config that it has generated.

use crate::edit::patch::provenance::Provenance;
use crate::toml::Document;
use crate::toml::index::Kind;

use crate::error::Error;
use crate::node::template::parsed;

/// Returns the generated config without what came from the template. `added` is what the template
/// has below the distribution's own part now; it may have changed since it was rendered.
///
/// No table can be declared twice. So one that the template declares, and the generated config too,
/// is the template's; what this tool has written is known by the comment above it.
pub(super) fn of(generated: &str, added: &str) -> Result<String, Error> {
    let (config, added) = (parsed(generated)?, parsed(added)?);
    let index = &config.index;
    let headers = || (0..index.statements.len()).filter(|&it| is_header(&config, it));
    let starts: Vec<usize> = headers().map(|header| start(&config, header)).collect();
    let ends = starts.iter().skip(1).copied().chain([generated.len()]);
    let mut own = generated[..starts.first().copied().unwrap_or(generated.len())].to_owned();
    let mut ours: Option<Vec<&str>> = None;
    for ((header, &start), end) in headers().zip(&starts).zip(ends) {
        let path: Vec<&str> = index.path(header).collect();
        if Provenance::above(&config, header).is_some() {
            ours = Some(path);
            continue;
        }
        // The tables of a block stand directly below its first one.
        ours = ours.filter(|ours| index.is_below(header, ours));
        if ours.is_none() && !declares(&added, &path) {
            own.push_str(&generated[start..end]);
        }
    }
    Ok(own)
}

fn is_header(config: &Document<'_>, statement: usize) -> bool {
    config.index.statements[statement].kind != Kind::Pair
}

/// Where a header's lines begin, this tool's comment above it included.
fn start(config: &Document<'_>, header: usize) -> usize {
    let provenance = Provenance::above(config, header);
    provenance.map_or_else(
        || config.statement_lines(header).start,
        |(line, _)| line.start,
    )
}

fn declares(config: &Document<'_>, path: &[&str]) -> bool {
    let mut statements = 0..config.index.statements.len();
    statements.any(|it| is_header(config, it) && config.index.is_at(it, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str =
        "# by k3s\nversion = 3\n\n[grpc]\n  address = \"/a\"\n\n[plugins.r.runc]\n  x = 1\n";
    const MINE: &str =
        "\n# mine\n[debug]\n  level = \"info\"\n[metrics]\n  address = \"{{ .Address }}\"\n";
    const BLOCK: &str = "\n# containerd-edit v1 owner=a\n[plugins.r.kata]\n  x = 1\n  \
        [plugins.r.kata.options]\n    y = 1\n";

    /// Checks what is told from this as the own part, comments and empty lines aside.
    #[track_caller]
    fn tells(generated: &str, added: &str) {
        let own = of(generated, added).expect("TOML");
        let lines = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|it| !it.is_empty() && *it != "# mine");
            lines.map(str::to_owned).collect()
        };
        assert_eq!(lines(&own), lines(OWN), "{generated}");
    }

    #[test]
    fn it_is_what_the_template_has_not_brought() {
        let rendered = MINE.replace("{{ .Address }}", "127.0.0.1");
        for added in ["", MINE, BLOCK, &format!("{MINE}{BLOCK}")] {
            tells(OWN, added);
            tells(&format!("{OWN}{BLOCK}"), added);
        }
        for added in [MINE, &format!("{BLOCK}{MINE}")] {
            tells(&format!("{OWN}{rendered}"), added);
            tells(&format!("{OWN}{rendered}{BLOCK}"), added);
            tells(&format!("{OWN}{BLOCK}{rendered}"), added);
        }
    }

    #[test]
    fn a_table_of_its_own_below_one_of_this_tools_stays() {
        let generated = "# containerd-edit v1 owner=a\n[a]\n[a.b]\n[b]\nx = 1\n[a.c]\n";
        assert_eq!(of(generated, "").expect("TOML"), "[b]\nx = 1\n[a.c]\n");
    }
}
