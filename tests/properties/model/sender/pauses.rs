//! `RetryAfter`: a stream pauses; when two are told so at the same time, all do.

use sixfold::MsgId;

use super::floors::Announcement;
use super::{Place, Sender, Stream};
use crate::model::shared::Shared;

impl Sender {
    /// A pause that is over ends here, if not before.
    pub(super) fn is_paused(&mut self, peer: u64, shared: &Shared) -> bool {
        let stream = self.stream(peer);
        stream.paused_until = stream.paused_until.filter(|until| *until > shared.now);
        let is_paused = stream.paused_until.is_some();
        self.refresh(peer);
        is_paused
    }

    /// What waits in `again` gives its place back: a paused stream has nothing there.
    pub(super) fn pause(&mut self, peer: u64, pause: u64, shared: &Shared) {
        let stream = self.stream(peer);
        let until = stream.paused_until.unwrap_or(0).max(shared.now + pause);
        stream.paused_until = Some(until);
        for id in stream.again.clone() {
            self.put_off(id);
        }
        self.refresh(peer);
        let other = self.last_retry.filter(|(other, end)| *other != peer && *end > shared.now);
        if let Some((_, end)) = other {
            self.paused_until = self.paused_until.max(Some(end.max(until)));
        }
        self.last_retry = Some((peer, until));
    }

    /// A message of a paused stream is not transmitted before the end of the pause.
    pub(super) fn put_off(&mut self, id: MsgId) {
        if self.message(id).is_accepted() {
            self.rest(id);
        } else {
            self.give_back_place(id);
        }
    }

    pub(super) fn give_back_place(&mut self, id: MsgId) {
        self.find(id).unwrap().tries.has_place = false;
        self.move_to(if self.is_suspect(id) { Place::Suspects } else { Place::Reentry }, id);
    }

    /// Whether something waits for the end of the pause of a stream.
    fn waits(&self, peer: u64) -> bool {
        let stream = &self.streams[&peer];
        let announces = stream.announcement == Announcement::Wanted;
        announces || !stream.reentry.is_empty() || self.fresh(peer).is_some()
    }

    /// A pause for whose end nothing waits ends later: when something needs to know.
    pub fn end_pauses(&mut self, shared: &Shared) {
        self.paused_until = self.paused_until.filter(|until| *until > shared.now);
        let mut over: Vec<(u64, usize, u64)> = Vec::new();
        for (peer, stream) in &self.streams {
            let end = stream.paused_until.filter(|until| *until <= shared.now && self.waits(*peer));
            over.extend(end.map(|end| (end, stream.order, *peer)));
        }
        over.sort_unstable();
        for (_, _, peer) in over {
            self.stream(peer).paused_until = None;
            self.refresh(peer);
            self.expedite(peer, shared);
        }
    }

    /// Returns when something may go that waits for the end of the pause of its stream. A first transmission needs no
    /// token.
    pub(super) fn next_pause_end(&self, shared: &Shared) -> Option<u64> {
        let end = |(peer, stream): (&u64, &Stream)| {
            let until = stream.paused_until.filter(|_| self.waits(*peer))?;
            Some(if self.fresh(*peer).is_some() { until } else { until.max(shared.next_token()) })
        };
        self.streams.iter().filter_map(end).min()
    }
}
