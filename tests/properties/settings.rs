//! Keys and values of any characters arrive as they were given.

use containerd_edit::{Change, Code, Document, Handler, Inventory, Setting};
use proptest::prelude::*;
use toml_edit::{Array, InlineTable, Key, Value};

use crate::meaning::value_meaning;
use crate::node::Node;

/// Characters that TOML treats in some special way, and others.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        Just('"'),
        Just('\''),
        Just('\\'),
        Just('\n'),
        Just('\r'),
        Just('\t'),
        Just('#'),
        Just('='),
        Just('.'),
        Just('\u{0}'),
        Just('\u{1b}'),
        Just('\u{7f}'),
        Just('\u{85}'),
        Just('\u{2028}'),
        Just('\u{feff}'),
        Just('\u{10ffff}'),
        Just(' '),
        any::<char>(),
        prop::char::range('a', 'e'),
    ];
    prop::collection::vec(character, 0..8).prop_map(|characters| characters.into_iter().collect())
}

fn datetime() -> impl Strategy<Value = Value> {
    let texts = [
        "1979-05-27T07:32:00Z",
        "1979-05-27T07:32Z",
        "1979-05-27 07:32:00.999999999+23:59",
        "1979-05-27t07:32:00.5-00:00",
        "1979-05-27T07:32",
        "1979-05-27",
        "07:32:00",
        "07:32",
        "07:32:00.000000001",
    ];
    prop::sample::select(texts.to_vec()).prop_map(|text| {
        let value: Value = text.parse().expect("these are TOML");
        value
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, 1e300])
            .prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        datetime(),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let table = prop::collection::vec((text(), inner.clone()), 1..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4)
                .prop_map(|values| Value::Array(values.into_iter().collect::<Array>())),
            table.prop_map(|entries| {
                let entries = entries
                    .iter()
                    .map(|(key, value)| (Key::new(key), value.clone()));
                Value::InlineTable(entries.collect::<InlineTable>())
            }),
        ]
    })
}

const CONFIGS: [&str; 5] = [
    "version = 3\n",
    "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\na = 'b'\n",
    "version = 3\nplugins = { 'io.containerd.cri.v1.runtime' = {} }\n",
    "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes]\nmine.options.a = 1\n",
    "version = 3\r\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.mine]\r\n",
];

/// The text in which a setting arrives on the command line.
fn spelled(path: &[String], value: &Value) -> String {
    let keys: Vec<String> = path.iter().map(|key| Key::new(key).to_string()).collect();
    format!("{}={}", keys.join("."), value)
}

fn leaves(path: Vec<String>, value: &Value) -> Vec<(Vec<String>, String)> {
    match value.as_inline_table() {
        Some(table) => table
            .iter()
            .flat_map(|(key, value)| {
                let path = path.iter().cloned().chain([key.to_owned()]).collect();
                leaves(path, value)
            })
            .collect(),
        None => vec![(path, value_meaning(value))],
    }
}

fn check(config: &str, below: &[String], value: &Value) -> Result<(), TestCaseError> {
    // The keys of a handler itself are known; a shim may have options of any name.
    let path = &[&["options".to_owned()], below].concat();
    let setting = spelled(path, value).parse::<Setting>();
    let Ok(setting) = setting else {
        // The text is not KEY=VALUE.
        return Ok(());
    };
    prop_assert_eq!(setting.path(), path);
    let handler = Handler::new("mine".parse().expect("a name"), "io.containerd.mine.v1");
    let Ok(handler) = handler.with(setting) else {
        // A known option wants another type, or some release can't parse the key or the value.
        return Ok(());
    };
    let addition = Change::new().ensure(handler);
    let mut node = Node::new(Some(config)).expect("the config is TOML");
    match node.clone().edit(&addition) {
        Ok(_) => {}
        // `mine.options.a = 1` stands in the way of a table `a`.
        Err(error) if error.code() == Code::WrongType => return Ok(()),
        Err(error) => return Err(TestCaseError::fail(format!("{error:?} on {config}"))),
    }
    node.tried(&addition).map_err(TestCaseError::fail)?;
    let text = node.text().expect("the file stays");
    let after = Document::parse(text.as_bytes()).expect("the result is TOML");
    let inventory = Inventory::of(&after, None).expect("the version is known");
    let mine = inventory
        .handlers
        .iter()
        .find(|handler| handler.name == "mine");
    let mine = mine.expect("the handler is listed");
    let written: Vec<(Vec<String>, String)> = mine
        .settings
        .iter()
        .map(|(path, value)| (path.clone(), value.to_string()))
        .map(|(path, text)| (path, value_meaning(&text.parse().expect("TOML"))))
        .collect();
    for leaf in leaves(path.clone(), value) {
        prop_assert!(
            written.contains(&leaf),
            "{leaf:?} is not in {written:?}\n{text}"
        );
    }
    for line in text.lines().filter(|line| !config.contains(*line)) {
        prop_assert!(
            is_old_toml(line),
            "{line:?} is more than TOML 1.0 on one line"
        );
    }
    Ok(())
}

/// Whether a line is TOML on its own, of single-line strings and the escapes of TOML 1.0 alone.
fn is_old_toml(line: &str) -> bool {
    if Document::parse(line.as_bytes()).is_err() {
        return false;
    }
    // containerd 1.x takes no brackets in the keys of a header.
    if let Some(header) = line.trim_start().strip_prefix('[') {
        let keys = header.strip_suffix(']').unwrap_or(header);
        if keys.contains(['[', ']']) {
            return false;
        }
    }
    let mut quote = None;
    let mut escaped = false;
    let mut outside = String::new();
    for character in line.chars() {
        match quote {
            Some('"') if escaped => {
                escaped = false;
                if !matches!(
                    character,
                    'b' | 't' | 'n' | 'f' | 'r' | '"' | '\\' | 'u' | 'U'
                ) {
                    return false;
                }
            }
            Some('"') if character == '\\' => escaped = true,
            Some(open) if open == character => quote = None,
            Some(_) if character.is_ascii_control() && character != '\t' => return false,
            Some(_) => {}
            None if matches!(character, '"' | '\'') => {
                quote = Some(character);
                outside.push('"');
            }
            None => outside.push(character),
        }
    }
    // Times of TOML 1.0 have seconds.
    let times_are_whole = outside
        .split([',', ' ', '[', ']', '{', '}', '='])
        .all(|word| {
            let time = word
                .split(['T', 't', 'Z', 'z', '+'])
                .find(|part| part.contains(':'));
            time.is_none_or(|time| time.matches(':').count() >= 2)
        });
    // Bare keys of TOML 1.0 are ASCII; a comma before a brace is 1.1.
    quote.is_none() && outside.is_ascii() && !outside.contains(", }") && times_are_whole
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn settings_arrive_as_they_were_given(
        table in prop::option::of(prop_oneof![Just("options".to_owned()), text()]),
        key in text(),
        value in value(),
        config in prop::sample::select(CONFIGS.to_vec()),
    ) {
        let path: Vec<String> = table.into_iter().chain([key]).collect();
        check(config, &path, &value)?;
    }

    #[test]
    fn any_text_is_a_setting_or_refused(text in ".*", value in text()) {
        let _ = text.parse::<Setting>();
        if let Ok(setting) = format!("key={value}").parse::<Setting>() {
            prop_assert_eq!(setting.path(), ["key"]);
        }
    }
}
