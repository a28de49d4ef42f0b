//! Values of what `toml` has parsed.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};
use toml::value::Datetime;
use toml_parser::parser::{EventKind, parse_key};
use toml_parser::{ParseError, Source};

use super::value::{Data, Form, Place, Table, TextId, Value};

/// How deep a value may be nested (`toml`'s limit), in brackets or by dots.
pub(super) const DEEPEST: usize = 80;

/// What is wrong with a text, and the first byte that is, where the parser says so.
pub(super) type Mistake = (String, Option<usize>);

impl Value {
    /// All that a text says.
    pub(super) fn of_document(written: &str, text: TextId) -> Result<Self, Mistake> {
        let parsed = DeTable::parse(written).map_err(|error| mistake(&error))?;
        let table = entries(parsed.get_ref(), text, written)?;
        let place = Place { text, offset: 0 };
        Ok(Self::of_table(table, place).with(Form::Header))
    }

    /// Reads what was parsed. `place` is where its key stands, and `written` the text of the place, which
    /// is empty where no text has it.
    fn read(parsed: &Spanned<DeValue<'_>>, place: Place, written: &str) -> Result<Self, Mistake> {
        let span = parsed.span();
        let overflowed = |what| Err((format!("{what} number overflowed"), Some(span.start)));
        let data = match parsed.get_ref() {
            DeValue::String(text) => Data::Text(text.as_ref().into()),
            DeValue::Integer(it) => match i64::from_str_radix(it.as_str(), it.radix()) {
                Ok(integer) => Data::Integer(integer),
                Err(_) => return overflowed("integer"),
            },
            DeValue::Float(it) => match it.as_str().parse::<f64>() {
                Ok(float) if !float.is_infinite() || it.as_str().ends_with("inf") => {
                    Data::Float(float)
                }
                _ => return overflowed("floating-point"),
            },
            DeValue::Boolean(boolean) => Data::Boolean(*boolean),
            DeValue::Datetime(datetime) => Data::Datetime(with_seconds(*datetime)),
            DeValue::Array(array) => {
                let elements = array.iter().map(|it| Self::read(it, place, written));
                Data::Array(elements.collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => Data::Table(Arc::new(entries(table, place.text, written)?)),
        };
        let is_header = |it: &Self| it.form == Form::Header;
        // The span of a table is that of its header or its braces, or of the key that has made it.
        let form = match (&data, written.as_bytes().get(span.start)) {
            (_, None) => Form::Unwritten,
            (Data::Table(_), Some(b'[')) => Form::Header,
            (Data::Array(array), _) if array.iter().any(is_header) => Form::Header,
            (Data::Table(_), Some(first)) if *first != b'{' => Form::Unwritten,
            _ => Form::Value(span),
        };
        Ok(Self::new(data, place).with(form))
    }
}

/// The entries of a table, each placed at its key.
fn entries(table: &DeTable<'_>, text: TextId, written: &str) -> Result<Table, Mistake> {
    let entries = table.iter().map(|(key, value)| {
        let offset = key.span().start;
        let value = Value::read(value, Place { text, offset }, written)?;
        Ok((key.get_ref().as_ref().into(), value))
    });
    entries.collect()
}

fn mistake(error: &Error) -> Mistake {
    let start = error.span().map(|span| span.start);
    (error.message().to_owned(), start)
}

/// The time with its seconds, which TOML 1.1 allows to leave out where they are 0.
fn with_seconds(mut datetime: Datetime) -> Datetime {
    if let Some(time) = &mut datetime.time {
        time.second.get_or_insert(0);
    }
    datetime
}

/// The segments of a dotted key, each without its quotes.
///
/// # Errors
///
/// What is wrong with it, if it is no key.
pub(crate) fn key_path(dotted: &str) -> Result<Vec<String>, String> {
    let source = Source::new(dotted);
    let tokens = source.lex().into_vec();
    let (mut events, mut wrong) = (Vec::with_capacity(tokens.len()), None::<ParseError>);
    parse_key(&tokens, &mut events, &mut wrong);
    events.retain(|event| event.kind() == EventKind::SimpleKey);
    let names = events.iter().filter_map(|event| source.get(event));
    let names = names.map(|raw| {
        let mut name = Cow::Borrowed("");
        raw.decode_key(&mut name, &mut wrong);
        name.into_owned()
    });
    let path: Vec<String> = names.collect();
    match wrong {
        Some(error) => Err(error.description().to_owned()),
        None if path.len() > DEEPEST => Err("too deep".to_owned()),
        None => Ok(path),
    }
}

impl FromStr for Value {
    type Err = String;

    /// Reads the text of a value; the error says what is wrong with it.
    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = DeValue::parse(text).map_err(|error| mistake(&error));
        let value = parsed.and_then(|parsed| Self::read(&parsed, Place::default(), ""));
        value.map_err(|(message, _)| message)
    }
}
