//! Is a history of one register linearizable? The search of Wing and Gong with the memory of Lowe: operations are taken one after
//! the other, always one that no finished operation precedes; a set of taken operations with a value is looked at once.
//!
//! An operation whose end is not known may take effect at any time after its beginning, or never.

use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// None: there was no value.
    Read(Option<i64>),
    Write(i64),
    /// From a value to another; it was told whether it did.
    Exchange {
        old: i64,
        new: i64,
        done: Option<bool>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    pub begin: u64,
    /// None: its client never learned what came of it.
    pub end: Option<u64>,
    pub call: Call,
}

impl Call {
    /// The value after it; None if it cannot have been so.
    fn apply(self, value: Option<i64>) -> Option<Option<i64>> {
        match self {
            Call::Read(seen) => (seen == value).then_some(value),
            Call::Write(new) => Some(Some(new)),
            Call::Exchange { old, new, done } => {
                let is_met = value == Some(old);
                if done.is_some_and(|done| done != is_met) {
                    return None;
                }
                Some(if is_met { Some(new) } else { value })
            }
        }
    }
}

/// Which operations have been taken.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Taken(Vec<u64>);

impl Taken {
    fn none(len: usize) -> Taken {
        Taken(vec![0; len.div_ceil(64)])
    }

    fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }

    fn flip(&mut self, at: usize) {
        self.0[at / 64] ^= 1 << (at % 64);
    }
}

/// # Errors
/// When no order explains what was seen; with how far the best one came.
pub fn check(operations: &[Operation]) -> Result<(), String> {
    // What nobody learned the end of and reads nothing constrains nothing; what it might have written may be needed.
    let mut operations: Vec<Operation> = operations
        .iter()
        .filter(|operation| operation.end.is_some() || !matches!(operation.call, Call::Read(_)))
        .copied()
        .collect();
    operations.sort_by_key(|operation| (operation.begin, operation.end));
    let finished = operations.iter().filter(|operation| operation.end.is_some()).count();
    let mut taken = Taken::none(operations.len());
    let mut value = None;
    let mut seen = BTreeSet::new();
    // What was taken, and the value before it.
    let mut path: Vec<(usize, Option<i64>)> = Vec::new();
    let (mut done, mut best, mut from) = (0, 0, 0);
    loop {
        if done == finished {
            return Ok(());
        }
        // It may begin before the first end among those that are left.
        let left = |at: &usize| !taken.has(*at);
        let first_end = (0..operations.len()).filter(left).filter_map(|at| operations[at].end).min();
        let next = (from..operations.len()).filter(left).find_map(|at| {
            if first_end.is_some_and(|end| operations[at].begin > end) {
                return None;
            }
            Some((at, operations[at].call.apply(value)?))
        });
        match next {
            Some((at, after)) => {
                taken.flip(at);
                if seen.insert((taken.clone(), after)) {
                    path.push((at, value));
                    value = after;
                    done += usize::from(operations[at].end.is_some());
                    best = best.max(done);
                    from = 0;
                } else {
                    taken.flip(at);
                    from = at + 1;
                }
            }
            None => {
                let Some((at, before)) = path.pop() else {
                    return Err(format!("at most {best} of {finished} operations can be put in order"));
                };
                taken.flip(at);
                value = before;
                done -= usize::from(operations[at].end.is_some());
                from = at + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(begin: u64, end: u64, call: Call) -> Operation {
        Operation { begin, end: Some(end), call }
    }

    #[test]
    fn what_overlaps_may_come_in_either_order() {
        let history = [op(0, 10, Call::Write(1)), op(2, 4, Call::Read(None)), op(5, 7, Call::Read(Some(1)))];
        assert!(check(&history).is_ok());
    }

    #[test]
    fn a_read_that_goes_back_is_found() {
        let history = [op(0, 10, Call::Write(1)), op(2, 4, Call::Read(Some(1))), op(5, 7, Call::Read(None))];
        assert!(check(&history).is_err());
    }

    #[test]
    fn a_lost_write_is_found() {
        let history = [op(0, 1, Call::Write(1)), op(2, 3, Call::Write(2)), op(4, 5, Call::Read(Some(1)))];
        assert!(check(&history).is_err());
    }

    #[test]
    fn an_operation_of_unknown_end_may_take_effect_late_or_never() {
        let unknown = Operation { begin: 0, end: None, call: Call::Write(7) };
        assert!(check(&[unknown, op(1, 2, Call::Read(None)), op(50, 51, Call::Read(Some(7)))]).is_ok());
        assert!(check(&[unknown, op(1, 2, Call::Read(None))]).is_ok());
        assert!(check(&[unknown, op(1, 2, Call::Read(Some(7))), op(3, 4, Call::Read(None))]).is_err());
    }

    #[test]
    fn an_exchange_says_whether_it_found_what_it_looked_for() {
        let exchange = |done| Call::Exchange { old: 1, new: 2, done: Some(done) };
        assert!(
            check(&[op(0, 1, Call::Write(1)), op(2, 3, exchange(true)), op(4, 5, Call::Read(Some(2)))])
                .is_ok()
        );
        assert!(check(&[op(0, 1, Call::Write(1)), op(2, 3, exchange(false))]).is_err());
        assert!(check(&[op(0, 1, Call::Write(3)), op(2, 3, exchange(true))]).is_err());
        let both = [op(0, 1, Call::Write(1)), op(2, 9, exchange(true)), op(3, 8, exchange(true))];
        assert!(check(&both).is_err(), "one value is exchanged once");
    }
}
