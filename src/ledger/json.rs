//! A ledger as JSON: `config.toml.owners` beside the config.

use serde_json::Value;

use crate::error::{Code, Error, Position};

use super::fields::FORMAT;
use super::stored::Ledger;

impl Ledger {
    /// Reads the bytes of a ledger. Fields that this release does not know are kept.
    ///
    /// # Errors
    ///
    /// [`Code::BadLedger`] with the position, if the bytes are no ledger, or one that this release
    /// can't read.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|error| bad(bytes, &error))
    }

    /// Whether these bytes are the ledger of another release, and nothing is wrong with them.
    pub(crate) fn is_of_another_format(bytes: &[u8]) -> bool {
        let ledger: Option<Value> = serde_json::from_slice(bytes).ok();
        let format = ledger.and_then(|ledger| ledger.get("format")?.as_u64());
        format.is_some_and(|format| format != FORMAT)
    }

    /// Writes the ledger down.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

fn bad(bytes: &[u8], error: &serde_json::Error) -> Error {
    let above = error.line().saturating_sub(1);
    let line = String::from_utf8_lossy(bytes)
        .lines()
        .nth(above)
        .map(str::to_owned);
    let place = Position {
        line: error.line(),
        // Of what is cut off at the end of a line, serde says column 0.
        column: error.column().max(1),
        text: line.unwrap_or_default(),
    };
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    let hint = if Ledger::is_of_another_format(bytes) {
        "use the release of containerd-edit that wrote it, or a newer one"
    } else {
        // Whoever knows the files names the command.
        "put a ledger in its place that can be read"
    };
    let error = Error::new(
        Code::BadLedger,
        format!("the ledger can't be read: {what}"),
        hint,
    );
    error.position_at((place.line > 0).then_some(place))
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
      "since": 2,
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
  "kept": {
    "config.toml": {
      "format": 1,
      "seq": 2,
      "owners": {},
      "entries": [],
      "made": [],
      "left": [],
      "files": {},
      "written": {
        "config.toml": "01"
      },
      "more": 2
    }
  },
  "tables": {
    "config.toml": "io.containerd.cri.v1.runtime"
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
        // Fields that are known are not kept for a second time.
        for entry in ledger.entries.values() {
            assert_eq!(entry.rest.keys().collect::<Vec<_>>(), ["more"]);
        }
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
