//! The results that are open on a connection, by their numbers.

/// Numbers grow. There is hardly ever more than one, and its place is kept for the next.
pub struct Results<T>(Vec<(i64, T)>);

impl<T> Default for Results<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Results<T> {
    fn place(&self, number: i64) -> Option<usize> {
        self.0.iter().rposition(|(known, _)| *known == number)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn get(&self, number: &i64) -> Option<&T> {
        self.place(*number).map(|place| &self.0[place].1)
    }

    pub fn get_mut(&mut self, number: &i64) -> Option<&mut T> {
        self.place(*number).map(|place| &mut self.0[place].1)
    }

    /// Takes the place of the one with the same number.
    pub fn insert(&mut self, number: i64, result: T) {
        match self.place(number) {
            Some(place) => self.0[place].1 = result,
            None => {
                let place = self.0.partition_point(|(known, _)| *known < number);
                self.0.insert(place, (number, result));
            }
        }
    }

    pub fn remove(&mut self, number: &i64) -> Option<T> {
        self.place(*number).map(|place| self.0.remove(place).1)
    }

    /// In the order of the numbers.
    pub fn iter(&self) -> impl Iterator<Item = (&i64, &T)> {
        self.0.iter().map(|(number, result)| (number, result))
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, result)| result)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_their_numbers() {
        let mut results = Results::default();
        for number in [0, 2, 1] {
            results.insert(number, number * 10);
        }
        results.insert(1, 11);
        assert_eq!(results.iter().map(|(n, r)| (*n, *r)).collect::<Vec<_>>(), [(0, 0), (1, 11), (2, 20)]);
        assert_eq!((results.remove(&1), results.remove(&1), results.len()), (Some(11), None, 2));
        assert_eq!((results.get(&2), results.get(&1)), (Some(&20), None));
    }
}
