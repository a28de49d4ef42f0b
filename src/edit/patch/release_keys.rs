//! Taking an owner's keys out again: those outside of the blocks that this tool writes.

use crate::containerd::plugin;
use crate::toml::index::Kind;
use crate::toml::render::{self, Quotes};
use crate::toml::rest_after;

use super::edit::Edit;
use super::keys::is_platform_key;
use super::layers::{Layer, Layered, is_bottom};
use super::provenance::{Provenance, UNSET};
use super::wanted::{is_platform_of, platform_path};
use crate::error::Error;
use crate::want::patch::Patch;

impl<'d> Edit<'d, '_> {
    /// Takes the owner's layers out of every key that a pruning patch does not want, and all of what
    /// the images plugin is told of handlers that are gone.
    pub(super) fn release_keys(
        &mut self,
        ids: &[&str],
        patch: &Patch,
        gone: &[String],
    ) -> Result<(), Error> {
        let config = self.config;
        for (number, statement) in config.index.statements.iter().enumerate() {
            if statement.kind != Kind::Pair
                || config.text()[statement.value.clone()].starts_with('{')
            {
                continue;
            }
            let layered = Layered::of_statement(config, number);
            if !layered.is_owned() {
                continue;
            }
            let key: Vec<&str> = config.index.path(number).collect();
            let is_version = key == ["version"];
            let is_imports = key == ["imports"];
            let is_default = matches!(key[..], [.., "containerd", "default_runtime_name"]);
            if is_version || is_imports || is_default {
                // Each goes by rules of its own.
                continue;
            }
            if config.get(&key).is_none() {
                // In an array of tables: a comment like the tool's, but not its own.
                continue;
            }
            let goes = |key: &[&str]| {
                let is_of_gone = |name: &String| rest_after(key, &platform_path(name)).is_some();
                let all = gone.iter().any(is_of_gone);
                let own = patch.prune && !ids.iter().any(|id| self.wants_key(id, key, patch));
                move |owner: &str| all || (own && owner == patch.owner.as_str())
            };
            let needed_by = match key[..] {
                ["proxy_plugins", proxy, "type"] => self.proxy_stays(proxy, goes),
                _ => None,
            };
            let goes = goes(&key);
            let is_over = |left: Vec<Layer<'_>>| is_bottom(left[0].literal);
            if let Some(other) = needed_by
                && layered.without(goes).is_some_and(is_over)
            {
                self.leave_type(&key, &layered, other.owner)?;
                continue;
            }
            if !self.take_layers(&key, &layered, goes)? {
                continue;
            }
            if let ["plugins", _, "containerd", "runtimes", name, ..] = key[..] {
                self.handlers.change(name);
                self.gives_back.insert(name.to_owned());
            } else if !is_platform_key(&key) {
                self.keys
                    .given_back
                    .push(render::dotted(&key, Quotes::Basic));
            }
        }
        Ok(())
    }

    /// What of a proxy plugin stays beside its type: an owner's value, or nobody's.
    fn proxy_stays<G: Fn(&str) -> bool>(
        &self,
        proxy: &str,
        goes: impl Fn(&[&str]) -> G,
    ) -> Option<Layer<'d>> {
        let index = &self.config.index;
        let numbers = 0..index.statements.len();
        let staying = numbers.filter_map(|number| {
            let key: Vec<&str> = index.path(number).collect();
            let ["proxy_plugins", name, below, ..] = key[..] else {
                return None;
            };
            if name != proxy || below == "type" {
                return None;
            }
            if index.statements[number].kind != Kind::Pair {
                // A table of somebody's, even if it is empty.
                let is_own = Provenance::above(self.config, number).is_some();
                return (!is_own).then_some(Layer::plain(UNSET));
            }
            let layered = Layered::of_statement(self.config, number);
            let left = layered.without(goes(&key)).unwrap_or(layered.layers);
            (!is_bottom(left[0].literal)).then_some(left[0])
        });
        // Nobody's before an owner's: it does not go with one.
        staying.min_by_key(|layer| layer.owner)
    }

    /// Leaves the type of a proxy plugin to whoever has set the rest: without one, containerd does not
    /// start (`LoadPlugins` in `cmd/containerd/server/server.go`).
    fn leave_type(
        &mut self,
        path: &[&str],
        layered: &Layered<'d>,
        to: Option<&'d str>,
    ) -> Result<(), Error> {
        let top = layered.top();
        let mut layers = vec![Layer {
            owner: to,
            literal: top,
            set: to.map(|_| top),
        }];
        if to.is_some() {
            layers.push(Layer::plain(layered.original()));
        } else {
            let message = format!(
                "{} stays {top}, which containerd needs beside what somebody has set there by hand",
                render::dotted(path, Quotes::Basic)
            );
            self.warn("set-by-hand", message, layered.value.start);
        }
        // It is its old owner's no more.
        self.keys
            .given_back
            .push(render::dotted(path, Quotes::Basic));
        self.rewrite(path, layered, &layers)
    }

    /// Takes out what the images plugin is told of handlers that go, also where no comment says any
    /// more that it was for their sake.
    pub(super) fn release_platforms(&mut self, id: &str, gone: &[String]) {
        let config = self.config;
        for name in gone {
            let path = platform_path(name);
            let [plugins, id, containerd, runtimes] = plugin::runtimes_path(id);
            let handler = config.get(&[plugins, id, containerd, runtimes, name]);
            let Some((platform, handler)) = config.get(&path).zip(handler) else {
                continue;
            };
            let is_layered = |number: usize| {
                config.index.is_below(number, &path)
                    && Layered::of_statement(config, number).is_owned()
            };
            let mut statements = 0..config.index.statements.len();
            if statements.any(is_layered) || !is_platform_of(platform, handler) {
                continue;
            }
            self.expect(&path, None);
            self.revision.remove(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::edit::patch::given::given;

    /// containerd does not start for a proxy plugin without a type.
    #[test]
    fn the_type_of_a_proxy_stays_with_what_was_set_by_hand() {
        let header = "\n# containerd-edit v1 owner=x\n[proxy_plugins.p]\n";
        let line = |key: &str, value: &str| {
            format!("  {key} = {value} # containerd-edit v1 owner=x set {value} was absent\n")
        };
        let (typed, own) = (line("type", "'snapshot'"), line("address", "'/a'"));
        let left = "version = 3\n\n[proxy_plugins.p]\n  type = 'snapshot'\n  address = '/mine'\n";
        for by_hand in [
            own.replacen("'/a'", "'/mine'", 1),
            "  address = '/mine'\n".to_owned(),
        ] {
            let edited = given(&format!("version = 3\n{header}{typed}{by_hand}"))
                .owner("x")
                .prune()
                .produces(left);
            let mut warnings = edited.warnings.iter();
            let said = "proxy_plugins.p.type stays 'snapshot', which containerd needs beside";
            assert!(
                warnings.any(|it| it.message.starts_with(said)),
                "{:?}",
                edited.warnings
            );
        }
        let table = "\n[proxy_plugins.p.exports]\n";
        given(&format!("version = 3\n{header}{typed}{own}{table}"))
            .owner("x")
            .prune()
            .produces(&format!(
                "version = 3\n\n[proxy_plugins.p]\n  type = 'snapshot'\n{table}"
            ));
        let all = format!("version = 3\n{header}{typed}{own}");
        given(&all).owner("x").prune().produces("version = 3\n");
        // Another owner's address needs it, too.
        let other = own.replace("owner=x", "owner=y");
        given(&format!("version = 3\n{header}{typed}{other}"))
            .owner("x")
            .prune()
            .produces(&format!(
                "version = 3\n{}{}{other}",
                header.replace("owner=x", "owner=y"),
                typed.replace("owner=x", "owner=y")
            ));
    }

    const WITH_PLATFORM: &str = "version = 3\n\
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.a]\nsnapshotter = 's'\n\
        [plugins.'io.containerd.cri.v1.images'.runtime_platforms.a]\nsnapshotter = 's'\n";

    #[test]
    fn what_the_images_plugin_is_told_goes_with_the_handler() {
        // Also where another tool has dropped the comments.
        given(WITH_PLATFORM).remove("a").produces("version = 3\n");
        let own = WITH_PLATFORM.replace("r = 's'\n[", "r = 't'\n[");
        given(&own).remove("a").produces(
            "version = 3\n[plugins.'io.containerd.cri.v1.images'.runtime_platforms.a]\n\
             snapshotter = 's'\n",
        );
    }
}
