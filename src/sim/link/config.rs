//! The configuration of a link. Shares are 0.0 to 1.0; values outside are clamped.

use core::time::Duration;

use str0m_netem::{GilbertElliot, LossModel, NetemConfig, Probability, RandomLoss};

/// The configuration of a [`Link`](super::Link); by default it is perfect: no loss, no latency.
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
    /// This share, each frame independently.
    Random(f64),
    /// All frames of a burst, none between bursts: the mean lengths of both, in frames.
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
    /// Sets how long a frame takes: up to 10 years, default zero.
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Sets the maximum deviation from the latency, longer or shorter: up to 10 years, default zero.
    ///
    /// Jitter alone does not reorder: a frame that would overtake the one before it waits for it.
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Sets the share of frames that is lost, each independently: 0.0 to 1.0, default 0.0. Replaces
    /// [`LinkConfig::bursty_loss`].
    pub const fn loss(mut self, share: f64) -> Self {
        self.loss = Loss::Random(share);
        self
    }

    /// Loses frames in bursts (the Gilbert–Elliott model): on average `good` frames pass, then `bad` frames are lost.
    /// Both from 1.0. Replaces [`LinkConfig::loss`].
    pub const fn bursty_loss(mut self, good: f64, bad: f64) -> Self {
        self.loss = Loss::Bursty { good, bad };
        self
    }

    /// Sets the share of the frames not lost that arrives twice: 0.0 to 1.0, default 0.0.
    pub const fn duplicate(mut self, share: f64) -> Self {
        self.duplicate = share;
        self
    }

    /// Sets the share of frames that takes a second path, slower by `delay`, so that later frames overtake them: 0.0 to
    /// 1.0, default 0.0; the delay up to 10 years. Each path has its own loss bursts.
    pub const fn reorder(mut self, share: f64, delay: Duration) -> Self {
        self.reorder = share;
        self.reorder_delay = delay;
        self
    }

    /// Returns the share of frames that takes the slow path.
    pub(super) fn slow_share(&self) -> f64 {
        self.reorder
    }

    /// Returns the emulator's config for the fast path.
    pub(super) fn quick_lane(&self, seed: u64) -> NetemConfig {
        self.lane(self.latency, seed)
    }

    /// Returns the emulator's config for the slow path.
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
            .latency(latency.min(MAX_DELAY))
            .jitter(self.jitter.min(MAX_DELAY))
            .loss(loss)
            .duplicate(probability(self.duplicate))
            .seed(seed)
    }
}

/// Returns the emulator's probability; NaN counts as 0.
fn probability(share: f64) -> Probability {
    #[expect(clippy::cast_possible_truncation, reason = "the emulator counts in f32")]
    let share = share.clamp(0.0, 1.0) as f32;
    Probability(if share.is_nan() { 0.0 } else { share })
}

/// Returns the emulator's mean run of frames; NaN counts as one.
fn frames(mean: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the emulator counts in f32")]
    let mean = mean.max(1.0) as f32;
    mean
}

/// Far below the maximum of an `Instant`.
const MAX_DELAY: Duration = Duration::from_secs(10 * 366 * 24 * 3600);
