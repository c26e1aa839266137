//! `FILE_CHECK`.

use core::ops::RangeInclusive;

use crate::config::diagnose::Diagnostics;
use crate::config::model::FileCheck;
use crate::config::tree::Node;
use crate::config::value::{self, Values, wrong};

/// What a `FILE_CHECK` says.
#[derive(Clone, Debug, Default)]
pub(in crate::config::build) struct Said {
    name: Option<String>,
    weight: Option<(i32, bool)>,
}

impl Said {
    /// Whether it cannot be made.
    pub(super) fn follows_nothing(&self) -> bool {
        self.name.is_none()
    }

    /// Takes a word; false if it is another.
    pub(super) fn take(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        match word {
            "track_file" => {
                self.name = Values::new(node, diagnostics).word("a track_file").or(self.name.take());
            }
            "weight" => self.weight = weight(node, diagnostics).or(self.weight),
            _ => return false,
        }
        true
    }

    /// The check, for now with [`FileCheck::OF_THE_FILE`] where no weight was said.
    pub(super) fn complete(&self) -> FileCheck {
        let (weight, reverse) = self.weight.unwrap_or((FileCheck::OF_THE_FILE, false));
        FileCheck {
            name: self.name.clone().expect("a check that follows no file was refused"),
            weight,
            reverse,
        }
    }
}

/// `weight N [reverse|noreverse]`.
fn weight(node: &Node, diagnostics: &mut Diagnostics) -> Option<(i32, bool)> {
    let value = Values::new(node, diagnostics).required(0, "a weight")?;
    Values::new(node, diagnostics).no_more_than(2);
    let weight = value::number(value, &WEIGHTS, diagnostics)?;
    let reverse = match node.values.get(1) {
        Some(word) if word.text == "reverse" => true,
        Some(word) if word.text == "noreverse" => false,
        Some(word) => {
            diagnostics.push(wrong(word, "`reverse` or `noreverse`").consequence("it is ignored"));
            false
        }
        None => false,
    };
    Some((weight, reverse))
}

const WEIGHTS: RangeInclusive<i32> = -i32::MAX..=i32::MAX;
