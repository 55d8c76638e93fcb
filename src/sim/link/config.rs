//! What a link does to frames: shares are 0.0 to 1.0, and what lies outside is taken as the nearer end.

use core::time::Duration;

use str0m_netem::{GilbertElliot, LossModel, NetemConfig, Probability, RandomLoss};

/// What a [`Link`](super::Link) does to the frames it carries; the default is perfect: nothing is lost, nothing takes time.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use sixfold::sim::LinkConfig;
///
/// let mobile = LinkConfig::default()
///     .latency(Duration::from_millis(60))
///     .jitter(Duration::from_millis(15))
///     .bursty_loss(100.0, 2.0)
///     .duplicate(0.01)
///     .reorder(0.05, Duration::from_millis(40));
/// assert_ne!(mobile, LinkConfig::default());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct LinkConfig {
    latency: Duration,
    jitter: Duration,
    loss: Loss,
    duplicate: f64,
    reorder: f64,
    reorder_delay: Duration,
}

/// Which frames are lost.
#[derive(Clone, Debug, PartialEq)]
enum Loss {
    /// This share, each on its own.
    Random(f64),
    /// All of a burst, none between bursts: the mean lengths of both, in frames.
    Bursty { good: f64, bad: f64 },
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: Loss::Random(0.0),
            duplicate: 0.0,
            reorder: 0.0,
            reorder_delay: Duration::ZERO,
        }
    }
}

impl LinkConfig {
    /// How long a frame takes: up to 10 years, default zero.
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// By how much at most the latency of a frame is longer or shorter: up to 10 years, default zero.
    ///
    /// Jitter alone reorders nothing: a frame that would overtake the one before it waits for it.
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Which share of frames is lost, each on its own: 0.0 to 1.0, default 0.0. Replaces [`LinkConfig::bursty_loss`].
    pub const fn loss(mut self, share: f64) -> Self {
        self.loss = Loss::Random(share);
        self
    }

    /// Loses frames in bursts (the Gilbert–Elliott model): on average `good` frames pass, then `bad` frames are lost. Both
    /// from 1.0. Replaces [`LinkConfig::loss`].
    pub const fn bursty_loss(mut self, good: f64, bad: f64) -> Self {
        self.loss = Loss::Bursty { good, bad };
        self
    }

    /// Which share of the frames that are not lost arrives twice: 0.0 to 1.0, default 0.0.
    pub const fn duplicate(mut self, share: f64) -> Self {
        self.duplicate = share;
        self
    }

    /// Which share of frames takes a second path that is slower by `delay`, so that frames sent later overtake them: 0.0
    /// to 1.0, default 0.0; the delay up to 10 years. Loss in bursts keeps a count of its own on each path.
    pub const fn reorder(mut self, share: f64, delay: Duration) -> Self {
        self.reorder = share;
        self.reorder_delay = delay;
        self
    }

    /// Which share of frames takes the slow path.
    pub(super) fn slow_share(&self) -> f64 {
        self.reorder
    }

    /// What the emulator is told about the quick path.
    pub(super) fn quick_lane(&self, seed: u64) -> NetemConfig {
        self.lane(self.latency, seed)
    }

    /// What the emulator is told about the slow path.
    pub(super) fn slow_lane(&self, seed: u64) -> NetemConfig {
        self.lane(self.latency.saturating_add(self.reorder_delay), seed)
    }

    fn lane(&self, latency: Duration, seed: u64) -> NetemConfig {
        let loss: LossModel = match self.loss {
            Loss::Random(share) => RandomLoss::new(probability(share)).into(),
            Loss::Bursty { good, bad } => {
                GilbertElliot::new().good_duration(frames(good)).bad_duration(frames(bad)).into()
            }
        };
        NetemConfig::new()
            .latency(latency.min(LONGEST))
            .jitter(self.jitter.min(LONGEST))
            .loss(loss)
            .duplicate(probability(self.duplicate))
            .seed(seed)
    }
}

/// The emulator's probability; what is no number counts as never.
fn probability(share: f64) -> Probability {
    #[expect(clippy::cast_possible_truncation, reason = "the emulator counts in f32")]
    let share = share.clamp(0.0, 1.0) as f32;
    Probability(if share.is_nan() { 0.0 } else { share })
}

/// The emulator's mean run of frames; what is no number counts as one.
fn frames(mean: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the emulator counts in f32")]
    let mean = mean.max(1.0) as f32;
    mean
}

/// Far from where an `Instant` ends.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);
