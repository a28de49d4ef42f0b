//! The files that a config imports: a line or an element that comes and goes without a trace.

use toml_edit::{Array, Value};

use crate::containerd::version;
use crate::toml::render::{self, Quotes};
use crate::toml::{Document, type_name};
use crate::want::handler::Owner;

use super::created;
use super::edit::Edit;
use super::error;
use super::provenance::{Marker, UNSET};
use crate::error::Error;
use crate::want::patch::Patch;

const KEY: &str = "imports";

/// The array of imports of a config.
struct Written<'d> {
    /// The key, which containerd takes in any case of its letters.
    key: &'d str,
    elements: Vec<&'d str>,
    values: Array,
}

/// The config with an import of the file at the absolute path `import`; `None`: there is no config,
/// and the smallest one is created. Applied to its own result it adds a second one: whether an import
/// is needed is for the caller to say.
///
/// # Errors
///
/// [`Error`] if the imports are no array.
pub(crate) fn with_import(
    config: Option<&Document<'_>>,
    import: &str,
    owner: &Owner,
) -> Result<String, Error> {
    let Some(config) = config else {
        let text = created::new(owner, 2);
        let config = error::parsed(&text)?;
        return with_import(Some(&config), import, owner);
    };
    let patch = Patch::new().owner(owner.clone());
    let mut edit = Edit::new(config, version::of_any(config)?, &patch);
    if version::is_free(config) {
        edit.add_version()?;
    }
    edit.add_import(import)?;
    Ok(edit.finish()?.text.unwrap_or_default())
}

/// The config without the imports that go, and without what was only there for their sake: `None`
/// if that leaves a file that this tool has created, and nothing else in it.
///
/// # Errors
///
/// [`Error`] if the imports are no array.
pub(crate) fn without_imports(
    config: &Document<'_>,
    goes: &dyn Fn(&str) -> bool,
) -> Result<Option<String>, Error> {
    let patch = Patch::new();
    let mut text = config.text().to_owned();
    loop {
        let now = error::parsed(&text)?;
        let mut edit = Edit::new(&now, version::of_any(&now)?, &patch);
        edit.remove_import(goes)?;
        let left = edit.finish()?.text.unwrap_or_default();
        if left == text {
            break;
        }
        text = left;
    }
    if text == config.text() {
        return Ok(Some(text));
    }
    Ok(created::without_leftovers(text, false))
}

/// The installer for whom this tool has written the line of imports, if that was not there before.
pub(crate) fn line_owner(config: &Document<'_>) -> Option<Owner> {
    set_by(config, KEY)?.parse().ok()
}

/// Whose marker says that the line of `key` was not there before.
fn set_by<'t>(config: &'t Document<'_>, key: &str) -> Option<&'t str> {
    let (statement, _) = config.value(&[key])?;
    match Marker::behind(config, statement)[..] {
        [
            (
                _,
                Marker::Was {
                    owner, was: UNSET, ..
                },
            ),
            ..,
        ] => Some(owner),
        _ => None,
    }
}

impl<'d> Edit<'d, '_> {
    fn add_import(&mut self, import: &str) -> Result<(), Error> {
        let value = Value::from(import);
        let Some(written) = self.written_imports()? else {
            let literal = render::value(&value, Quotes::Basic);
            // Others add elements of theirs.
            self.add_key(&[KEY], &format!("[{literal}]"), None)?;
            self.expect(&[KEY], Some(Value::Array([value].into_iter().collect())));
            return Ok(());
        };
        let last = written.elements.last().copied();
        let literal = render::value(&value, last.map_or(Quotes::Basic, Quotes::of));
        self.revision
            .insert_element(&[written.key], &literal, None)?;
        let mut values = written.values;
        values.push(value);
        self.expect(&[written.key], Some(Value::Array(values)));
        Ok(())
    }

    /// Takes the first import out that goes.
    fn remove_import(&mut self, goes: &dyn Fn(&str) -> bool) -> Result<(), Error> {
        let Some(written) = self.written_imports()? else {
            return Ok(());
        };
        let mut values = written.values;
        let is_gone = |value: &Value| value.as_str().is_some_and(goes);
        let Some(number) = values.iter().position(is_gone) else {
            return Ok(());
        };
        values.remove(number);
        let key = written.key;
        let array = self.config.raw(&[key]).unwrap_or_default();
        let has_comment = || {
            array
                .replacen(written.elements[number], "", 1)
                .contains('#')
        };
        if values.is_empty() && set_by(self.config, key).is_some() && !has_comment() {
            self.expect(&[key], None);
            self.revision.remove(&[key]);
        } else {
            self.expect(&[key], Some(Value::Array(values)));
            self.revision.remove_element(&[key], number)?;
        }
        Ok(())
    }

    fn written_imports(&self) -> Result<Option<Written<'d>>, Error> {
        let config = self.config;
        let keys = || config.toml.iter().map(|(key, _)| key);
        let exact = keys().find(|key| *key == KEY);
        let Some(key) = exact.or_else(|| keys().find(|key| key.eq_ignore_ascii_case(KEY))) else {
            return Ok(None);
        };
        let values = config.get(&[key]).and_then(toml_edit::Item::as_array);
        let (Some(values), Some(elements)) = (values, config.elements(&[key])) else {
            let found = config.get(&[key]).map_or("nothing", type_name);
            return Err(self.obstacle(&[key], found, "an array"));
        };
        Ok(Some(Written {
            key,
            elements,
            values: values.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Code;

    const A: &str = "/etc/containerd/conf.d/50-a.toml";
    const B: &str = "/etc/containerd/conf.d/50-b.toml";

    fn with(config: &str, import: &str) -> String {
        let config = Document::parse(config.as_bytes()).expect("test input is TOML");
        let owner = "x".parse().expect("an owner");
        with_import(Some(&config), import, &owner).expect("accepted")
    }

    fn without(config: &str, import: &str) -> Option<String> {
        let config = Document::parse(config.as_bytes()).expect("still TOML");
        without_imports(&config, &|found| found == import).expect("accepted")
    }

    /// Checks what an import makes of an array, and that it goes without a trace.
    #[track_caller]
    fn adding(to: &str, produces: &str) {
        let config = |array: &str| format!("version = 3\nimports = {array}\n[debug]\n");
        let edited = with(&config(to), "/x");
        assert_eq!(edited, config(produces));
        assert_eq!(without(&edited, "/x"), Some(config(to)), "no trace");
        comes_and_goes(&config(to));
    }

    /// Two imports leave without a trace, in either order.
    #[track_caller]
    fn comes_and_goes(config: &str) {
        let (a, b) = (with(config, A), with(config, B));
        let both = with(&a, B);
        assert_eq!(without(&both, B).as_deref(), Some(&*a), "{both}");
        assert_eq!(without(&a, A).as_deref(), Some(config), "{a}");
        // The line may name the other owner then.
        let rest = without(&both, A).expect("the other one stays");
        assert_eq!(rest.contains(" was unset"), b.contains(" was unset"));
        assert_eq!(without(&rest, B).as_deref(), Some(config), "{both}\n{rest}");
    }

    #[test]
    fn an_import_takes_the_style_of_the_array() {
        adding("[]", "[\"/x\"]");
        adding("[ ]", "[ \"/x\" ]");
        adding("['a']", "['a', '/x']");
        adding("[\"a\" , \"b\" ]", "[\"a\" , \"b\", \"/x\" ]");
        adding("[\"a\", ]", "[\"a\", \"/x\", ]");
        adding("[\n]", "[\n  \"/x\",\n]");
        adding("[ # none yet\n]", "[ # none yet\n  \"/x\",\n]");
        adding("[\n\t# none yet\n]", "[\n\t# none yet\n\t\"/x\",\n]");
        adding("[\n  'a',\n]", "[\n  'a',\n  '/x',\n]");
        adding("[\n  'a'\n]", "[\n  'a',\n  '/x'\n]");
        adding("[\r\n  'a'\r\n]", "[\r\n  'a',\r\n  '/x'\r\n]");
        adding("[\n  'a', # b, c\n]", "[\n  'a', # b, c\n  '/x',\n]");
        adding("[\n  'a' # b, c\n]", "[\n  'a', # b, c\n  '/x'\n]");
        adding("[\n  'a', 'b',\n]", "[\n  'a', 'b', '/x',\n]");
        adding("[\n  'a'\n  , 'b'\n]", "[\n  'a'\n  , 'b', '/x'\n]");
        adding("[\n  'a' ]", "[\n  'a',\n  '/x' ]");
        adding("[\n  'a', ]", "[\n  'a',\n  '/x', ]");
        adding(
            "[\n  'a'\n  # b\n  , # c\n]",
            "[\n  'a'\n  # b\n  , # c\n  '/x',\n]",
        );
        adding("['a',\n 'b'] # mine", "['a',\n 'b',\n '/x'] # mine");
    }

    #[test]
    fn a_line_comes_where_there_are_no_imports() {
        let line = "imports = [\"/x\"] # containerd-edit v1 owner=x was unset\n";
        for (before, after) in [
            ("# mine\nversion = 3\nroot = '/r'\n", "\n[debug]\n"),
            ("version = 3\n", ""),
        ] {
            let config = format!("{before}{after}");
            assert_eq!(with(&config, "/x"), format!("{before}{line}{after}"));
            comes_and_goes(&config);
        }
        comes_and_goes("version = 3");
        comes_and_goes("version = 2\r\n[plugins]\r\n");
    }

    #[test]
    fn a_file_that_means_the_same_with_any_version_gets_one() {
        for config in [
            "",
            "# mine",
            "[debug]\nlevel = 'info'\n",
            "\u{feff}# mine\r\n",
        ] {
            let produced = with(config, A);
            let version = "version = 2 # containerd-edit v1 owner=x set 2 was unset";
            assert!(produced.contains(version), "{produced}");
            comes_and_goes(config);
        }
    }

    #[test]
    fn a_file_that_is_created_for_an_import_goes_with_it() {
        let created = with_import(None, A, &Owner::default()).expect("accepted");
        let text = format!(
            "# containerd-edit v1 owner=manual\nversion = 2\n\
             imports = [\"{A}\"] # containerd-edit v1 owner=manual was unset\n"
        );
        assert_eq!(created, text);
        assert_eq!(without(&created, A), None);
    }

    #[test]
    fn what_others_wrote_into_the_line_stays() {
        let config = with("version = 3\n", "/x");
        let theirs = config.replace("[\"/x\"]", "['/y', \"/x\"]");
        let left = config.replace("\"/x\"", "'/y'");
        assert_eq!(without(&theirs, "/x"), Some(left));
        let theirs = config.replace("[\"/x\"]", "[\n# mine\n\"/x\"\n]");
        let left = config.replace("[\"/x\"]", "[\n# mine\n]");
        assert_eq!(without(&theirs, "/x"), Some(left));
        let theirs = "version = 3\nimports = [\n  '/x', # x\n  '/y',\n]\n";
        let left = "version = 3\nimports = [\n  # x\n  '/y',\n]\n";
        assert_eq!(without(theirs, "/x").as_deref(), Some(left));
    }

    #[test]
    fn every_element_that_names_the_file_goes() {
        let config = "version = 3\nimports = ['/x', '/y', '/x', '/x']\n";
        let left = "version = 3\nimports = ['/y']\n";
        assert_eq!(without(config, "/x").as_deref(), Some(left));
    }

    #[test]
    fn another_spelling_of_the_key_counts() {
        let produced = with("version = 3\nImports = ['a']\n", "/x");
        assert_eq!(produced, "version = 3\nImports = ['a', '/x']\n");
    }

    #[test]
    fn what_is_no_array_is_in_the_way() {
        for config in [
            "version = 3\nimports = 'a'\n",
            "version = 3\nimports.a = 1\n",
            "version = 3\n[[imports]]\n",
        ] {
            let config = Document::parse(config.as_bytes()).expect("TOML");
            let error = with_import(Some(&config), A, &Owner::default()).expect_err("refused");
            assert_eq!(error.code(), Code::WrongType, "{error}");
        }
    }

    /// White space, comments and line breaks between the parts of an array.
    fn gap() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            4 => Just(""),
            2 => Just(" "),
            1 => Just("\t"),
            2 => Just("\n"),
            1 => Just("\r\n"),
            1 => Just(" # it's \"one\", or ]\n"),
            1 => Just("# b\r\n  "),
        ];
        proptest::collection::vec(part, 0..3).prop_map(|parts| parts.concat())
    }

    fn array() -> impl Strategy<Value = String> {
        let literal = prop_oneof![
            Just("'a'"),
            Just("\"conf.d/*.toml\""),
            Just("'#, ]'"),
            Just("'''b'''"),
        ];
        let elements = proptest::collection::vec((gap(), literal, gap()), 0..4);
        (elements, gap(), any::<bool>()).prop_map(|(elements, last, comma)| {
            let comma = if comma && !elements.is_empty() {
                ","
            } else {
                ""
            };
            let elements: Vec<String> = elements
                .iter()
                .map(|(before, literal, after)| format!("{before}{literal}{after}"))
                .collect();
            format!("[{}{comma}{last}]", elements.join(","))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn imports_come_and_go_in_any_array(
            array in array(),
            before in prop_oneof![Just("version = 3\n"), Just("# x\r\nversion = 2\r\n")],
            after in prop_oneof![Just(""), Just("\n"), Just(" # mine\n[debug]\n")],
        ) {
            comes_and_goes(&format!("{before}imports = {array}{after}"));
        }
    }
}
