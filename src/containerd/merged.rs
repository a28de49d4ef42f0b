//! All files of a config as one: what a release has merged, as TOML.

use toml_edit::{Array, InlineTable, Value};

use super::asked::Asked;
use super::model::Model;
use super::release::Release;
use super::tree::{Data, Node};
use super::verdict::Reason;

impl Model<'_> {
    /// Returns what a release makes of all files together, as TOML, before it asks any plugin:
    /// as `containerd config dump`, without what the release has built in.
    ///
    /// # Errors
    ///
    /// If the release does not get as far: why the daemon exits.
    pub fn dump(&self, release: Release) -> Result<String, Reason> {
        let release = Asked::new(release);
        let loaded = self.load(&release)?;
        let entries = loaded.top.iter();
        let entries = entries.map(|(name, node)| (&**name, value(node)));
        Ok(entries.collect::<toml_edit::Table>().to_string())
    }
}

/// A value as TOML; a table as an inline one.
pub(super) fn value(node: &Node) -> Value {
    match &node.data {
        Data::Text(text) => (&**text).into(),
        Data::Integer(integer) => (*integer).into(),
        Data::Float(float) => (*float).into(),
        Data::Boolean(boolean) => (*boolean).into(),
        Data::Datetime(datetime) => (*datetime).into(),
        Data::Array(nodes) => Value::Array(nodes.iter().map(value).collect::<Array>()),
        Data::Table(table) => {
            let entries = table.iter().map(|(name, node)| (&**name, value(node)));
            Value::InlineTable(entries.collect::<InlineTable>())
        }
    }
}
