//! A lossy link in one direction, deterministic: config, seed and inputs determine the outputs.
//!
//! The emulator is `str0m-netem`. It keeps frames in order under jitter, so a link has two emulators: a fast lane, and
//! a slow lane for the share of frames that is overtaken. Due frames come out in the order of their due times; on a tie
//! the fast lane's comes first.

mod config;

use core::fmt;
use core::time::Duration;
use std::time::Instant;

use str0m_netem::{Input, Netem, Output, WithLen};

use crate::sim::dice::Dice;
use crate::time::Time;

pub use config::LinkConfig;

/// Carries frames one way, and loses, delays, duplicates and reorders some, according to its [`LinkConfig`] and its
/// seed.
///
/// Sans-IO: frames and time go in with [`Link::send`], due frames come out of [`Link::poll`], and
/// [`Link::poll_timeout`] returns when to poll again. Time may be virtual or real; a `now` before the last one counts
/// as the last one.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use sixfold::Time;
/// use sixfold::sim::{Link, LinkConfig};
///
/// let mut link = Link::new(LinkConfig::default().latency(Duration::from_millis(30)), 1);
/// link.send("frame", Time::ZERO);
/// assert_eq!(link.poll(Time::ZERO), None);
///
/// let due = link.poll_timeout().unwrap();
/// assert_eq!(due, Time::ZERO + Duration::from_millis(30));
/// assert_eq!(link.poll(due), Some("frame"));
/// assert_eq!(link.poll_timeout(), None);
/// ```
pub struct Link<F> {
    config: LinkConfig,
    dice: Dice,
    quick: Netem<Packet<F>>,
    slow: Netem<Packet<F>>,
    /// The emulator's instant of [`Time::ZERO`]. Only differences to it matter.
    origin: Instant,
    now: Time,
    stats: LinkStats,
}

/// The counters of a [`Link`].
///
/// `sent + doubled == lost + delivered + cleared +` what is in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkStats {
    /// Frames taken by [`Link::send`].
    pub sent: u64,
    /// Frames lost.
    pub lost: u64,
    /// Frames of which a second copy was sent.
    pub doubled: u64,
    /// Frames, copies included, returned by [`Link::poll`].
    pub delivered: u64,
    /// Frames, copies included, dropped by [`Link::clear`].
    pub cleared: u64,
}

impl<F: Clone> Link<F> {
    /// Makes an empty link; the seed determines which frames are lost, late, duplicated or overtaken.
    #[must_use]
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        let mut dice = Dice::new(seed, PURPOSE);
        let quick = Netem::new(config.quick_lane(dice.bits()));
        let slow = Netem::new(config.slow_lane(dice.bits()));
        let stats = LinkStats::default();
        Self { config, dice, quick, slow, origin: some_instant(), now: Time::ZERO, stats }
    }

    /// Sends a frame; returns the number of copies in flight: 0 when it is lost, 2 when it is duplicated, else 1.
    pub fn send(&mut self, frame: F, now: Time) -> usize {
        let now = self.advance(now);
        let lane = if self.dice.hits(self.config.slow_share()) { &mut self.slow } else { &mut self.quick };
        let before = lane.queue_len();
        lane.handle_input(Input::Packet(now, Packet(frame)));
        let copies = lane.queue_len() - before;
        self.stats.sent += 1;
        match copies {
            0 => self.stats.lost += 1,
            1 => {}
            more => self.stats.doubled += more as u64 - 1,
        }
        copies
    }

    /// Returns the next frame that has arrived by `now`; call it until `None`.
    #[must_use]
    pub fn poll(&mut self, now: Time) -> Option<F> {
        let now = self.advance(now);
        let (quick, slow) = (head(&self.quick), head(&self.slow));
        let lane = match (quick, slow) {
            (Some(quick), Some(slow)) if slow < quick => &mut self.slow,
            (None, Some(_)) => &mut self.slow,
            (Some(_) | None, Some(_) | None) => &mut self.quick,
        };
        lane.handle_input(Input::Timeout(now));
        match lane.poll_output() {
            Some(Output::Packet(Packet(frame))) => {
                self.stats.delivered += 1;
                Some(frame)
            }
            Some(Output::Timeout(_)) | None => None,
        }
    }

    /// Returns when the next frame arrives; `None` when none is in flight. Once [`Link::poll`] has returned `None`,
    /// this is later than its `now`.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let heads = [head(&self.quick), head(&self.slow)];
        let first = heads.into_iter().flatten().min()?;
        Some(Time::from_origin(first.saturating_duration_since(self.origin)))
    }

    /// Drops every frame in flight.
    pub fn clear(&mut self) {
        self.stats.cleared += self.in_flight() as u64;
        self.quick = Netem::new(self.config.quick_lane(self.dice.bits()));
        self.slow = Netem::new(self.config.slow_lane(self.dice.bits()));
    }

    /// Sets the config for frames sent from now on; those in flight are not affected.
    pub fn set_config(&mut self, config: LinkConfig) {
        self.quick.set_config(config.quick_lane(self.dice.bits()));
        self.slow.set_config(config.slow_lane(self.dice.bits()));
        self.config = config;
    }

    /// Returns the config.
    pub fn config(&self) -> &LinkConfig {
        &self.config
    }

    /// Returns the number of frames in flight, copies included.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.quick.queue_len() + self.slow.queue_len()
    }

    /// Returns the counters.
    #[must_use]
    pub fn stats(&self) -> LinkStats {
        self.stats
    }

    /// Moves time forward, never back, and returns it as the emulator's instant.
    fn advance(&mut self, now: Time) -> Instant {
        self.now = self.now.max(now);
        self.origin + Duration::from_nanos(self.now.as_nanos())
    }
}

impl<F> fmt::Debug for Link<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("config", &self.config).field("stats", &self.stats).finish_non_exhaustive()
    }
}

/// A frame inside the emulator, which needs a length for its rate limit; no link here has one.
#[derive(Clone)]
struct Packet<F>(F);

impl<F> WithLen for Packet<F> {
    fn len(&self) -> usize {
        1
    }
}

/// Returns when the oldest frame of a lane arrives. It does not ask an empty lane, which would read the clock.
fn head<F: Clone>(lane: &Netem<Packet<F>>) -> Option<Instant> {
    (!lane.is_empty()).then(|| lane.poll_timeout())
}

/// Returns any instant; only a clock can make one.
#[expect(clippy::disallowed_methods, reason = "the origin cancels out: only differences to it are ever used")]
fn some_instant() -> Instant {
    Instant::now()
}

/// Distinguishes a link's random numbers from others of the same seed.
const PURPOSE: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const MS: Duration = Duration::from_millis(1);

    fn at(millis: u32) -> Time {
        Time::ZERO + MS * millis
    }

    /// Sends `count` numbers 1 ms apart, and returns the arrivals with their exact times.
    fn run(link: &mut Link<u32>, count: u32) -> Vec<(Time, u32)> {
        let mut arrivals = Vec::new();
        let mut arrive = |link: &mut Link<u32>, until: Time| {
            while let Some(due) = link.poll_timeout().filter(|due| *due <= until) {
                while let Some(frame) = link.poll(due) {
                    arrivals.push((due, frame));
                }
                assert!(link.poll_timeout().is_none_or(|next| next > due));
            }
        };
        for n in 0..count {
            arrive(link, at(n));
            link.send(n, at(n));
        }
        arrive(link, Time::MAX);
        arrivals
    }

    fn rough() -> LinkConfig {
        LinkConfig::default().latency(20 * MS).jitter(10 * MS).loss(0.2).duplicate(0.1).reorder(0.1, 15 * MS)
    }

    #[test]
    fn a_perfect_link_gives_every_frame_at_once_in_order() {
        let mut link = Link::new(LinkConfig::default(), 3);
        let arrivals = run(&mut link, 100);
        let sent: Vec<_> = (0..100).map(|n| (at(n), n)).collect();
        assert_eq!(arrivals, sent);
    }

    #[test]
    fn a_frame_is_due_exactly_at_its_latency() {
        let mut link = Link::new(LinkConfig::default().latency(5 * MS), 3);
        link.send(1, at(1));
        assert_eq!(link.poll_timeout(), Some(at(6)));
        assert_eq!(link.poll(Time::from_nanos(at(6).as_nanos() - 1)), None);
        assert_eq!(link.poll_timeout(), Some(at(6)));
        assert_eq!(link.poll(at(6)), Some(1));
        assert_eq!(link.poll(at(6)), None);
        assert_eq!(link.poll_timeout(), None);
    }

    #[test]
    fn a_seed_determines_the_run() {
        let arrivals = run(&mut Link::new(rough(), 7), 1_000);
        assert_eq!(arrivals, run(&mut Link::new(rough(), 7), 1_000));
        assert_ne!(arrivals, run(&mut Link::new(rough(), 8), 1_000));
    }

    #[test]
    fn every_frame_is_accounted_for_and_the_shares_are_kept() {
        let mut link = Link::new(rough(), 5);
        let arrivals = run(&mut link, 10_000);
        let stats = link.stats();
        assert_eq!(stats.sent, 10_000);
        assert_eq!(stats.delivered, arrivals.len() as u64);
        assert_eq!(stats.sent + stats.doubled, stats.lost + stats.delivered);
        assert!((1_800..2_200).contains(&stats.lost), "{stats:?}");
        assert!((700..900).contains(&stats.doubled), "{stats:?}");
    }

    #[test]
    fn jitter_alone_reorders_nothing_and_a_slow_path_does() {
        let calm = LinkConfig::default().latency(20 * MS).jitter(20 * MS);
        let arrivals = run(&mut Link::new(calm.clone(), 2), 500);
        assert!(arrivals.is_sorted(), "jitter alone keeps the order");

        let arrivals = run(&mut Link::new(calm.reorder(0.1, 50 * MS), 2), 500);
        let overtaken = arrivals.windows(2).filter(|pair| pair[1].1 < pair[0].1).count();
        assert!((25..75).contains(&overtaken), "{overtaken} of 500");
        assert!(arrivals.is_sorted_by_key(|(time, _)| *time));
    }

    #[test]
    fn bursts_lose_frames_in_a_row() {
        let mut link = Link::new(LinkConfig::default().bursty_loss(20.0, 5.0), 11);
        let arrivals = run(&mut link, 10_000);
        let bursts = arrivals.windows(2).filter(|pair| pair[1].1 != pair[0].1 + 1).count() as u64;
        let lost = link.stats().lost;
        assert!((1_600..2_400).contains(&lost), "{lost} lost");
        assert!((3..7).contains(&(lost / bursts)), "{lost} lost in {bursts} bursts");
    }

    #[test]
    fn clearing_drops_what_is_in_flight() {
        let mut link = Link::new(LinkConfig::default().latency(5 * MS).reorder(0.5, MS), 3);
        for n in 0..10 {
            link.send(n, at(0));
        }
        link.clear();
        assert_eq!((link.in_flight(), link.poll_timeout(), link.poll(at(50))), (0, None, None));
        assert_eq!(link.stats().cleared, 10);
        link.send(99, at(50));
        assert_eq!(link.poll_timeout().and_then(|due| link.poll(due)), Some(99));
    }

    #[test]
    fn a_new_config_counts_for_frames_sent_from_then_on() {
        let mut link = Link::new(LinkConfig::default().latency(5 * MS), 3);
        link.send(1, at(0));
        link.set_config(LinkConfig::default().loss(1.0));
        assert_eq!(link.send(2, at(1)), 0);
        assert_eq!(link.poll(at(5)), Some(1));
        assert_eq!(link.poll_timeout(), None);
    }

    #[test]
    fn time_that_steps_back_counts_as_no_time_passed() {
        let mut link = Link::new(LinkConfig::default().latency(5 * MS), 3);
        link.send(1, at(10));
        link.send(2, at(3));
        assert_eq!(link.poll(at(15)), Some(1));
        assert_eq!(link.poll(at(0)), Some(2));
    }

    #[test]
    fn shares_outside_their_range_are_clamped() {
        for (share, copies) in [(f64::NAN, 1), (-1.0, 1), (7.0, 0)] {
            let config = LinkConfig::default().loss(share).bursty_loss(f64::NAN, f64::NAN).loss(share);
            assert_eq!(Link::new(config, 1).send((), Time::MAX), copies);
        }
    }
}
