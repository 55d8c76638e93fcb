//! Percentiles by nearest rank: the least value that so large a share of all values does not exceed.
//!
//! A value may be infinite: what never happened. It is greater than all others.

/// Values of which percentiles are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Values(Vec<f64>);

impl Values {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn sorted(mut self) -> Sorted {
        self.0.sort_by(f64::total_cmp);
        Sorted(self.0)
    }
}

/// The same, in order.
#[derive(Clone, Debug)]
pub(crate) struct Sorted(Vec<f64>);

impl Sorted {
    /// The value at a share in thousandths: 500 is the median. `None` of no values.
    pub(crate) fn at(&self, thousandths: usize) -> Option<f64> {
        let rank = (self.0.len() * thousandths).div_ceil(1_000);
        self.0.get(rank.saturating_sub(1)).copied()
    }

    pub(crate) fn least(&self) -> Option<f64> {
        self.0.first().copied()
    }

    pub(crate) fn greatest(&self) -> Option<f64> {
        self.0.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(values: impl IntoIterator<Item = f64>) -> Sorted {
        Values(values.into_iter().collect()).sorted()
    }

    #[test]
    fn of_a_thousand_values_each_thousandth_is_one() {
        let values = sorted((1..=1_000).rev().map(f64::from));
        assert_eq!([500, 990, 999, 1_000].map(|share| values.at(share)), [500.0, 990.0, 999.0, 1_000.0].map(Some));
        assert_eq!((values.least(), values.greatest()), (Some(1.0), Some(1_000.0)));
    }

    #[test]
    fn between_two_ranks_the_upper_one_counts() {
        let values = sorted([1.0, 2.0, 3.0]);
        assert_eq!([1, 333, 334, 667, 990].map(|share| values.at(share)), [1.0, 1.0, 2.0, 3.0, 3.0].map(Some));
    }

    #[test]
    fn of_nothing_there_is_no_percentile() {
        assert_eq!(sorted([]).at(500), None);
        assert_eq!((sorted([]).least(), sorted([]).greatest()), (None, None));
    }

    #[test]
    fn what_never_happened_comes_last() {
        let values = sorted([f64::INFINITY, 5.0, 1.0, 2.0]);
        assert_eq!(values.at(750), Some(5.0));
        assert_eq!(values.at(751), Some(f64::INFINITY));
    }
}
