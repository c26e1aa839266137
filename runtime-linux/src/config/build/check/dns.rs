//! `DNS_CHECK`.

use check_core::dns::{Question, Type};

use crate::config::diagnose::Diagnostics;
use crate::config::model::{Connect, Dns};
use crate::config::tree::Node;
use crate::config::value::{Values, wrong};

/// The words that only this check has.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Said {
    kind: Type,
    name: Option<String>,
    answer: Option<String>,
}

impl Said {
    pub(super) fn take(&mut self, word: &str, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        let mut values = Values::new(node, diagnostics);
        match word {
            "type" => {
                let names: Vec<&str> = Type::ALL.iter().map(|(name, ..)| *name).collect();
                if let Some(value) = values.required(0, &names.join(", ")) {
                    match Type::named(&value.text) {
                        Some(kind) => self.kind = kind,
                        None => {
                            values.wrong(value, &format!("one of {}", names.join(", ")), "SOA is asked for");
                        }
                    }
                }
            }
            "name" => {
                if let Some(name) = values.required(0, "a name of the DNS") {
                    let question = Question { id: 0, name: &name.text, kind: self.kind };
                    if question.is_valid() {
                        self.name = Some(name.text.to_string());
                    } else {
                        let expected = "labels of 1 to 63 characters with dots between, 253 in all";
                        diagnostics.push(wrong(name, expected).consequence("the root is asked for"));
                    }
                }
            }
            "answer" => self.answer = values.word("what a record must say").or(self.answer.take()),
            _ => return false,
        }
        true
    }

    pub(super) fn complete(&self, connect: Connect) -> Dns {
        let name = self.name.clone().unwrap_or_else(|| ".".to_owned());
        Dns { connect, kind: self.kind, name, answer: self.answer.clone() }
    }
}
