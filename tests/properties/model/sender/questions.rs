//! Questions how accepted messages stand. Each peer has one timer for all of its messages.

use sixfold::MsgId;

use super::{Place, Sender, Tries};
use crate::model::rto::{delay, top};
use crate::model::shared::{Shared, nanos};
use crate::model::timers::are_tied;

/// What is known of a peer.
#[derive(Clone, Debug, Default)]
pub(super) struct Peer {
    level: u32,
    /// The seq at which the walk goes on.
    walk: u64,
    newest: Option<MsgId>,
    /// It was accepted since the timer last fired.
    newest_is_fresh: bool,
    /// When an ack:N that answered no question last brought the timer forward.
    forward_at: Option<u64>,
    /// What is below was asked about on this connection, since a later one was delivered.
    let_go: u64,
}

impl Peer {
    pub(super) const fn on_connected(&mut self) {
        self.let_go = 0;
    }
}

fn probe_delay(level: u32, shared: &Shared) -> u64 {
    let [initial, max] = shared.knobs.probe.map(nanos);
    delay(initial, level, max)
}

impl Sender {
    fn peer(&mut self, peer: u64) -> &mut Peer {
        &mut self.stream(peer).questions
    }

    fn is_accepted(&self, id: MsgId) -> bool {
        self.live().any(|message| message.id == id && message.is_accepted())
    }

    /// An accepted message waits for the walk, and nothing was tried with it.
    pub(super) fn rest(&mut self, id: MsgId) {
        self.move_to(Place::Nowhere, id);
        self.find(id).unwrap().tries = Tries::default();
    }

    /// Returns whether the question waits now and did not before.
    pub(super) fn ask(&mut self, id: MsgId, shared: &Shared) -> bool {
        if self.find(id).is_none() || self.is_paused(self.message(id).to, shared) {
            return false;
        }
        let asks = shared.connected && self.is_accepted(id) && self.place(id) == Place::Nowhere;
        if asks {
            self.move_to(Place::Questions, id);
        }
        asks
    }

    /// The timer of a peer runs while it has accepted messages; it fires only while there is a connection.
    pub(super) fn recount(&mut self, peer: u64, shared: &Shared) {
        let waits = self.probes.runs(peer);
        let has_some = self.live_of(peer).into_iter().any(|message| message.is_accepted());
        if has_some && !waits {
            self.start_probe(peer, shared);
        } else if !has_some {
            self.probes.stop(peer);
            self.peer(peer).level = 0;
        }
    }

    pub(super) fn start_probe(&mut self, peer: u64, shared: &Shared) {
        let level = self.peer(peer).level;
        self.probes.start(peer, level, shared.now);
    }

    pub(super) fn on_newest(&mut self, id: MsgId, shared: &Shared) {
        let to = self.message(id).to;
        let peer = self.peer(to);
        (peer.newest, peer.newest_is_fresh) = (Some(id), true);
        self.forward(to, shared);
    }

    /// Brings the timer of a peer forward to the first interval, never back.
    fn forward(&mut self, peer: u64, shared: &Shared) {
        let Some(timer) = self.probes.get(peer) else { return };
        if shared.now + probe_delay(0, shared) < timer.entered + probe_delay(timer.list, shared) {
            self.peer(peer).level = 0;
            self.start_probe(peer, shared);
        }
    }

    /// Returns when the first timer of a peer fires: each needs a token.
    pub(super) fn next_probe(&self, shared: &Shared) -> Option<u64> {
        let by_deadline = self.probes.by_deadline(|timer| probe_delay(timer.list, shared));
        by_deadline.first().map(|(due, _)| (*due).max(shared.next_token()))
    }

    /// The first timer is due. Those that nearly are fire with it. Those that get no token come first the next time.
    pub(super) fn fire_peers(&mut self, shared: &Shared) {
        let nearly = |delay: u64| delay - delay / 8;
        let mut together = self.probes.by_deadline(|timer| nearly(probe_delay(timer.list, shared)));
        together.retain(|(due, _)| *due <= shared.now);
        self.ambiguous |= are_tied(&together);
        let [initial, max] = shared.knobs.probe.map(nanos);
        let mut asked = Vec::new();
        for (_, timer) in together {
            let peer = self.peer(timer.key);
            peer.level = (peer.level + 1).min(top(initial, max));
            if self.tokens_left(shared) == 0 {
                self.start_probe(timer.key, shared);
            } else {
                self.ask_on_timer(timer.key, shared);
                asked.push(timer.key);
            }
        }
        asked.into_iter().for_each(|peer| self.start_probe(peer, shared));
    }

    /// Only as many questions as tokens are at hand.
    fn ask_on_timer(&mut self, peer: u64, shared: &Shared) {
        let fresh = std::mem::take(&mut self.peer(peer).newest_is_fresh);
        let newest = self.peer(peer).newest.filter(|_| fresh);
        newest.map(|id| self.ask(id, shared));
        self.walk(peer, self.tokens_left(shared).min(16), shared);
    }

    fn tokens_left(&self, shared: &Shared) -> usize {
        usize::try_from(shared.tokens()).unwrap().saturating_sub(self.questions.len())
    }

    /// Asks about this many messages at most, from where the last walk has ended, once around.
    fn walk(&mut self, peer: u64, mut most: usize, shared: &Shared) {
        let from = self.peer(peer).walk;
        let mut live: Vec<(u64, MsgId)> = self.live_of(peer).into_iter().map(|m| (m.seq(), m.id)).collect();
        let after = live.partition_point(|(seq, _)| *seq < from);
        let round = live[..after].last().map_or(0, |(seq, _)| seq + 1);
        live.rotate_left(after);
        for (n, (seq, id)) in (1..).zip(live.iter().copied()) {
            if most == 0 {
                return;
            }
            most -= usize::from(self.ask(id, shared));
            self.peer(peer).walk = seq + 1;
            if n == 64 {
                return;
            }
        }
        if most > 0 {
            self.peer(peer).walk = round;
        }
    }

    /// ack:N of this seq came, possibly in answer to a question.
    pub(super) fn on_recipient_heard(&mut self, peer: u64, seq: u64, answer: bool, shared: &Shared) {
        if !self.probes.runs(peer) {
            return;
        }
        let lately = |at: u64| shared.now - at < nanos(shared.knobs.probe[1]);
        if answer {
            self.forward(peer, shared);
            self.walk(peer, 2, shared);
        } else if self.peer(peer).level > 0 && !self.peer(peer).forward_at.is_some_and(lately) {
            self.peer(peer).forward_at = Some(shared.now);
            self.forward(peer, shared);
        }
        self.let_go(peer, (seq + 1).saturating_sub(3), shared);
    }

    /// Asks about what is below, once per connection.
    fn let_go(&mut self, peer: u64, end: u64, shared: &Shared) {
        let from = self.peer(peer).let_go;
        if self.floor(peer) >= end {
            return;
        }
        self.peer(peer).let_go = end.max(from);
        let live: Vec<(u64, MsgId)> = self.live_of(peer).into_iter().map(|m| (m.seq(), m.id)).collect();
        for (_, id) in live.into_iter().filter(|(seq, _)| (from..end).contains(seq)) {
            self.ask(id, shared);
        }
    }

    /// The server has forgotten something: asks about everything, the newest first.
    pub(super) fn lap(&mut self, known: MsgId, shared: &Shared) {
        let lately = self.last_lap.is_some_and(|at| shared.now - at < nanos(shared.knobs.probe[1]));
        if lately || !shared.connected {
            return;
        }
        self.last_lap = Some(shared.now);
        let mut accepted: Vec<MsgId> = self.live().filter(|m| m.is_accepted() && m.id != known).map(|m| m.id).collect();
        accepted.sort_by_key(|id| (self.message(*id).queued_at, self.position(*id)));
        for id in accepted.into_iter().rev() {
            self.ask(id, shared);
        }
    }

    /// Asks about the newest and one of the walk, or about two of the walk.
    pub(super) fn ask_on_connect(&mut self, peer: u64, shared: &Shared) {
        let before = self.questions.len();
        let newest = self.peer(peer).newest;
        newest.map(|id| self.ask(id, shared));
        self.walk(peer, 2 + before - self.questions.len(), shared);
    }
}
