//! Values that owners have set over each other, as a file has them.
//!
//! The value is the top *layer*; each marker behind it says who wrote a layer, what they wrote, and
//! what stood below it. A layer can leave from the middle, and the last one to leave restores the
//! original line. Where a value is not what its marker says, somebody has set it by hand: that is a
//! layer of nobody's, and stays when the owner below it leaves.

use std::ops::Range;

use toml_edit::Value;

use crate::toml::{Document, meaning};

use super::provenance::{ABSENT, Marker, UNSET};

/// A value that somebody has set over those below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layer<'t> {
    /// `None`: somebody who writes no markers.
    pub(super) owner: Option<&'t str>,
    pub(super) literal: &'t str,
    /// The literal as the marker has it; older markers have none.
    pub(super) set: Option<&'t str>,
}

impl<'t> Layer<'t> {
    /// A layer of nobody's.
    pub(super) fn plain(literal: &'t str) -> Self {
        Self {
            owner: None,
            literal,
            set: None,
        }
    }
}

/// A value as it stands in a file.
pub(super) struct Layered<'t> {
    pub(super) statement: usize,
    pub(super) value: Range<usize>,
    /// From the top to the original.
    pub(super) layers: Vec<Layer<'t>>,
    pub(super) markers: Vec<Range<usize>>,
}

impl<'t> Layered<'t> {
    /// The value at `path`, if it is written there.
    pub(super) fn at(config: &'t Document<'_>, path: &[&str]) -> Option<Self> {
        let (statement, value) = config.value(path)?;
        Some(Self::of(config, statement, value))
    }

    /// The value of a statement as a whole.
    pub(super) fn of_statement(config: &'t Document<'_>, statement: usize) -> Self {
        let value = config.index.statements[statement].value.clone();
        Self::of(config, statement, value)
    }

    /// The value of a statement, or of an entry of the inline table that the statement holds.
    fn of(config: &'t Document<'_>, statement: usize, value: Range<usize>) -> Self {
        let mut literal = &config.text()[value.clone()];
        let mut layers = Vec::new();
        let mut markers = Vec::new();
        for (span, marker) in Marker::behind(config, statement) {
            let Marker::Was { owner, set, was } = marker else {
                continue;
            };
            let own = set.unwrap_or(literal);
            let is_own = same(own, literal);
            if !is_own {
                layers.push(Layer::plain(literal));
            }
            layers.push(Layer {
                owner: Some(owner),
                literal: if is_own { literal } else { own },
                set,
            });
            markers.push(span);
            literal = was;
            if is_bottom(was) {
                // What follows belongs to another key of the same inline table.
                break;
            }
        }
        layers.push(Layer::plain(literal));
        Self {
            statement,
            value,
            layers,
            markers,
        }
    }

    /// What is left without the layers of the owners that go; `None`: no layer is one of theirs.
    pub(super) fn without(&self, goes: impl Fn(&str) -> bool) -> Option<Vec<Layer<'t>>> {
        let mut layers = self.layers.clone();
        layers.retain(|layer| !layer.owner.is_some_and(&goes));
        if layers.len() == self.layers.len() {
            return None;
        }
        settle(&mut layers);
        Some(layers)
    }

    /// The literal in force.
    pub(super) fn top(&self) -> &'t str {
        self.layers[0].literal
    }

    /// Whether an owner has a layer.
    pub(super) fn is_owned(&self) -> bool {
        !self.markers.is_empty()
    }

    /// The owners of all layers.
    pub(super) fn owned_by(&self) -> Vec<String> {
        owners(&self.layers)
    }

    /// What stood there before this tool came.
    pub(super) fn original(&self) -> &'t str {
        self.layers[self.layers.len() - 1].literal
    }

    /// Whether the tool has written the header above the value, too.
    pub(super) fn is_below_own_header(&self) -> bool {
        self.original() == ABSENT
    }

    /// The first owner, from the top.
    pub(super) fn newest(&self) -> &'t str {
        let mut owners = self.layers.iter().filter_map(|layer| layer.owner);
        owners.next().unwrap_or_default()
    }
}

/// The owners of layers.
pub(super) fn owners(layers: &[Layer<'_>]) -> Vec<String> {
    let owners = layers.iter().filter_map(|layer| layer.owner);
    owners.map(str::to_owned).collect()
}

/// Whether a marker says that nothing stood there.
pub(super) fn is_bottom(was: &str) -> bool {
    matches!(was, UNSET | ABSENT)
}

/// What a literal means; `None` for what stands for nothing.
pub(super) fn parsed(literal: &str) -> Option<Value> {
    if is_bottom(literal) {
        return None;
    }
    literal.parse().ok()
}

/// Whether a literal means a value.
pub(super) fn means(literal: &str, value: &Value) -> bool {
    parsed(literal).is_some_and(|parsed| meaning::same_values(&parsed, value))
}

/// Whether two literals mean the same.
pub(super) fn same(literal: &str, other: &str) -> bool {
    literal == other || parsed(other).is_some_and(|value| means(literal, &value))
}

/// What the markers behind a value say.
pub(super) fn said<'s>(layers: &[Layer<'s>]) -> Vec<Marker<'s>> {
    let pairs = layers.windows(2);
    let said = pairs.filter_map(|pair| {
        Some(Marker::Was {
            owner: pair[0].owner?,
            set: pair[0].set,
            was: pair[1].literal,
        })
    });
    said.collect()
}

/// Makes one of layers that no owner's stands between: the newer one counts.
pub(super) fn settle(layers: &mut Vec<Layer<'_>>) {
    for layer in (1..layers.len()).rev() {
        let (upper, lower) = (layers[layer - 1], layers[layer]);
        if upper.owner.is_none() && lower.owner.is_none() {
            // As it was written there first, if that is the same.
            let is_same = same(upper.literal, lower.literal);
            layers.remove(if is_same { layer - 1 } else { layer });
        }
    }
}
