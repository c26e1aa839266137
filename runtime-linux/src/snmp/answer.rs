//! Answering what a master agent asks (RFC 2741 §7.2.3).

use super::codec::Bound;
use super::message::{Fault, Heard, Range};
use super::mib;
use super::state::State;
use super::value::{Oid, Value};

/// The answer to a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What went wrong, and with which binding, from 1 on.
    pub fault: Option<(Fault, u16)>,
    /// What was asked for.
    pub bindings: Vec<(Oid, Bound)>,
}

impl Answer {
    /// Nothing but that it went wrong.
    pub fn fault(fault: Fault, index: usize) -> Self {
        Self { fault: Some((fault, u16::try_from(index).unwrap_or(0))), bindings: Vec::new() }
    }
}

/// Looks up what is asked for. No object can be set.
pub fn answer(state: &State<'_>, asked: &Heard) -> Answer {
    answer_from(
        &|oid| mib::get(state, oid),
        &|range| mib::next(state, &range.start, range.include, range.end.as_ref()),
        asked,
    )
}

/// The same over any objects: `get` has one, `next` the first of a range.
fn answer_from(
    get: &dyn Fn(&Oid) -> Option<Value>,
    next: &dyn Fn(&Range) -> Option<(Oid, Value)>,
    asked: &Heard,
) -> Answer {
    let mut bindings = Vec::new();
    let mut size = 0;
    match asked {
        Heard::Get(ranges) => {
            for Range { start, .. } in ranges {
                let bound = get(start).map_or(Bound::NoSuchObject, Bound::Value);
                size += weight(start, &bound);
                bindings.push((start.clone(), bound));
                if size > MOST {
                    return Answer::fault(Fault::TooBig, 0);
                }
            }
        }
        Heard::GetNext(ranges) => {
            for range in ranges {
                let (name, bound) = first(next, range);
                size += weight(&name, &bound);
                bindings.push((name, bound));
                if size > MOST {
                    return Answer::fault(Fault::TooBig, 0);
                }
            }
        }
        Heard::GetBulk { non_repeaters, max_repetitions, ranges } => {
            let (once, again) = ranges.split_at(usize::from(*non_repeaters).min(ranges.len()));
            for range in once {
                let (name, bound) = first(next, range);
                size += weight(&name, &bound);
                bindings.push((name, bound));
                if size > MOST {
                    return Answer::fault(Fault::TooBig, 0);
                }
            }
            let mut again = again.to_vec();
            for _ in 0..*max_repetitions {
                // What does not fit is asked for again: an answer may have fewer rounds (RFC 3416 §4.2.3).
                if again.is_empty() || size > MOST {
                    break;
                }
                let mut some = false;
                for range in &mut again {
                    let (name, bound) = first(next, range);
                    some |= bound != Bound::EndOfView;
                    size += weight(&name, &bound);
                    range.start.clone_from(&name);
                    range.include = false;
                    bindings.push((name, bound));
                }
                if !some {
                    break;
                }
            }
        }
        Heard::TestSet(bindings) => {
            let index = usize::from(!bindings.is_empty());
            return Answer::fault(Fault::NotWritable, index);
        }
        Heard::CommitSet | Heard::UndoSet => return Answer::fault(Fault::General, 0),
        Heard::OtherContext => return Answer::fault(Fault::UnsupportedContext, 0),
        Heard::CleanupSet | Heard::Response { .. } | Heard::Close(_) | Heard::Misplaced(_) => {}
    }
    Answer { fault: None, bindings }
}

/// The first object of a range. Where there is none, the name is that of its start.
fn first(next: &dyn Fn(&Range) -> Option<(Oid, Value)>, range: &Range) -> (Oid, Bound) {
    match next(range) {
        Some((name, value)) => (name, Bound::Value(value)),
        None => (range.start.clone(), Bound::EndOfView),
    }
}

/// Octets that a binding takes, about.
fn weight(name: &Oid, bound: &Bound) -> usize {
    let value = match bound {
        Bound::Value(Value::OctetString(string) | Value::Opaque(string)) => string.len(),
        Bound::Value(Value::ObjectIdentifier(oid)) => 4 * oid.numbers().len(),
        Bound::Value(
            Value::Integer(_)
            | Value::IpAddress(_)
            | Value::Counter32(_)
            | Value::Gauge32(_)
            | Value::TimeTicks(_)
            | Value::Counter64(_),
        )
        | Bound::NoSuchObject
        | Bound::EndOfView => 0,
    };
    16 + 4 * name.numbers().len() + value
}

/// Octets from which on an answer takes no further round, and a question for single objects is too big.
const MOST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_told_and_what_is_not_is_named() {
        let asked = Heard::Get(vec![range(&[1, 2], None), range(&[1, 9], None)]);
        assert_eq!(
            ask(&asked).bindings,
            [(Oid::from([1, 2]), Bound::Value(Value::Integer(2))), (Oid::from([1, 9]), Bound::NoSuchObject)]
        );
    }

    #[test]
    fn a_range_ends_before_its_end() {
        let asked = Heard::GetNext(vec![
            range(&[1, 1], None),
            range(&[1, 1], Some(&[1, 2])),
            Range { include: true, ..range(&[1, 1], Some(&[1, 2])) },
            range(&[1, 3], None),
        ]);
        assert_eq!(
            ask(&asked).bindings,
            [
                (Oid::from([1, 2]), Bound::Value(Value::Integer(2))),
                (Oid::from([1, 1]), Bound::EndOfView),
                (Oid::from([1, 1]), Bound::Value(Value::Integer(1))),
                (Oid::from([1, 3]), Bound::EndOfView),
            ]
        );
    }

    #[test]
    fn many_rounds_end_where_nothing_follows() {
        let asked = Heard::GetBulk {
            non_repeaters: 1,
            max_repetitions: u16::MAX,
            ranges: vec![range(&[1], None), range(&[1, 1], None), range(&[1, 2], None)],
        };
        let numbers =
            |(name, bound): &(Oid, Bound)| (name.numbers()[1..].to_vec(), *bound == Bound::EndOfView);
        let bindings = ask(&asked).bindings;
        assert_eq!(
            bindings.iter().map(numbers).collect::<Vec<_>>(),
            [
                (vec![1], false),
                (vec![2], false),
                (vec![3], false),
                (vec![3], false),
                (vec![3], true),
                (vec![3], true),
                (vec![3], true),
            ]
        );
    }

    #[test]
    fn an_answer_stays_within_its_bound() {
        let endless = |range: &Range| Some((range.start.with(&[]), Value::OctetString(vec![0; 1000])));
        let asked = |ranges| Heard::GetBulk {
            non_repeaters: 0,
            max_repetitions: u16::MAX,
            ranges: vec![range(&[1], None); ranges],
        };
        let answer = answer_from(&|_| None, &endless, &asked(2));
        assert!(answer.fault.is_none() && answer.bindings.len() < 70, "{}", answer.bindings.len());
        let many = Heard::GetNext(vec![range(&[1], None); 70]);
        assert_eq!(answer_from(&|_| None, &endless, &many), Answer::fault(Fault::TooBig, 0));
    }

    #[test]
    fn nothing_can_be_set() {
        let wanted = Heard::TestSet(vec![(Oid::from([1, 2]), Some(Value::Integer(9)))]);
        assert_eq!(ask(&wanted), Answer::fault(Fault::NotWritable, 1));
        assert_eq!(ask(&Heard::CommitSet), Answer::fault(Fault::General, 0));
        assert_eq!(ask(&Heard::OtherContext), Answer::fault(Fault::UnsupportedContext, 0));
    }

    fn range(start: &[u32], end: Option<&[u32]>) -> Range {
        Range { start: start.into(), include: false, end: end.map(Oid::from) }
    }

    /// Over the objects 1.1, 1.2 and 1.3.
    fn ask(asked: &Heard) -> Answer {
        let all =
            [1, 2, 3].map(|number: i32| (Oid::from([1, number.cast_unsigned()]), Value::Integer(number)));
        let get = |oid: &Oid| all.iter().find(|(name, _)| name == oid).map(|(_, value)| value.clone());
        let next = |range: &Range| {
            let such = |name: &Oid| {
                (*name > range.start || range.include && *name == range.start)
                    && range.end.as_ref().is_none_or(|end| name < end)
            };
            all.iter().find(|(name, _)| such(name)).cloned()
        };
        answer_from(&get, &next, asked)
    }
}
