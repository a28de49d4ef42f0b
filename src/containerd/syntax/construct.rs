//! What not every release parses, by name: which releases refuse it, and why.

use crate::containerd::release::{GO_TOML_2_4, ONE, Release, Releases, TWO};

/// A construct that not every release parses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Construct {
    pub(super) refusing: Releases,
    pub(super) reason: &'static str,
}

const BEFORE_TOML_1_1: Releases = Releases::between(Release::new(0, 0, 0), GO_TOML_2_4);
const TWO_BEFORE_TOML_1_1: Releases = Releases::between(Release::new(2, 0, 0), GO_TOML_2_4);
const BEFORE_2_3: Releases = Releases::between(Release::new(2, 0, 0), Release::new(2, 3, 0));

macro_rules! constructs {
    ($($name:ident: $refusing:expr, $reason:literal;)+) => {
        $(pub(super) const $name: Construct = Construct {
            refusing: $refusing,
            reason: $reason,
        };)+

        /// All of them.
        #[cfg(test)]
        pub(super) const ALL: &[Construct] = &[$($name),+];
    };
}

constructs! {
    BYTE_ORDER_MARK: TWO, "a byte order mark at the start of the file";
    HEX_ESCAPE: BEFORE_TOML_1_1, "the escape \\x is TOML 1.1";
    ESCAPE_ESCAPE: ONE, "the escape \\e is TOML 1.1";
    MINUTE_TIME: BEFORE_TOML_1_1, "a time without seconds is TOML 1.1";
    LOWERCASE_TIME: ONE, "a lowercase t or z in a date-time";
    DATE_ALONE: ONE, "a date without a time";
    LEAP_SECOND: ONE, "a 60th second";
    LEAP_SECOND_OF_KNOWN_KEY: Releases::from(2, 3), "a 60th second in the value of a known key";
    QUOTES_BEFORE_QUOTES: ONE, "quotes directly before the closing quotes of a multi-line string";
    INLINE_TABLE_OF_LINES: TWO_BEFORE_TOML_1_1, "a line break inside an inline table is TOML 1.1";
    COMMA_AT_THE_END: BEFORE_TOML_1_1, "a comma at the end of an inline table is TOML 1.1";
    BRACKET_IN_HEADER: ONE, "a bracket inside a header's key";
    QUOTE_IN_KEY: ONE, "an escaped quote in a key";
    HEADER_OF_DOTTED_TABLE: TWO, "a header of a table that dotted keys have made";
    SPACE_AFTER_DOT: ONE, "a key with a space behind a dot, and none before it";
    COMMA_ON_ITS_LINE: ONE, "a comma at the start of a line in an inline table";
    ZERO_WITH_EXPONENT: ONE, "a float that begins with 0e";
    // The strict decoder looks for the key in the file and panics.
    ESCAPE_IN_UNKNOWN_KEY: BEFORE_2_3, "an escape in the name of an unknown key";
}
