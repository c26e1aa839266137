//! Two walks side by side.

use std::collections::{BTreeMap, BTreeSet};

/// Everything that a daemon tells, by name.
pub(crate) type Objects = BTreeMap<String, String>;

/// The objects of a walk.
pub(crate) fn objects(lines: impl IntoIterator<Item = String>) -> Objects {
    let objects = lines.into_iter().filter_map(|line| {
        let (name, value) = line.split_once(" = ")?;
        Some((name.to_owned(), value.trim_end().to_owned()))
    });
    objects.collect()
}

/// What differs and is not listed, and what is listed and does not differ.
pub(crate) fn compare(theirs: &Objects, ours: &Objects, differences: &[Difference]) -> Vec<String> {
    let mut used = vec![false; differences.len()];
    let mut complaints = Vec::new();
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    for name in names {
        let [their, our] = [theirs, ours].map(|objects| objects.get(name).map_or("nothing", String::as_str));
        let listed = differences.iter().position(|difference| difference.is_of(name));
        let explained = listed.is_some_and(|place| {
            used[place] |= their != our;
            differences[place].explains(their, our)
        });
        if their != our && !explained {
            complaints.push(format!("{name}: keepalived has {their}, we have {our}"));
        }
    }
    let unused = differences.iter().zip(&used).filter(|(_, used)| !**used);
    complaints.extend(unused.map(|(Difference { name, .. }, _)| format!("{name}: there is no difference")));
    complaints
}

/// Objects that may differ.
pub(crate) struct Difference {
    /// Their names; `*` is any number.
    name: &'static str,
    how: How,
    why: &'static str,
}

enum How {
    /// In these values, keepalived's first; `nothing` where there is no such object, and `*` is any value.
    Values(&'static str, &'static str),
    /// In numbers of the same syntax.
    Numbers,
}

impl Difference {
    fn is_of(&self, name: &str) -> bool {
        let mut numbers = name.split('.');
        let mut own = self.name.split('.');
        own.by_ref().all(|own| numbers.next().is_some_and(|number| own == "*" || own == number))
            && numbers.next().is_none()
    }

    fn explains(&self, theirs: &str, ours: &str) -> bool {
        assert!(!self.why.is_empty());
        match self.how {
            How::Values(their, our) => {
                [(their, theirs), (our, ours)].iter().all(|(listed, value)| *listed == "*" || listed == value)
            }
            How::Numbers => syntax(theirs).is_some() && syntax(theirs) == syntax(ours),
        }
    }
}

fn syntax(value: &str) -> Option<&str> {
    value.split_once(": ").map(|(syntax, _)| syntax)
}

pub(crate) const fn values(
    name: &'static str,
    theirs: &'static str,
    ours: &'static str,
    why: &'static str,
) -> Difference {
    Difference { name, how: How::Values(theirs, ours), why }
}

pub(crate) const fn numbers(name: &'static str, why: &'static str) -> Difference {
    Difference { name, how: How::Numbers, why }
}
