//! `RetryAfter`: a stream pauses; when two are told so at the same time, all do.

use super::Sender;
use crate::model::shared::Shared;

impl Sender {
    pub(super) fn pause(&mut self, peer: u64, pause: u64, shared: &Shared) {
        let stream = self.stream(peer);
        let until = stream.paused_until.unwrap_or(0).max(shared.now + pause);
        stream.paused_until = Some(until);
        self.refresh(peer);
        let other = self.last_retry.filter(|(other, end)| *other != peer && *end > shared.now);
        if let Some((_, end)) = other {
            self.paused_until = self.paused_until.max(Some(end.max(until)));
        }
        self.last_retry = Some((peer, until));
    }

    pub fn end_pauses(&mut self, shared: &Shared) {
        self.paused_until = self.paused_until.filter(|until| *until > shared.now);
        let mut over: Vec<(u64, usize, u64)> = Vec::new();
        for (peer, stream) in &self.streams {
            let end = stream.paused_until.filter(|until| *until <= shared.now);
            over.extend(end.map(|end| (end, stream.order, *peer)));
        }
        over.sort_unstable();
        for (_, _, peer) in over {
            self.stream(peer).paused_until = None;
            self.refresh(peer);
        }
    }

    /// Returns when the first pause of a stream ends; one that has no first transmission to make needs a token too.
    pub(super) fn next_pause_end(&self, shared: &Shared) -> Option<u64> {
        let end = |(peer, until): (&u64, u64)| match self.fresh(*peer) {
            Some(_) => until,
            None => until.max(shared.next_token()),
        };
        let paused = self.streams.iter().filter_map(|(peer, stream)| Some((peer, stream.paused_until?)));
        paused.map(end).min()
    }
}
