//! The source as modules, the names that they define and pass on, and the paths that they use.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// A path of names, from a crate's root on.
pub(crate) type Names = Vec<String>;

/// One module: a file, or a `mod name { … }` in one.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The file that it stands in.
    pub(crate) file: String,
    defined: BTreeSet<String>,
    /// What `use` brings in, by the name that it has here.
    imported: BTreeMap<String, Names>,
    /// The paths that are used here, as they are written, but for those that are only passed on.
    used: BTreeSet<Names>,
}

/// The modules of one crate, by their paths.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    modules: BTreeMap<Names, Module>,
    /// The files that were read.
    pub(crate) files: BTreeSet<String>,
}

impl Crate {
    /// Reads the modules of a crate from `root`, a key of `files`; the others are found by their names.
    pub(crate) fn read(root: &str, files: &BTreeMap<String, String>) -> Self {
        let mut all = Self::default();
        all.read_file(root, Names::new(), files);
        all
    }

    fn read_file(&mut self, file: &str, path: Names, files: &BTreeMap<String, String>) {
        let parsed =
            syn::parse_file(&files[file]).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.read_items(&parsed.items, file, path, files);
    }

    fn read_items(
        &mut self,
        items: &[Item],
        file: &str,
        path: Names,
        files: &BTreeMap<String, String>,
    ) {
        let mut module = Module {
            file: file.to_owned(),
            ..Module::default()
        };
        let is_door = file.ends_with("/mod.rs") || file.ends_with("/lib.rs");
        self.files.insert(file.to_owned());
        for item in items {
            if is_test(attributes(item)) {
                self.skip(item, file, &path, files);
                continue;
            }
            match item {
                Item::Mod(inner) => {
                    let below = joined(&path, &inner.ident.to_string());
                    match &inner.content {
                        Some((_, items)) => self.read_items(items, file, below, files),
                        None => self.read_file(&file_of(file, &below, files), below, files),
                    }
                }
                Item::Use(found) => {
                    // The door of a room passes on what stands in it.
                    let is_passed_on = is_door && !matches!(found.vis, syn::Visibility::Inherited);
                    module.import(&found.tree, &Names::new(), is_passed_on);
                }
                _ => {
                    module.defined.extend(name_of(item));
                    Paths(&mut module.used).visit_item(item);
                }
            }
        }
        self.modules.insert(path, module);
    }

    /// Notes the files of a module that is there for tests alone.
    fn skip(&mut self, item: &Item, file: &str, path: &Names, files: &BTreeMap<String, String>) {
        let Item::Mod(skipped) = item else {
            return;
        };
        let path = joined(path, &skipped.ident.to_string());
        let (items, file) = if let Some((_, items)) = &skipped.content {
            (items.clone(), file.to_owned())
        } else {
            let file = file_of(file, &path, files);
            (parsed(&file, files).items, file)
        };
        for item in &items {
            self.skip(item, &file, &path, files);
        }
        self.files.insert(file);
    }

    /// The arrows between files: from the one that uses a name to the one that defines it.
    pub(crate) fn arrows(&self) -> BTreeSet<(String, String)> {
        let mut arrows = BTreeSet::new();
        for (path, module) in &self.modules {
            for used in &module.used {
                let found = self
                    .absolute(path, used)
                    .and_then(|it| self.definer(&it, 0));
                if let Some(file) = found.filter(|file| *file != module.file) {
                    arrows.insert((module.file.clone(), file));
                }
            }
        }
        arrows
    }

    /// The files that use a library.
    pub(crate) fn users_of(&self, library: &str) -> BTreeSet<String> {
        let uses = |module: &&Module| module.used.iter().any(|path| path[0] == library);
        let found = self.modules.values().filter(uses);
        found.map(|module| module.file.clone()).collect()
    }

    /// A path as it is written in the module at `here`, from the root on. `None`: it leads out of the
    /// crate.
    fn absolute(&self, here: &Names, written: &Names) -> Option<Names> {
        let (first, rest) = written.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Names::new(),
            "self" => here.clone(),
            "super" => here.split_last()?.1.to_vec(),
            name if self.modules.contains_key(&joined(here, name)) => joined(here, name),
            name => {
                let module = self.modules.get(here)?;
                let imported = module.imported.get(name)?;
                // What is imported under its own name leads nowhere else.
                if imported == written {
                    return None;
                }
                self.absolute(here, imported)?
            }
        };
        for name in rest {
            if name == "super" {
                base.pop()?;
            } else {
                base.push(name.clone());
            }
        }
        Some(base)
    }

    /// The file that defines what an absolute path names, behind all that only pass it on.
    fn definer(&self, path: &Names, depth: usize) -> Option<String> {
        assert!(depth < 20, "{path:?} is passed on in a circle");
        let mut here = Names::new();
        for (at, name) in path.iter().enumerate() {
            let below = joined(&here, name);
            if self.modules.contains_key(&below) {
                here = below;
                continue;
            }
            let module = &self.modules[&here];
            if !module.defined.contains(name)
                && let Some(imported) = module.imported.get(name)
            {
                let mut target = self.absolute(&here, imported)?;
                target.extend_from_slice(&path[at + 1..]);
                return self.definer(&target, depth + 1);
            }
            break;
        }
        Some(self.modules.get(&here)?.file.clone())
    }
}

impl Module {
    fn import(&mut self, tree: &UseTree, above: &Names, is_passed_on: bool) {
        match tree {
            UseTree::Path(path) => {
                self.import(
                    &path.tree,
                    &joined(above, &path.ident.to_string()),
                    is_passed_on,
                );
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, above, is_passed_on);
                }
            }
            UseTree::Name(name) if name.ident == "self" => {
                let known = above.last().cloned().unwrap_or_default();
                self.enter(known, above.clone(), is_passed_on);
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.enter(name.clone(), joined(above, &name), is_passed_on);
            }
            UseTree::Rename(rename) => {
                let path = joined(above, &rename.ident.to_string());
                self.enter(rename.rename.to_string(), path, is_passed_on);
            }
            UseTree::Glob(_) => drop(self.used.insert(above.clone())),
        }
    }

    fn enter(&mut self, name: String, path: Names, is_passed_on: bool) {
        if !is_passed_on {
            self.used.insert(path.clone());
        }
        self.imported.insert(name, path);
    }
}

/// Collects the paths of expressions, types, patterns and macros.
struct Paths<'u>(&'u mut BTreeSet<Names>);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            let names = path
                .segments
                .iter()
                .map(|segment| segment.ident.to_string());
            self.0.insert(names.collect());
        }
        visit::visit_path(self, path);
    }

    /// A `use` within a function.
    fn visit_item_use(&mut self, found: &'ast syn::ItemUse) {
        let mut module = Module::default();
        module.import(&found.tree, &Names::new(), false);
        self.0.append(&mut module.used);
    }

    /// The arguments of a macro, and the bodies of one that is defined here.
    fn visit_macro(&mut self, found: &'ast syn::Macro) {
        self.visit_tokens(found.tokens.clone());
        visit::visit_macro(self, found);
    }

    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}

    // Whoever may use a name does not use it.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

impl Paths<'_> {
    /// Collects paths such as `crate::room::name` from tokens that have no syntax of their own.
    fn visit_tokens(&mut self, tokens: TokenStream) {
        let mut path = Names::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Ident(name) if path.is_empty() || colons == 2 => {
                    path.push(name.to_string());
                    colons = 0;
                }
                other => {
                    self.enter(&mut path);
                    colons = 0;
                    match other {
                        TokenTree::Ident(name) => path.push(name.to_string()),
                        TokenTree::Group(group) => self.visit_tokens(group.stream()),
                        _ => {}
                    }
                }
            }
        }
        self.enter(&mut path);
    }

    fn enter(&mut self, path: &mut Names) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.0.insert(path);
        }
    }
}

fn parsed(file: &str, files: &BTreeMap<String, String>) -> syn::File {
    syn::parse_file(&files[file]).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn joined(path: &Names, name: &str) -> Names {
    path.iter().cloned().chain([name.to_owned()]).collect()
}

/// The file of the module at `path` that is declared in `parent`.
fn file_of(parent: &str, path: &Names, files: &BTreeMap<String, String>) -> String {
    let name = path.last().expect("a module has a name");
    let (folder, own) = parent.rsplit_once('/').expect("a file stands in a folder");
    let folder = match own {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
        own => format!("{folder}/{}", own.trim_end_matches(".rs")),
    };
    let candidates = [
        format!("{folder}/{name}.rs"),
        format!("{folder}/{name}/mod.rs"),
    ];
    let found = candidates.into_iter().find(|file| files.contains_key(file));
    found.unwrap_or_else(|| panic!("{parent} declares {name}, and there is no such file"))
}

/// Whether an item is there for tests alone.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let of_cfg = attribute.path().is_ident("cfg");
        of_cfg
            && attribute.meta.require_list().is_ok_and(|list| {
                let condition = list.tokens.to_string();
                condition == "test" || condition == "doctest"
            })
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Fn(it) => &it.sig.ident,
        Item::Macro(it) => it.ident.as_ref()?,
        Item::Static(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::Type(it) => &it.ident,
        _ => return None,
    };
    Some(name.to_string())
}
