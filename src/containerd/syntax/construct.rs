//! What not every release parses, by name: which releases refuse it, and why.

use crate::containerd::release::{GO_TOML_2_4, ONE, Release, Releases, TWO};

/// A construct that not every release parses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Construct {
    pub(super) refusing: Releases,
    pub(super) reason: &'static str,
}

const fn refused(refusing: Releases, reason: &'static str) -> Construct {
    Construct { refusing, reason }
}

const BEFORE_TOML_1_1: Releases = Releases::between(Release::new(0, 0, 0), GO_TOML_2_4);

pub(super) const BYTE_ORDER_MARK: Construct =
    refused(TWO, "a byte order mark at the start of the file");
pub(super) const HEX_ESCAPE: Construct = refused(BEFORE_TOML_1_1, "the escape \\x is TOML 1.1");
pub(super) const ESCAPE_ESCAPE: Construct = refused(ONE, "the escape \\e is TOML 1.1");
pub(super) const MINUTE_TIME: Construct =
    refused(BEFORE_TOML_1_1, "a time without seconds is TOML 1.1");
pub(super) const LOWERCASE_TIME: Construct = refused(ONE, "a lowercase t or z in a date-time");
pub(super) const DATE_ALONE: Construct = refused(ONE, "a date without a time");
pub(super) const LEAP_SECOND: Construct = refused(ONE, "a 60th second");
pub(super) const LEAP_SECOND_OF_KNOWN_KEY: Construct = refused(
    Releases::from(2, 3),
    "a 60th second in the value of a known key",
);
pub(super) const QUOTES_BEFORE_QUOTES: Construct = refused(
    ONE,
    "quotes directly before the closing quotes of a multi-line string",
);
pub(super) const INLINE_TABLE_OF_LINES: Construct = refused(
    Releases::between(Release::new(2, 0, 0), GO_TOML_2_4),
    "a line break inside an inline table is TOML 1.1",
);
pub(super) const COMMA_AT_THE_END: Construct = refused(
    BEFORE_TOML_1_1,
    "a comma at the end of an inline table is TOML 1.1",
);
pub(super) const BRACKET_IN_HEADER: Construct = refused(ONE, "a bracket inside a header's key");
pub(super) const QUOTE_IN_KEY: Construct = refused(ONE, "an escaped quote in a key");
pub(super) const HEADER_OF_DOTTED_TABLE: Construct =
    refused(TWO, "a header of a table that dotted keys have made");
pub(super) const SPACE_AFTER_DOT: Construct =
    refused(ONE, "a key with a space behind a dot, and none before it");
pub(super) const COMMA_ON_ITS_LINE: Construct =
    refused(ONE, "a comma at the start of a line in an inline table");
pub(super) const ZERO_WITH_EXPONENT: Construct = refused(ONE, "a float that begins with 0e");
// The strict decoder looks for the key in the file and panics.
pub(super) const ESCAPE_IN_UNKNOWN_KEY: Construct = refused(
    Releases::between(Release::new(2, 0, 0), Release::new(2, 3, 0)),
    "an escape in the name of an unknown key",
);

/// All of them.
pub(super) const ALL: [Construct; 18] = [
    BYTE_ORDER_MARK,
    HEX_ESCAPE,
    ESCAPE_ESCAPE,
    MINUTE_TIME,
    LOWERCASE_TIME,
    DATE_ALONE,
    LEAP_SECOND,
    LEAP_SECOND_OF_KNOWN_KEY,
    QUOTES_BEFORE_QUOTES,
    INLINE_TABLE_OF_LINES,
    COMMA_AT_THE_END,
    BRACKET_IN_HEADER,
    QUOTE_IN_KEY,
    HEADER_OF_DOTTED_TABLE,
    SPACE_AFTER_DOT,
    COMMA_ON_ITS_LINE,
    ZERO_WITH_EXPONENT,
    ESCAPE_IN_UNKNOWN_KEY,
];
