//! The window: how many msg:R may wait for msg:A.
//!
//! A message is *stuck* when three transmissions of it went unanswered and nothing was heard. While all in the window
//! are stuck, a first transmission may go beyond it from time to time.

use super::message::MAX_UNANSWERED_IN_WINDOW;

#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    size: usize,
    in_flight: usize,
    stuck: usize,
}

impl Window {
    pub(super) const fn new(size: usize) -> Self {
        Self { size, in_flight: 0, stuck: 0 }
    }

    pub(super) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    #[inline]
    pub(super) const fn has_room(&self) -> bool {
        self.in_flight < self.size
    }

    /// Whether all that fills the window is stuck.
    pub(super) const fn is_stuck(&self) -> bool {
        !self.has_room() && self.stuck == self.in_flight
    }

    /// A message enters after so many unanswered transmissions.
    #[inline]
    pub(super) fn enter(&mut self, unanswered: u16) {
        self.in_flight += 1;
        self.stuck += usize::from(unanswered >= MAX_UNANSWERED_IN_WINDOW);
    }

    #[inline]
    pub(super) fn leave(&mut self, was_stuck: bool) {
        self.in_flight -= 1;
        self.stuck -= usize::from(was_stuck);
    }

    /// A message in the window has become stuck.
    pub(super) const fn on_stuck(&mut self) {
        self.stuck += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_stuck_when_it_is_full_of_stuck_messages() {
        let mut window = Window::new(2);
        window.enter(0);
        window.on_stuck();
        assert!(window.has_room() && !window.is_stuck());
        window.enter(2);
        assert!(!window.has_room() && !window.is_stuck());
        window.on_stuck();
        assert!(window.is_stuck());
        window.enter(0);
        assert!(!window.is_stuck(), "a feeler is on its way");
        window.leave(false);
        assert!(window.is_stuck());
        window.leave(true);
        window.enter(3);
        assert!(window.is_stuck());
        assert_eq!(window.in_flight(), 2);
    }
}
