//! A ledger as JSON: `config.toml.owners` beside the config.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::error::{Code, Error};
use crate::toml::render::{self, Quotes};
use crate::toml::{Literal, Path};
use crate::want::key::Key;

use super::stored::{Digests, Entry, Ledger, Owner, Tombstone, Want};

/// Rises only if an older reader would do harm.
const FORMAT: u64 = 1;

type Object = Map<String, Value>;
/// What is wrong with a field, for people.
type Wrong = String;

impl Ledger {
    /// Reads the bytes of a ledger. Fields that this release does not know are kept.
    ///
    /// # Errors
    ///
    /// [`Code::BadLedger`] if the bytes are no ledger, or one that this release can't read.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| bad(&format!("it is not valid JSON: {error}")))?;
        let Value::Object(fields) = value else {
            return Err(bad("it is no JSON object"));
        };
        read(fields).map_err(|wrong| bad(&wrong))
    }

    /// Writes the ledger down.
    #[must_use]
    pub fn to_json(&self) -> String {
        let owners = self.owners.iter().map(|(name, owner)| {
            let wants = owner.wants.iter().map(|(key, want)| want.to_json(key));
            let mut fields = Object::new();
            fields.insert("file".to_owned(), owner.file.clone().into());
            fields.insert("wants".to_owned(), wants.collect());
            fields.extend(owner.rest.clone());
            (name.clone(), Value::Object(fields))
        });
        let made = self.made.iter().map(|(file, path)| {
            let path: Value = match path.as_slice() {
                [] => Value::Null,
                path => render::dotted(path, Quotes::Basic).into(),
            };
            json!({ "file": file, "table": path })
        });
        let files = self.files.iter().map(|(name, digests)| {
            let digests = json!({ "before": digests.before, "after": digests.after });
            (name.clone(), digests)
        });
        let left = self.left.iter();
        let left = left.map(|it| json!({ "owner": it.owner, "time": it.time }));
        let mut fields = Object::new();
        for (name, value) in [
            ("format", FORMAT.into()),
            ("seq", self.seq.into()),
            ("owners", Value::Object(owners.collect())),
            ("entries", self.entries.iter().map(Entry::to_json).collect()),
            ("made", made.collect()),
            ("left", left.collect()),
            ("files", Value::Object(files.collect())),
        ] {
            fields.insert(name.to_owned(), value);
        }
        if self.is_undone {
            fields.insert("undone".to_owned(), true.into());
        }
        fields.extend(self.rest.clone());
        format!("{:#}\n", Value::Object(fields))
    }
}

impl Want {
    fn to_json(&self, key: &Key) -> Value {
        let mut fields = key_fields(key);
        fields.insert("value".to_owned(), self.value.text().into());
        fields.insert("seq".to_owned(), self.seq.into());
        if self.is_adopted {
            fields.insert("adopted".to_owned(), true.into());
        }
        Value::Object(fields)
    }
}

impl Entry {
    fn to_json(&self) -> Value {
        let mut fields = Object::new();
        fields.insert("file".to_owned(), self.file.clone().into());
        fields.extend(key_fields(&self.key));
        let was = self.was.as_ref().map(Literal::text);
        fields.insert("was".to_owned(), was.into());
        let put: Vec<&str> = self.put.iter().map(Literal::text).collect();
        fields.insert("put".to_owned(), put.into());
        fields.extend(self.rest.clone());
        Value::Object(fields)
    }
}

fn key_fields(key: &Key) -> Object {
    let mut fields = Object::new();
    let path = render::dotted(&key.path, Quotes::Basic);
    fields.insert("key".to_owned(), path.into());
    if let Some(element) = &key.element {
        fields.insert("element".to_owned(), element.clone().into());
    }
    fields
}

fn bad(wrong: &str) -> Error {
    let hint = "put the ledger back from a backup, or move it away: then the owners are read from the \
                comments of the config, as far as they are there";
    Error::new(
        Code::BadLedger,
        format!("the ledger can't be read: {wrong}"),
        hint,
    )
}

fn read(mut fields: Object) -> Result<Ledger, Wrong> {
    let format = number(&mut fields, "format")?;
    if format != FORMAT {
        return Err(format!(
            "its format is {format}, and this release knows {FORMAT} only: use a newer one"
        ));
    }
    let mut owners = BTreeMap::new();
    for (name, owner) in object(fields.remove("owners"), "owners")? {
        owners.insert(name, read_owner(object(Some(owner), "owner")?)?);
    }
    let entries = array(fields.remove("entries"), "entries")?;
    let entries = entries.into_iter().map(read_entry);
    let made = array(fields.remove("made"), "made")?;
    let made = made.into_iter().map(|made| {
        let mut made = object(Some(made), "made")?;
        let path = match made.remove("table") {
            None | Some(Value::Null) => Path::new(),
            Some(path) => read_path(&path)?,
        };
        Ok::<_, Wrong>((text(&mut made, "file")?, path))
    });
    let left = array(fields.remove("left"), "left")?;
    let left = left.into_iter().map(|left| {
        let mut left = object(Some(left), "left")?;
        Ok::<_, Wrong>(Tombstone {
            owner: text(&mut left, "owner")?,
            time: text(&mut left, "time")?,
        })
    });
    let mut files = BTreeMap::new();
    for (name, digests) in object(fields.remove("files"), "files")? {
        let mut digests = object(Some(digests), "files")?;
        let digests = Digests {
            before: optional_text(&mut digests, "before")?,
            after: optional_text(&mut digests, "after")?,
        };
        files.insert(name, digests);
    }
    Ok(Ledger {
        seq: number(&mut fields, "seq")?,
        owners,
        entries: entries.collect::<Result<_, _>>()?,
        made: made.collect::<Result<_, _>>()?,
        left: left.collect::<Result<_, _>>()?,
        files,
        is_undone: fields.remove("undone") == Some(Value::Bool(true)),
        rest: fields,
    })
}

fn read_owner(mut fields: Object) -> Result<Owner, Wrong> {
    let mut wants = BTreeMap::new();
    for want in array(fields.remove("wants"), "wants")? {
        let mut want = object(Some(want), "want")?;
        let key = read_key(&mut want)?;
        let is_adopted = want.remove("adopted") == Some(Value::Bool(true));
        let want = Want {
            value: literal(&text(&mut want, "value")?)?,
            seq: number(&mut want, "seq")?,
            is_adopted,
        };
        wants.insert(key, want);
    }
    Ok(Owner {
        file: text(&mut fields, "file")?,
        wants,
        rest: fields,
    })
}

fn read_entry(entry: Value) -> Result<Entry, Wrong> {
    let mut fields = object(Some(entry), "entry")?;
    let put = array(fields.remove("put"), "put")?;
    let put = put.iter().map(|put| match put {
        Value::String(put) => literal(put),
        _ => Err("`put` has something that is no string".to_owned()),
    });
    let was = optional_text(&mut fields, "was")?;
    Ok(Entry {
        file: text(&mut fields, "file")?,
        key: read_key(&mut fields)?,
        was: was.map(|was| literal(&was)).transpose()?,
        put: put.collect::<Result<_, _>>()?,
        rest: fields,
    })
}

fn read_key(fields: &mut Object) -> Result<Key, Wrong> {
    let path = fields.remove("key").unwrap_or_default();
    let element = optional_text(fields, "element")?;
    if let Some(element) = &element {
        literal(element)?;
    }
    Ok(Key {
        path: read_path(&path)?,
        element,
    })
}

fn read_path(path: &Value) -> Result<Path, Wrong> {
    let wrong = || format!("{path} is no key");
    let keys = toml_edit::Key::parse(path.as_str().ok_or_else(wrong)?).map_err(|_| wrong())?;
    Ok(keys.iter().map(|key| key.get().to_owned()).collect())
}

fn literal(text: &str) -> Result<Literal, Wrong> {
    toml_edit::Value::from_str(text).map_err(|_| format!("{text:?} is no TOML value"))?;
    Ok(Literal::new(text))
}

fn object(value: Option<Value>, name: &str) -> Result<Object, Wrong> {
    match value {
        Some(Value::Object(fields)) => Ok(fields),
        None => Ok(Object::new()),
        Some(_) => Err(format!("`{name}` is no object")),
    }
}

fn array(value: Option<Value>, name: &str) -> Result<Vec<Value>, Wrong> {
    match value {
        Some(Value::Array(values)) => Ok(values),
        None => Ok(Vec::new()),
        Some(_) => Err(format!("`{name}` is no array")),
    }
}

fn optional_text(fields: &mut Object, name: &str) -> Result<Option<String>, Wrong> {
    match fields.remove(name) {
        Some(Value::String(text)) => Ok(Some(text)),
        None | Some(Value::Null) => Ok(None),
        Some(_) => Err(format!("`{name}` is no string")),
    }
}

fn text(fields: &mut Object, name: &str) -> Result<String, Wrong> {
    optional_text(fields, name)?.ok_or_else(|| format!("`{name}` is missing"))
}

fn number(fields: &mut Object, name: &str) -> Result<u64, Wrong> {
    let value = fields.remove(name);
    value
        .and_then(|value| value.as_u64())
        .ok_or_else(|| format!("`{name}` is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEDGER: &str = r#"{
  "format": 1,
  "seq": 3,
  "owners": {
    "kata-deploy": {
      "file": "config.toml",
      "wants": [
        {
          "key": "debug.\"a b\"",
          "value": "'debug'",
          "seq": 3,
          "adopted": true
        }
      ],
      "note": "kept"
    }
  },
  "entries": [
    {
      "file": "config.toml",
      "key": "imports",
      "element": "\"/a\"",
      "was": null,
      "put": [
        "\"/a\""
      ],
      "more": [
        1
      ]
    }
  ],
  "made": [
    {
      "file": "a.toml",
      "table": null
    },
    {
      "file": "a.toml",
      "table": "debug"
    }
  ],
  "left": [
    {
      "owner": "gpu",
      "time": "2026-08-22T10:00:00Z"
    }
  ],
  "files": {
    "config.toml": {
      "before": null,
      "after": "00"
    }
  },
  "later": {
    "x": 1
  }
}
"#;

    #[test]
    fn what_is_read_is_written_again_with_fields_that_are_not_known() {
        let ledger = Ledger::parse(LEDGER.as_bytes()).expect("a ledger");
        assert_eq!(ledger.to_json(), LEDGER);
        assert_eq!(ledger.left("gpu"), Some("2026-08-22T10:00:00Z"));
    }

    #[test]
    fn what_is_no_ledger_is_an_error_with_a_next_step() {
        for bad in [
            "",
            "[]",
            "{}",
            "{\"format\": 2}",
            &LEDGER.replace("\"seq\": 3,\n", ""),
            &LEDGER.replace("'debug'", "'debug"),
            &LEDGER.replace("\"imports\"", "\"a..b\""),
            &LEDGER.replace("\"/a\\\"\"\n", "\"\n"),
            &LEDGER[..LEDGER.len() / 2],
        ] {
            let error = Ledger::parse(bad.as_bytes()).expect_err(bad);
            assert_eq!(error.code(), Code::BadLedger, "{bad}");
            assert!(!error.hint().is_empty());
        }
    }
}
