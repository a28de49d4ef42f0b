//! Each verb in each spelling of TOML (<https://toml.io/en/v1.0.0>, `toml.abnf`).

use crate::toml::{Document, Pair, Path, Value};

use super::{Refused, Revision};

mod properties;

fn is_own(line: &str) -> bool {
    line.trim_start().starts_with("# own")
}

/// A document that is to be changed.
struct Given<'t>(&'t str);

fn given(text: &str) -> Given<'_> {
    Given(text)
}

type Outcome = Result<(), Refused>;

impl Given<'_> {
    fn revised(
        &self,
        change: impl FnOnce(&mut Revision<'_>) -> Outcome,
    ) -> Result<String, Refused> {
        let document = Document::parse(self.0.as_bytes()).expect("test input is TOML");
        let mut revision = Revision::of(&document, is_own);
        change(&mut revision)?;
        revision.finish()
    }

    #[track_caller]
    fn produces(&self, text: &str, change: impl FnOnce(&mut Revision<'_>) -> Outcome) {
        let revised = self.revised(change).expect("the change is accepted");
        assert_eq!(revised, text);
        assert!(Document::parse(revised.as_bytes()).is_ok(), "still TOML");
    }

    /// Sets `path` to `value`.
    #[track_caller]
    fn set(&self, path: &str, value: &str, produces: &str) {
        self.produces(produces, |revision| revision.set(&keys(path), value));
    }

    /// Inserts `path` with the value 1 and removes it again.
    #[track_caller]
    fn insert(&self, path: &str, produces: &str) {
        let path = keys(path);
        self.produces(produces, |revision| {
            revision.insert(&path, "1", Some("# own"))
        });
        let table = &path[..path.len() - 1];
        let before = Document::parse(self.0.as_bytes()).expect("TOML");
        let has_header = before.index.header(table).is_some();
        given(produces).produces(self.0, |revision| {
            revision.remove(&path);
            if !has_header {
                revision.prune(table);
            }
            Ok(())
        });
    }

    /// Inserts a table with a value and one in a table below, and removes it again.
    #[track_caller]
    fn insert_table(&self, path: &str, produces: &str) {
        let path = keys(path);
        self.produces(produces, |revision| {
            let pairs = vec![Pair::new(&keys("k"), "1"), Pair::new(&keys("o.l"), "2")];
            revision.insert_table(&path, pairs, Some("# own"))
        });
        given(produces).remove_path(&path, self.0);
    }

    #[track_caller]
    fn remove(&self, path: &str, produces: &str) {
        self.remove_path(&keys(path), produces);
    }

    #[track_caller]
    fn remove_path(&self, path: &[String], produces: &str) {
        self.produces(produces, |revision| {
            revision.remove(path);
            Ok(())
        });
    }

    /// Inserts an element into the array `a` and removes it again.
    #[track_caller]
    fn insert_element(&self, value: &str, produces: &str) {
        self.produces(produces, |revision| {
            revision.insert_element(&keys("a"), value)
        });
        let document = Document::parse(produces.as_bytes()).expect("TOML");
        let array = document.get(&keys("a")).and_then(Value::array);
        given(produces).remove_element(array.expect("an array").len() - 1, self.0);
    }

    #[track_caller]
    fn remove_element(&self, number: usize, produces: &str) {
        self.produces(produces, |revision| {
            revision.remove_element(&keys("a"), number)
        });
    }
}

/// `a.b` as the keys of a path.
fn keys(path: &str) -> Path {
    path.split('.').map(str::to_owned).collect()
}

#[test]
fn a_value_is_set_where_it_is_written() {
    given("a.b = 1 # one\n").set("a.b", "[2]", "a.b = [2] # one\n");
    given("[a]\r\n'b'=1\r\n").set("a.b", "2", "[a]\r\n'b'=2\r\n");
    given("[\"\\u0061\"]\nb=1").set("a.b", "2", "[\"\\u0061\"]\nb=2");
    given("a = {b = 1, c = 1}\n").set("a.b", "2", "a = {b = 2, c = 1}\n");
    given("a = {b = {c.d = 1}}\n").set("a.b.c.d", "2", "a = {b = {c.d = 2}}\n");
    given("a = \"\"\"\nx\"\"\"\nb = 1\n").set("a", "'y'", "a = 'y'\nb = 1\n");
    given("a = {}\n").set("a", "1", "a = 1\n");
}

#[test]
fn what_is_no_value_is_not_set() {
    for text in ["", "[a]\n", "a.b = 1\n", "[[a]]\n"] {
        let refused = given(text).revised(|revision| revision.set(&keys("a"), "1"));
        assert!(matches!(refused, Err(Refused::WrongType { .. })), "{text}");
    }
    // In an entry of an array.
    let refused = given("[[a]]\nb = 1\n").revised(|revision| revision.set(&keys("a.b"), "2"));
    assert!(refused.is_err());
}

#[test]
fn a_key_goes_below_the_last_one_of_its_header() {
    given("[t]\na = 1\n\n[z]\n").insert("t.k", "[t]\na = 1\nk = 1\n\n[z]\n");
    given("[t] # t\n# none\n").insert("t.k", "[t] # t\n  k = 1\n# none\n");
    given("[t]\n\ta = 1 # a\n[z]\n").insert("t.k", "[t]\n\ta = 1 # a\n\tk = 1\n[z]\n");
    given("[x]\na = 1\n[t]").insert("t.k", "[x]\na = 1\n[t]\nk = 1");
    given("[t]\na = [\n1,\n]\r\n").insert("t.k", "[t]\na = [\n1,\n]\r\nk = 1\r\n");
}

#[test]
fn a_dotted_key_goes_below_the_last_one_of_its_table() {
    given("t.a = 1\nx = 1\n").insert("t.k", "t.a = 1\nt.k = 1\nx = 1\n");
    given("[p]\n  \"t\" . a = 1\n  u = 1\n")
        .insert("p.t.k", "[p]\n  \"t\" . a = 1\n  \"t\".k = 1\n  u = 1\n");
    // Its table is not there, but the one above is spelled like this.
    given("t.a = 1\n[z]\n").insert("t.u.k", "t.a = 1\nt.u.k = 1\n[z]\n");
}

#[test]
fn a_key_goes_into_an_inline_table() {
    given("t = { a = 1 } # t\n").insert("t.k", "t = { a = 1, k = 1 } # t\n");
    given("t = {}\n").insert("t.k", "t = {k = 1}\n");
    given("t = { }\n").insert("t.u.k", "t = { u.k = 1 }\n");
    given("t = { u = {a = 1} }\n").insert("t.u.k", "t = { u = {a = 1, k = 1} }\n");
    given("[t]\nu.v = {a = 1}\n").insert("t.u.v.k", "[t]\nu.v = {a = 1, k = 1}\n");
}

#[test]
fn a_table_without_a_header_gets_one() {
    given("a = 1\n").insert("t.k", "a = 1\n\n# own\n[t]\n  k = 1\n");
    given("[t.u]\na = 1\n\n[z]\n").insert("t.k", "[t.u]\na = 1\n\n# own\n[t]\nk = 1\n\n[z]\n");
    given("[t]\na = 1\n# about z\n[z]\n").insert(
        "t.u.k",
        "[t]\na = 1\n\n# own\n[t.u]\nk = 1\n# about z\n[z]\n",
    );
    given("[t]\na = 1\n# c\n\n[z]\n")
        .insert("t.u.k", "[t]\na = 1\n# c\n\n# own\n[t.u]\nk = 1\n\n[z]\n");
    given("a = 1").insert("t.k", "a = 1\n\n# own\n[t]\n  k = 1");
    given("").insert("t.k", "# own\n[t]\n  k = 1\n");
    given("\u{feff}").insert("t.k", "\u{feff}# own\n[t]\n  k = 1\n");
    given("# c\n\n\n").insert("t.k", "# c\n\n# own\n[t]\n  k = 1\n\n\n");
}

#[test]
fn a_key_of_the_root_table_goes_above_all_headers() {
    given("a = 1\n[t]\n").insert("k", "a = 1\nk = 1\n[t]\n");
    given("# c\n\n# t\n[t]\n").insert("k", "# c\n\nk = 1\n# t\n[t]\n");
    given("\u{feff}[t]\r\n").insert("k", "\u{feff}k = 1\r\n[t]\r\n");
    given("# c").insert("k", "# c\nk = 1");
}

#[test]
fn keys_of_one_new_table_share_its_header() {
    given("").produces("# own\n[t]\n  a = 1\n  b = 2\n", |revision| {
        revision.insert(&keys("t.a"), "1", Some("# own"))?;
        revision.insert(&keys("t.b"), "2", None)
    });
    let with_table = "[t]\n  k = 1\n  [t.o]\n    l = 2\n    m = 3\n";
    given("").produces(with_table, |revision| {
        let pairs = vec![Pair::new(&keys("k"), "1"), Pair::new(&keys("o.l"), "2")];
        revision.insert_table(&keys("t"), pairs, None)?;
        revision.insert(&keys("t.o.m"), "3", None)
    });
}

#[test]
fn a_new_table_looks_like_its_siblings() {
    given("[p]\n\t[p.'a b']\n\t\tx = 1\n[z]\n").insert_table(
        "p.b c",
        "[p]\n\t[p.'a b']\n\t\tx = 1\n\t# own\n\t[p.'b c']\n\t\tk = 1\n\t\t[p.'b c'.o]\n\t\t\tl = 2\n[z]\n",
    );
    given("[p.a]\nx = 1\n\n[p.b]\n\n[z]\n").insert_table(
        "p.c",
        "[p.a]\nx = 1\n\n[p.b]\n\n# own\n[p.c]\nk = 1\n[p.c.o]\nl = 2\n\n[z]\n",
    );
    given("[ p . \"a\" ]\r\n[p.a.o]\r\n  x = 1\r\n").insert_table(
        "p.c",
        "[ p . \"a\" ]\r\n[p.a.o]\r\n  x = 1\r\n\r\n# own\r\n[p.c]\r\n  k = 1\r\n[p.c.o]\r\n  l = 2\r\n",
    );
}

#[test]
fn a_new_table_stands_below_a_header_or_in_an_inline_table() {
    given("p.a.x = 1\ny = 1\n").insert_table(
        "p.b",
        "p.a.x = 1\ny = 1\n\n# own\n[p.b]\n  k = 1\n  [p.b.o]\n    l = 2\n",
    );
    given("p = { a = {} }\n").insert_table("p.b", "p = { a = {}, b = { k = 1, o = { l = 2 } } }\n");
    given("p = {}\n").insert_table("p.q.b", "p = {q.b = { k = 1, o = { l = 2 } }}\n");
}

#[test]
fn what_is_there_is_not_inserted() {
    for (text, path) in [
        ("a = 1\n", "a"),
        ("a = 1\n", "a.b"),
        ("[a.b]\n", "a.b"),
        ("[[a]]\n", "a.b"),
        ("a = {b = []}\n", "a.b.c"),
    ] {
        let refused = given(text).revised(|revision| revision.insert(&keys(path), "1", None));
        assert!(matches!(refused, Err(Refused::WrongType { .. })), "{text}");
        let insert =
            |revision: &mut Revision<'_>| revision.insert_table(&keys(path), Vec::new(), None);
        assert!(given(text).revised(insert).is_err(), "{text}");
    }
}

#[test]
fn a_value_is_removed_with_its_line() {
    given("a = 1 # a\nb = 1\n").remove("a", "b = 1\n");
    given("[t]\na = [\n1,\n]\n\nb = 1\n").remove("t.a", "[t]\n\nb = 1\n");
    given("t.a = 1\nt.b = 1\n").remove("t.a", "t.b = 1\n");
    given("a = 1\r\nb = 1").remove("b", "a = 1");
    given("a = 1").remove("a", "");
    given("a = 1\n").remove("b", "a = 1\n");
    given("[[a]]\nb = 1\n").remove("a.b", "[[a]]\nb = 1\n");
}

#[test]
fn entries_of_an_inline_table_go_with_one_comma() {
    given("t = { a = {}, b = 1 }\n").remove("t.a", "t = { b = 1 }\n");
    given("t = { b = 1, a = {} }\n").remove("t.a", "t = { b = 1 }\n");
    given("t = { b = 1, a.x = 1, a.y = 1, c = 1 }\n").remove("t.a", "t = { b = 1, c = 1 }\n");
    given("t = { a = 1 }\n").remove("t.a", "t = { }\n");
    given("t.u = { v = { a = 1 } }\n").remove("t.u.v.a", "t.u = { v = { } }\n");
    given("t = { a = 1, b = 1 }\n").produces("t = { b = 1, c = 2 }\n", |revision| {
        revision.remove(&keys("t.a"));
        revision.insert(&keys("t.c"), "2", None)
    });
}

#[test]
fn a_table_is_removed_wherever_it_is_written() {
    given("[t.u.o]\nx = 1\n[z]\n[t.u]\nx = 1\n[y]\n").remove("t.u", "[z]\n[y]\n");
    given("[t]\na.x = 1\nb.x = 1\na.y = 1\n").remove("t.a", "[t]\nb.x = 1\n");
    given("[[t]]\n[t.u]\n[[t]]\n[z]\n").remove("t", "[z]\n");
}

#[test]
fn comments_of_others_stay_and_one_empty_line_goes() {
    given("[z]\n\n# about t\n[t]\nx = 1\n\n# about y\n[y]\n")
        .remove("t", "[z]\n\n# about t\n\n# about y\n[y]\n");
    given("[z]\n\n[t]\n\n[y]\n").remove("t", "[z]\n\n[y]\n");
    given("[z]\n\n[t]\n[y]\n").remove("t", "[z]\n\n[y]\n");
    given("[z]\n\n# own\n[t]\nx = 1\n[y]\n").remove("t", "[z]\n[y]\n");
    // The last line of a string.
    given("x = \"\"\"\n# own\"\"\"\n[t]\n").remove("t", "x = \"\"\"\n# own\"\"\"\n");
}

#[test]
fn a_header_is_pruned_when_its_last_key_goes() {
    let prune = |revision: &mut Revision<'_>| {
        revision.remove(&keys("t.a"));
        revision.prune(&keys("t"));
        Ok(())
    };
    given("x = 1\n\n# own\n[t]\na = 1\n[z]\n").produces("x = 1\n[z]\n", prune);
    given("[t]\na = 1\n[t.u]\nb = 1\n").produces("[t.u]\nb = 1\n", prune);
    given("[t]\na = 1\nb = 1\n").produces("[t]\nb = 1\n", prune);
    given("t.a = 1\n").produces("", prune);
    given("[t]\na = 1\n").produces("[t]\nc = 1\n", |revision| {
        prune(revision)?;
        revision.insert(&keys("t.c"), "1", None)
    });
}

#[test]
fn a_table_can_take_the_place_of_one_that_goes() {
    let replace = |revision: &mut Revision<'_>| {
        revision.remove(&keys("t.u"));
        revision.insert_table(&keys("t.u"), vec![Pair::new(&keys("k"), "1")], None)
    };
    given("[t.u]\na = 1\n[t.v]\nb = 1\n").produces("[t.v]\nb = 1\n[t.u]\nk = 1\n", replace);
    given("t = { u.a = 1, v = 1 }\n").produces("t = { v = 1, u = { k = 1 } }\n", replace);
    given("t = { u = 5 }\n").produces("t = { u = { k = 1 } }\n", replace);
    given("t.u = 5\n[t.v]\nb = 1\n").produces("t.u.w = 1\n[t.v]\nb = 1\n", |revision| {
        revision.remove(&keys("t.u"));
        revision.insert(&keys("t.u.w"), "1", None)
    });
    given("[t]\na = 1\nb = 1\n").produces("[t]\nb = 1\na = 2\n", |revision| {
        revision.remove(&keys("t.a"));
        revision.insert(&keys("t.a"), "2", None)
    });
}

/// A comment would come to stand beside another entry.
#[test]
fn an_inline_table_of_several_lines_is_not_changed() {
    let text = "t = { a = 1, # about a\n b = 2 }\n";
    let changes: [fn(&mut Revision<'_>) -> Outcome; 2] = [
        |revision| revision.insert(&keys("t.c"), "1", None),
        |revision| {
            revision.remove(&keys("t.b"));
            Ok(())
        },
    ];
    for change in changes {
        let refused = given(text).revised(change);
        assert!(matches!(refused, Err(Refused::MultiLine { .. })));
    }
    given(text).set("t.b", "3", "t = { a = 1, # about a\n b = 3 }\n");
    given(text).remove("t", "");
}

#[test]
fn an_element_takes_the_style_of_its_array() {
    given("a = []\n").insert_element("1", "a = [1]\n");
    given("[b]\n[[c]]\n")
        .revised(|revision| revision.insert_element(&keys("a"), "1"))
        .expect_err("no array");
    given("a = [ 'x' ] # a\n").insert_element("1", "a = [ 'x', 1 ] # a\n");
    given("a = [\r\n  'x',\r\n]\r\n").insert_element("1", "a = [\r\n  'x',\r\n  1,\r\n]\r\n");
    given("a = [{ x = 1 }]\n").insert_element("{ x = 2 }", "a = [{ x = 1 }, { x = 2 }]\n");
    let (one, two) = ("a = [\n  1 # b\n  , ]\n", "a = [\n  1 # b\n  ,\n  2, ]\n");
    given(one).insert_element("2", two);
    given(two).remove_element(1, one);
    given("a = [1, 2, 3] # a\n").produces("a = [2, 4, 5] # a\n", |revision| {
        revision.remove_element(&keys("a"), 0)?;
        revision.remove_element(&keys("a"), 2)?;
        revision.remove_element(&keys("a"), 3)?;
        revision.insert_element(&keys("a"), "4")?;
        revision.insert_element(&keys("a"), "5")
    });
}

#[test]
fn a_list_and_those_in_it_change_together() {
    let text = "t = { a = [1], u = { b = [ 2, 3 ], c = 4 }, d = 5 } # t\n";
    let produced = "t = { a = [1, 9], u = { b = [ 3 ], f = 6 }, g = 7 } # t\n";
    given(text).produces(produced, |revision| {
        revision.remove(&keys("t.d"));
        revision.remove(&keys("t.u.c"));
        revision.remove_element(&keys("t.u.b"), 0)?;
        revision.insert_element(&keys("t.a"), "9")?;
        revision.insert(&keys("t.u.f"), "6", None)?;
        revision.insert(&keys("t.g"), "7", None)
    });
    let text = "t = { a = [ ], b = '', c = {} }\r\n";
    let produced = "t = { a = [ 1, 2 ], b = 'longer', c = {k = 1} }\r\n";
    given(text).produces(produced, |revision| {
        revision.set(&keys("t.b"), "'longer'")?;
        revision.insert_element(&keys("t.a"), "1")?;
        revision.insert_element(&keys("t.a"), "2")?;
        revision.insert(&keys("t.c.k"), "1", None)
    });
}

#[test]
fn an_entry_of_an_array_of_tables_has_a_header() {
    given("[[a]]\n  x = 1\n\n[z]\n").insert_element(
        "{ x = 2, 'y' . z = [] }",
        "[[a]]\n  x = 1\n[[a]]\n  x = 2\n  'y' . z = []\n\n[z]\n",
    );
    given("y = 1\n[[ a ]] # a\n[a.b]\n[z]")
        .insert_element("{x = 2}", "y = 1\n[[ a ]] # a\n[a.b]\n[[a]]\n  x = 2\n[z]");
    let refused = given("[[a]]\n").revised(|revision| revision.insert_element(&keys("a"), "1"));
    assert!(matches!(refused, Err(Refused::WrongType { .. })));
    given("[[a]]\nx = 1\n[a.b]\n\n[[a]]\nx = 2\n[a.b]\n[z]\n")
        .remove_element(0, "\n[[a]]\nx = 2\n[a.b]\n[z]\n");
    given("[[a]]\nx = 1\n[z]\n[a.b]\n[[a]]\nx = 2\n").remove_element(0, "[z]\n[[a]]\nx = 2\n");
    given("[[a]]\n").remove_element(1, "[[a]]\n");
}
