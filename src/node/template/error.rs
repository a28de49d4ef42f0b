//! Why a template can't be edited. It is never changed then.

use crate::error::{Code, Error, Position};

const FROM_BASE: &str = "newer releases of k3s and RKE2 have a folder for drop-ins beside the \
                         template; or start from `{{ template \"base\" . }}` and keep only what \
                         differs";

fn directive(message: impl Into<String>, hint: &str) -> Error {
    Error::new(Code::TemplateDirective, message, hint)
}

/// A directive decides what becomes of other lines.
pub(super) fn control(word: &str, at: Position) -> Error {
    let message =
        format!("the directive `{word}` decides what becomes of other lines, which only k3s knows");
    directive(message, FROM_BASE).position_at(at)
}

/// A directive is part of a line that is not a string.
pub(super) fn inline(at: Position) -> Error {
    let message = "a directive is part of this line: what it becomes only k3s knows";
    directive(message, FROM_BASE).position_at(at)
}

/// k3s's own part is brought in twice.
pub(super) fn two_bases(at: Position) -> Error {
    let message = "this brings k3s's own part in for a second time";
    directive(message, "remove one of them").position_at(at)
}

/// A line stands above k3s's own part, or below it without a header. `what` says what becomes of it.
pub(crate) fn misplaced(what: &str, at: Position) -> Error {
    let hint = "begin the template with `{{ template \"base\" . }}`, and put keys below a [header]";
    directive(format!("this line {what}"), hint).position_at(at)
}

/// The result would have a table or key that k3s's own part has as well.
pub(crate) fn redeclares(line: &str) -> Error {
    let message =
        format!("k3s's own part has this already, and a template can't say it again: {line}");
    let hint = "leave it out of the patch; for the default handler there is k3s's own flag \
                --default-runtime, and newer releases have a folder for drop-ins";
    Error::new(Code::Redeclares, message, hint)
}

/// What would be written into the template is a directive there.
pub(crate) fn new_directive(found: &str) -> Error {
    let message = format!(
        "k3s would take what this writes into its template for a directive, and carry it out: {found}"
    );
    let hint = "leave `{{` out of it, or write the line into the template by hand if a directive is \
                meant; newer releases of k3s and RKE2 have a folder for drop-ins beside the \
                template, where it is plain text";
    directive(message, hint)
}

/// A directive stands in what would be taken out.
pub(crate) fn directive_inside() -> Error {
    directive(
        "a directive stands inside a block of this tool, which is to be taken out",
        "move the directive out of the block",
    )
}
