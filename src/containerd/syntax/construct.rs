//! What not every release parses, by name.

/// A construct that not every release parses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Construct {
    ByteOrderMark,
    HexEscape,
    EscapeEscape,
    MinuteTime,
    LowercaseTime,
    DateAlone,
    LeapSecond,
    LeapSecondOfKnownKey,
    QuotesBeforeQuotes,
    InlineTableOfLines,
    CommaAtTheEnd,
    BracketInHeader,
    QuoteInKey,
    HeaderOfDottedTable,
    SpaceAfterDot,
    CommaOnItsLine,
    ZeroWithExponent,
    EscapeInUnknownKey,
}
