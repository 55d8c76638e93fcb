//! What waits to be polled: first in, first out.
//!
//! The rule: a place is written once and read once. An output is large and made of few words, so it is written in place
//! rather than moved there: the places exist before they are needed, as `None`.

use alloc::boxed::Box;
use alloc::vec::Vec;

#[derive(Clone, Debug)]
pub(crate) struct Queue<V> {
    /// Element `n` since the beginning lies in place `n` modulo their number, a power of two.
    places: Box<[Option<V>]>,
    head: usize,
    tail: usize,
}

impl<V> Queue<V> {
    pub(crate) fn new() -> Self {
        Self { places: Vec::new().into_boxed_slice(), head: 0, tail: 0 }
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    #[inline]
    pub(crate) fn push(&mut self, value: V) {
        if self.tail.wrapping_sub(self.head) == self.places.len() {
            self.grow();
        }
        let mask = self.places.len().wrapping_sub(1);
        if let Some(place) = self.places.get_mut(self.tail & mask) {
            *place = Some(value);
        }
        self.tail = self.tail.wrapping_add(1);
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<V> {
        if self.is_empty() {
            return None;
        }
        let mask = self.places.len().wrapping_sub(1);
        let value = self.places.get_mut(self.head & mask)?.take();
        self.head = self.head.wrapping_add(1);
        value
    }

    /// Keeps what `keeps` says, in order.
    pub(crate) fn retain(&mut self, keeps: impl Fn(&V) -> bool) {
        for _ in 0..self.tail.wrapping_sub(self.head) {
            if let Some(value) = self.pop().filter(&keeps) {
                self.push(value);
            }
        }
    }

    /// Twice as many places, with what waits at the beginning.
    #[cold]
    fn grow(&mut self) {
        let length = (2 * self.places.len()).max(4);
        let mut places = Vec::with_capacity(length);
        places.extend(core::iter::from_fn(|| self.pop()).map(Some));
        (self.head, self.tail) = (0, places.len());
        places.resize_with(length, || None);
        self.places = places.into_boxed_slice();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::collections::VecDeque;
    use alloc::rc::Rc;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_goes_in_first_comes_out_first(steps in proptest::collection::vec(0u32..5, 1..400)) {
            let (mut queue, mut model) = (Queue::new(), VecDeque::new());
            for (value, step) in (0u32..).zip(steps) {
                match step {
                    0 => prop_assert_eq!(queue.pop(), model.pop_front()),
                    1 if value % 7 == 0 => {
                        queue.retain(|value| value % 3 == 0);
                        model.retain(|value| value % 3 == 0);
                    }
                    _ => {
                        queue.push(value);
                        model.push_back(value);
                    }
                }
                prop_assert_eq!(queue.is_empty(), model.is_empty());
            }
            prop_assert!(core::iter::from_fn(|| queue.pop()).eq(model));
        }
    }

    #[test]
    fn what_was_taken_or_dropped_is_not_kept() {
        let value = Rc::new(());
        let mut queue = Queue::new();
        (0..6).for_each(|_| queue.push(value.clone()));
        drop(queue.pop());
        assert_eq!(Rc::strong_count(&value), 6);
        queue.retain(|_| false);
        assert_eq!((Rc::strong_count(&value), queue.is_empty()), (1, true));
    }
}
