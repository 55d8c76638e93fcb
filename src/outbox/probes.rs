//! Probes: questions about what the server has accepted.
//!
//! The rule: questions are timed per peer, not per message. The accepted messages of a peer stand in the order of (age of
//! stream, seq). While there are any, the peer has one timer, doubled per firing from `probe_initial` to `probe_max`.
//! When it fires, the newest message that was accepted since is asked about, then up to [`WALK`] others in a *walk*
//! that goes on where it ended; as far as there are tokens, and the rest at the next firing.
//!
//! What is learnt meanwhile brings the questions forward: ack:N in answer to a question lets two more go; ack:N of a
//! message at least three later in its stream lets all earlier ones go, once per connection; another server id for a
//! message proves that the server has forgotten, and lets all go. A question without an answer is followed by the whole
//! message.

use alloc::vec::Vec;

use super::Outbox;
use crate::collections::Key;
use crate::context::Context;
use crate::frame::Types;
use crate::id::SEQ_END;
use crate::time::Time;

/// The maximum number of questions of a walk.
const WALK: usize = 16;
/// The maximum number of messages that a walk looks at.
const MAX_LOOKS: usize = 64;
/// ack:N of a message asks about those that are this many seqs before it.
const REORDERING: u64 = 3;

/// What is known of a recipient.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recipient {
    /// The number of accepted messages to it.
    accepted: u32,
    /// How often its timer has fired since it was brought forward.
    level: u32,
    /// Where the walk goes on: a stream and a seq.
    walk: Option<(Key, u64)>,
    /// The message accepted last, and whether that was since the timer fired.
    newest: Option<Key>,
    newest_is_new: bool,
    /// When an ack:N that nobody asked for last brought the timer forward.
    hurried_at: Option<Time>,
}

impl<T: Types> Outbox<T> {
    /// When the next peer is asked about, for which a token is needed; [`Time::MAX`] for never.
    #[inline]
    pub(super) fn next_probe(&mut self, ctx: &Context<T>) -> Time {
        let due = self.probes.next_due();
        if due == Time::MAX { due } else { due.max(ctx.tokens.next_at()) }
    }

    /// The server has accepted a message.
    #[inline]
    pub(super) fn on_probed(&mut self, key: Key, stream: Key, ctx: &Context<T>) {
        let peer = self.streams[stream].peer;
        let recipient = self.streams.peer_state(peer);
        recipient.accepted += 1;
        (recipient.newest, recipient.newest_is_new) = (Some(key), true);
        if recipient.accepted == 1 {
            recipient.level = 0;
            self.probes.arm(peer, 0, 0, ctx.now);
        } else if recipient.level > 0 {
            self.hurry(peer, ctx);
        }
    }

    /// A message is accepted no more: delivered, failed or discarded.
    #[inline]
    pub(super) fn on_probed_no_more(&mut self, key: Key, stream: Key) {
        let peer = self.streams[stream].peer;
        let recipient = self.streams.peer_state(peer);
        recipient.accepted -= 1;
        if recipient.newest == Some(key) {
            recipient.newest = None;
        }
        if recipient.accepted == 0 {
            self.probes.disarm(peer);
        }
    }

    /// Brings the timer of a peer forward to the first interval.
    #[inline(never)]
    fn hurry(&mut self, peer: Key, ctx: &Context<T>) {
        let first = self.probes.due_if_armed(0, ctx.now);
        if self.probes.due(peer).is_some_and(|due| due > first) {
            self.streams.peer_state(peer).level = 0;
            self.probes.disarm(peer);
            self.probes.arm(peer, 0, 0, ctx.now);
        }
    }

    /// Fires the timers of peers. When one is due, those that are nearly due go along. Those for which there is no token
    /// stand before the others from then on, so that each is asked about in its turn.
    pub(super) fn fire_probes(&mut self, ctx: &mut Context<T>) {
        if !ctx.connected || self.next_probe(ctx) > ctx.now {
            return;
        }
        let mut tokens = usize::try_from(ctx.tokens.available(ctx.now)).unwrap_or(usize::MAX);
        tokens = tokens.saturating_sub(self.flights.iter(self.questions).take(tokens).count());
        let mut asked = Vec::new();
        while let Some(due) = self.probes.pop_nearly_due(ctx.now, &mut ctx.jitter) {
            ctx.stats.probes += 1;
            let recipient = self.streams.peer_state(due.key);
            recipient.level = recipient.level.saturating_add(1);
            if tokens == 0 {
                self.probes.arm(due.key, recipient.level, 0, ctx.now);
                continue;
            }
            asked.push((due.key, recipient.level));
            let newest = recipient.newest.filter(|_| core::mem::take(&mut recipient.newest_is_new));
            tokens -= usize::from(newest.is_some_and(|newest| self.ask(newest, ctx)));
            tokens -= self.walk(due.key, WALK.min(tokens), ctx);
        }
        for (peer, level) in asked {
            self.probes.arm(peer, level, 0, ctx.now);
        }
    }

    /// Asks about the next messages of a peer, at most `limit`; returns their number.
    fn walk(&mut self, peer: Key, limit: usize, ctx: &Context<T>) -> usize {
        let first = self.streams.of_peer(peer).next();
        let Some(start) = self.streams.peer_state(peer).walk.or(first.map(|stream| (stream, 0))) else { return 0 };
        let (mut stream, mut seq) = start;
        let (mut asked, mut looks, mut wrapped) = (0, 0, false);
        while asked < limit && looks < MAX_LOOKS {
            match self.streams[stream].live.first_from(seq) {
                Some((next, _)) if wrapped && stream == start.0 && next >= start.1 => break,
                Some((next, key)) => {
                    (seq, looks) = (next + 1, looks + 1);
                    asked += usize::from(self.ask(key, ctx));
                }
                None if wrapped && stream == start.0 => break,
                None => {
                    let after = self.streams.after(stream);
                    wrapped |= after.is_none();
                    looks += usize::from(self.streams[stream].live.is_empty());
                    (stream, seq) = (after.or(first).unwrap_or(stream), 0);
                }
            }
        }
        self.streams.peer_state(peer).walk = Some((stream, seq));
        asked
    }

    /// A stream is forgotten: a walk that is in it begins anew.
    pub(super) fn forget_walk(&mut self, stream: Key) {
        let peer = self.streams[stream].peer;
        let recipient = self.streams.peer_state(peer);
        recipient.walk = recipient.walk.filter(|(walk, _)| *walk != stream);
    }

    /// The recipient has confirmed a message. `answers` is whether it had been asked about.
    pub(super) fn on_recipient_heard(&mut self, stream: Key, seq: u64, answers: bool, ctx: &Context<T>) {
        let peer = self.streams[stream].peer;
        let recipient = self.streams.peer_state(peer);
        if recipient.accepted == 0 {
            return;
        }
        if recipient.level > 0 {
            let lately = recipient.hurried_at.is_some_and(|at| ctx.now < at + ctx.config.probe_max);
            if answers || !lately {
                if !answers {
                    recipient.hurried_at = Some(ctx.now);
                }
                self.hurry(peer, ctx);
            }
        }
        if answers {
            self.walk(peer, 2, ctx);
        }
        self.ask_overtaken(stream, seq, ctx);
    }

    /// ack:N of a message has overtaken those of earlier ones.
    #[inline]
    fn ask_overtaken(&mut self, stream: Key, seq: u64, ctx: &Context<T>) {
        let end = (seq + 1).saturating_sub(REORDERING);
        if self.streams[stream].una() < end {
            self.ask_below(stream, end, ctx);
        }
        let mut older = self.streams.before(stream);
        while let Some(stream) = older.filter(|stream| self.asked_below(*stream, ctx) < SEQ_END) {
            self.ask_below(stream, SEQ_END, ctx);
            older = self.streams.before(stream);
        }
    }

    /// Below this seq everything in a stream was asked about on this connection.
    fn asked_below(&self, stream: Key, ctx: &Context<T>) -> u64 {
        let stream = &self.streams[stream];
        if stream.asked_on == ctx.connection { stream.asked_below } else { 0 }
    }

    fn ask_below(&mut self, stream: Key, end: u64, ctx: &Context<T>) {
        let mut seq = self.asked_below(stream, ctx);
        while let Some((next, key)) = self.streams[stream].live.first_from(seq).filter(|(next, _)| *next < end) {
            self.ask(key, ctx);
            seq = next + 1;
        }
        let state = &mut self.streams[stream];
        (state.asked_below, state.asked_on) = (seq.max(end), ctx.connection);
    }

    /// Asks about all peers on a new connection, about two messages each, and starts their timers again.
    pub(super) fn ask_all_peers(&mut self, ctx: &Context<T>) {
        let peers: Vec<Key> = self.probes.keys().collect();
        for peer in peers {
            let newest = self.streams.peer_state(peer).newest;
            let asked = newest.is_some_and(|newest| self.ask(newest, ctx));
            self.walk(peer, 2 - usize::from(asked), ctx);
        }
        self.probes.restart(ctx.now);
    }

    /// The server has forgotten a message: it may have forgotten all. The others are asked about, the newest first, at
    /// most once per `probe_max`.
    #[inline(never)]
    pub(super) fn ask_all_but(&mut self, known: Key, ctx: &Context<T>) {
        let lately = self.lap_at.is_some_and(|at| ctx.now < at + ctx.config.probe_max);
        if lately || !ctx.connected {
            return;
        }
        self.lap_at = Some(ctx.now);
        let mut accepted: Vec<Key> = self.messages.keys().filter(|key| self.messages[*key].is_accepted()).collect();
        accepted.retain(|key| *key != known);
        accepted.sort_unstable_by_key(|key| {
            let message = &self.messages[*key];
            core::cmp::Reverse((message.queued_at, message.stream, message.seq))
        });
        for key in accepted {
            self.ask(key, ctx);
        }
    }
}
