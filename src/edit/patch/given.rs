//! How the tests of this module read: `given(config).add("crun").produces(text)`.

use crate::toml::Document;
use crate::want::handler::{Handler, HandlerName, Setting};

use super::{Edited, apply};
use crate::error::Error;
use crate::want::patch::{Elsewhere, Patch};

/// A config and what shall be done to it.
pub(super) struct Given<'t> {
    config: &'t str,
    patch: Patch,
}

pub(super) fn given(config: &str) -> Given<'_> {
    Given {
        config,
        patch: Patch::new(),
    }
}

fn name(name: &str) -> HandlerName {
    name.parse().expect("a handler name")
}

impl Given<'_> {
    /// Adds a handler of the type `t`.
    pub(super) fn add(self, handler: &str) -> Self {
        self.add_with(handler, &[])
    }

    /// The same with settings.
    pub(super) fn add_with(mut self, handler: &str, settings: &[&str]) -> Self {
        let settings = settings.iter().map(|setting| setting.parse::<Setting>());
        let handler = settings.fold(Handler::new(name(handler), "t"), |handler, setting| {
            let setting = setting.expect("a setting");
            handler.with(setting).expect("settings go together")
        });
        self.patch = self.patch.ensure(handler);
        self
    }

    pub(super) fn default(mut self, handler: &str) -> Self {
        self.patch = self.patch.default_handler(name(handler));
        self
    }

    pub(super) fn remove(mut self, handler: &str) -> Self {
        self.patch = self.patch.remove(handler);
        self
    }

    pub(super) fn remove_owned(mut self, handler: &str) -> Self {
        self.patch = self.patch.remove_owned(handler);
        self
    }

    pub(super) fn cri(mut self, setting: &str) -> Self {
        self.patch = self.patch.cri(setting.parse().expect("a setting"));
        self
    }

    pub(super) fn debug(mut self, setting: &str) -> Self {
        self.patch = self.patch.debug(setting.parse().expect("a setting"));
        self
    }

    pub(super) fn proxy_plugin(mut self, setting: &str) -> Self {
        self.patch = self.patch.proxy_plugin(setting.parse().expect("a setting"));
        self
    }

    /// Takes out what the owner no longer wants.
    pub(super) fn prune(mut self) -> Self {
        self.patch = self.patch.prune();
        self
    }

    pub(super) fn declares(mut self) -> Self {
        self.patch = self.patch.declares();
        self
    }

    pub(super) fn take_over(mut self) -> Self {
        self.patch = self.patch.take_over();
        self
    }

    pub(super) fn unset_default(mut self) -> Self {
        self.patch = self.patch.unset_default();
        self
    }

    pub(super) fn owner(mut self, owner: &str) -> Self {
        self.patch = self.patch.owner(owner.parse().expect("an owner"));
        self
    }

    /// Says which handlers the other files of the config have, and which no file has any more.
    pub(super) fn beside(mut self, listed: &[&str], gone: &[&str]) -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        self.patch = self.patch.beside(Elsewhere {
            listed: names(listed),
            gone: names(gone),
        });
        self
    }

    /// Makes the patch what it is to a file that it does not go to.
    pub(super) fn for_other_file(mut self) -> Self {
        self.patch = self.patch.for_other_file();
        self
    }

    fn apply(&self) -> Result<Edited, Error> {
        let config = Document::parse(self.config.as_bytes()).expect("test input is TOML");
        apply(Some(&config), &self.patch)
    }

    /// Checks the text after the edit, and that a second edit leaves it alone.
    #[track_caller]
    pub(super) fn produces(self, text: &str) -> Edited {
        let edited = self.apply().expect("the edit is accepted");
        assert_eq!(edited.text.as_deref(), Some(text));
        let again = Given {
            config: text,
            patch: self.patch,
        };
        let again = again.apply().expect("the second edit is accepted");
        assert_eq!(again.text.as_deref(), Some(text), "twice is once");
        edited
    }

    /// The text after the edit.
    #[track_caller]
    pub(super) fn text(self) -> String {
        let edited = self.apply().expect("the edit is accepted");
        edited.text.expect("the file stays")
    }

    #[track_caller]
    pub(super) fn is_refused(&self) -> Error {
        self.apply().expect_err("the edit is refused")
    }
}
