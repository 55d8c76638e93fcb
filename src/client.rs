//! [`Client`]: passes each input to the sender half or the receiver half, and divides the tokens between them.
//!
//! Only this file and those of its folder know both halves; `turns.rs` ends every input.

mod memory_bound;
mod turns;

use core::time::Duration;

use crate::config::Config;
use crate::context::Context;
use crate::error::{ConfigError, ResendError, SendError, UnknownDelivery, UnknownMessage};
use crate::frame::{Incoming, Types};
use crate::id::MsgId;
use crate::inbox::{Copy, Inbox};
use crate::journal::Record;
use crate::outbox::Outbox;
use crate::output::Output;
use crate::rng::Seed;
use crate::stats::Stats;
use crate::status::{OutboxEntry, Status};
use crate::time::Time;
use turns::Turns;

/// One end of reliable messaging: sends, receives, repeats, deduplicates and keeps order, without doing I/O.
///
/// Inputs are method calls that carry the time; outputs are polled. After any input drain
/// [`poll_output`](Self::poll_output) until `None`, then wait for the next frame or until
/// [`poll_timeout`](Self::poll_timeout). The transport may lose, duplicate, delay and reorder frames; nothing else is
/// required of it.
///
/// A client starts disconnected. It is `Clone`, so that a test may fork it and explore both ways; two clones of one
/// client must never both be connected: both would use the same ids.
///
/// # Panics, errors
///
/// No input makes it panic. Errors report local misuse only; a received frame never causes one.
///
/// # Examples
///
/// ```
/// use sixfold::{Client, Config, Event, Incoming, Outgoing, Output, Seed, Time, Verdict};
///
/// # #[derive(Clone, Debug, PartialEq)]
/// # struct Chat;
/// # impl sixfold::Types for Chat { type Peer = u64; type Payload = &'static str; type ServerId = u64; }
/// let now = Time::ZERO;
/// let mut alice: Client<Chat> = Client::new(Config::default(), Seed::from_bytes([1; 32]), now)?;
/// alice.handle_connected(now);
///
/// let id = alice.send(2, "hello", now)?;
/// let frame = Outgoing::MsgR { id, to: 2, floor: 0, payload: Some("hello") };
/// assert_eq!(alice.poll_output(), Some(Output::Transmit(frame)));
///
/// alice.handle_frame(Incoming::MsgA { id, verdict: Verdict::Accepted(77) }, now);
/// assert_eq!(alice.poll_output(), Some(Output::Event(Event::Accepted { id, server_id: 77 })));
///
/// alice.handle_frame(Incoming::AckN { id, server_id: 77 }, now);
/// assert_eq!(alice.poll_output(), Some(Output::Event(Event::Delivered { id, server_id: 77 })));
/// assert!(alice.is_settled());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client<T: Types> {
    ctx: Context<T>,
    outbox: Outbox<T>,
    inbox: Inbox<T>,
    turns: Turns,
    /// The next deadline of the sender half.
    sending_deadline: Time,
    /// The next token, if something waits for one; else [`Time::MAX`].
    token_deadline: Time,
    /// The next deadline, on the client's own clock; [`Time::MAX`] for none.
    deadline: Time,
}

impl<T: Types> Client<T> {
    /// Makes an empty, disconnected client.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the first field of `config` that cannot work.
    #[expect(clippy::needless_pass_by_value, reason = "a seed is used once")]
    pub fn new(config: Config, seed: Seed, now: Time) -> Result<Self, ConfigError> {
        config.check()?;
        let mut ctx = Context::new(config, &seed, now);
        Ok(Self {
            outbox: Outbox::new(&ctx.config, &seed, now, &mut ctx.jitter),
            inbox: Inbox::new(&ctx.config, &seed, &mut ctx.jitter),
            turns: Turns::new(),
            sending_deadline: Time::MAX,
            token_deadline: Time::MAX,
            deadline: Time::MAX,
            ctx,
        })
    }

    /// Makes a client from the journal of an earlier one. It is disconnected and emits nothing; the restored messages
    /// are in [`outbox`](Self::outbox).
    ///
    /// `records` may be any prefix of what was emitted, or a [snapshot](Self::records) and any prefix of what came
    /// after it; records applied twice do no harm, and those of unknown messages are ignored. The seed must be fresh:
    /// new messages get new streams, restored ones keep their ids. `now` should run on the clock that the journal was
    /// written with: "wall clock at the start + monotonic time since", origin the Unix epoch; a time later than `now`
    /// is taken as `now`.
    ///
    /// What was handed over and not confirmed is handed over again. Messages to a peer with restored ones wait until each
    /// of those is accepted or failed, was put off by the server, or does not get through although others do; a server
    /// pushes in the order in which it accepted. What has expired meanwhile fails at the first input.
    ///
    /// # Errors
    ///
    /// As [`Client::new`].
    ///
    /// # Examples
    ///
    /// See [`Record`] for the transaction in which records belong.
    ///
    /// ```
    /// use sixfold::{Client, Config, Output, Seed, Status, Time};
    ///
    /// # #[derive(Clone, Debug, PartialEq)]
    /// # struct Chat;
    /// # impl sixfold::Types for Chat { type Peer = u64; type Payload = &'static str; type ServerId = u64; }
    /// let config = Config::default().journal(true);
    /// let mut client: Client<Chat> = Client::new(config.clone(), Seed::from_bytes([1; 32]), Time::ZERO)?;
    /// let id = client.send(2, "hello", Time::ZERO)?;
    ///
    /// let mut journal = Vec::new();
    /// while let Some(output) = client.poll_output() {
    ///     if let Output::Persist(record) = output {
    ///         journal.push(record);
    ///     }
    /// }
    /// drop(client); // killed
    ///
    /// let later = Time::from_nanos(5);
    /// let client: Client<Chat> = Client::restore(config, Seed::from_bytes([2; 32]), journal, later)?;
    /// assert_eq!(client.status(id), Some(Status::OnWire), "it may have left");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore(
        config: Config,
        seed: Seed,
        records: impl IntoIterator<Item = Record<T>>,
        now: Time,
    ) -> Result<Self, ConfigError> {
        let mut client = Self::new(config, seed, now)?;
        for record in records {
            match record {
                Record::Confirmed { from, id, at } => client.inbox.restore_confirmed(&from, id, at, &client.ctx),
                Record::Seen { from, stream, ranges, heard } => {
                    client.inbox.restore_seen(&from, stream, ranges, heard, &client.ctx);
                }
                Record::Queued { .. }
                | Record::Accepted { .. }
                | Record::Delivered { .. }
                | Record::Failed { .. }
                | Record::Resent { .. }
                | Record::Discarded { .. } => client.outbox.restore(record, &client.ctx),
            }
        }
        client.outbox.end_restore();
        client.inbox.end_restore();
        client.note_deadline(Time::MAX);
        Ok(client)
    }

    /// Returns the shortest journal that restores this client; to keep a journal short, replace it by this one.
    ///
    /// It has one to three records for each message that is not delivered and one for each remembered incoming stream,
    /// whatever the client has done before. Call it when `poll_output` has returned `None` and the batch is committed.
    pub fn records(&self) -> impl Iterator<Item = Record<T>> + '_ {
        self.outbox.records(&self.ctx).chain(self.inbox.records(&self.ctx.clock))
    }

    /// Sends a message to `to` and repeats it until it is delivered or fails.
    ///
    /// It works while disconnected too: the message then waits.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] gives the payload back when `outbox_capacity` messages are not delivered; failed ones count.
    #[expect(clippy::needless_pass_by_value, reason = "an address is given away like the payload")]
    pub fn send(&mut self, to: T::Peer, payload: T::Payload, now: Time) -> Result<MsgId, SendError<T>> {
        self.begin_input(now);
        let is_due = self.ctx.now >= self.deadline;
        let sent = self.outbox.send(&to, payload, is_due, &mut self.ctx);
        self.end_input();
        sent
    }

    /// Confirms that the application has handled message `id` of `from`: sends ack:R. Confirming twice has no effect.
    ///
    /// Confirm what was handled for good, for example once it is in the database: a confirmed message is not handed
    /// over again.
    ///
    /// # Errors
    ///
    /// [`UnknownDelivery`] when no such message was handed over, or its stream is no longer remembered.
    pub fn confirm(&mut self, from: &T::Peer, id: MsgId, now: Time) -> Result<(), UnknownDelivery> {
        self.begin_input(now);
        let confirmed = self.inbox.confirm(from, id, &mut self.ctx);
        self.end_receiving();
        confirmed
    }

    /// Releases message `id` of `from` unhandled: its next copy is handed over again.
    ///
    /// The sender repeats it after its own timeout. Since the stream has gone on, it comes back with
    /// [`late`](crate::Delivery::late) set.
    ///
    /// # Errors
    ///
    /// [`UnknownDelivery`] when no such message is with the application: never handed over, or confirmed already.
    pub fn release(&mut self, from: &T::Peer, id: MsgId, now: Time) -> Result<(), UnknownDelivery> {
        self.begin_input(now);
        let released = self.inbox.release(from, id);
        self.end_receiving();
        released
    }

    /// Sends a failed message again, with the same id; its attempts and its expiry start anew.
    ///
    /// The receiver deduplicates it if it had arrived after all.
    ///
    /// # Errors
    ///
    /// [`ResendError::NotFailed`] while it is live; [`ResendError::TooOld`] from `lifetime` after `send` on, when a
    /// receiver may have forgotten it and would hand it over twice; [`ResendError::Unknown`] when it was delivered or
    /// discarded or never was.
    pub fn resend(&mut self, id: MsgId, now: Time) -> Result<(), ResendError> {
        self.begin_input(now);
        let resent = self.outbox.resend(id, &mut self.ctx);
        self.end_input();
        resent
    }

    /// Cancels or drops an undelivered message and returns its payload. No event is emitted.
    ///
    /// A message that was transmitted may still arrive.
    ///
    /// # Errors
    ///
    /// [`UnknownMessage`] when it was delivered or discarded or never was.
    pub fn discard(&mut self, id: MsgId, now: Time) -> Result<T::Payload, UnknownMessage> {
        self.begin_input(now);
        let discarded = self.outbox.discard(id, &mut self.ctx);
        self.end_input();
        discarded
    }

    /// Handles a new connection: what the last one left unanswered is transmitted again as tokens allow, and each
    /// recipient of accepted messages is asked about.
    ///
    /// Connectionless transports call this once. A call while connected means a new connection.
    pub fn handle_connected(&mut self, now: Time) {
        if self.ctx.connected {
            self.handle_disconnected(now);
        }
        self.begin_input(now);
        self.ctx.on_connected();
        self.ctx.liveness.on_heard(self.ctx.now);
        self.inbox.on_connected(&mut self.ctx);
        self.outbox.on_connected(&mut self.ctx);
        self.end_input();
    }

    /// Handles the end of the connection. Frames that were not polled yet are dropped and transmitted on the next one.
    pub fn handle_disconnected(&mut self, now: Time) {
        self.begin_input(now);
        self.ctx.connected = false;
        self.ctx.drop_transmits();
        self.inbox.on_disconnected();
        self.outbox.on_disconnected(&mut self.ctx);
        self.end_input();
    }

    /// Handles a received frame. Late, repeated, unknown and forged ones are normal: counted in [`Stats`] and ignored.
    pub fn handle_frame(&mut self, frame: Incoming<T>, now: Time) {
        self.begin_input(now);
        self.ctx.liveness.on_heard(self.ctx.now);
        match frame {
            Incoming::MsgA { id, verdict } => {
                self.ctx.stats.msg_a += 1;
                self.outbox.on_msg_a(id, verdict, &mut self.ctx);
                self.end_input();
            }
            Incoming::MsgN { id, from, server_id, floor, payload } => {
                self.ctx.stats.msg_n += 1;
                self.inbox.on_msg_n(id, Copy { from, server_id, floor, payload }, &mut self.ctx);
                self.end_receiving();
            }
            Incoming::AckA { id, from } => {
                self.ctx.stats.ack_a += 1;
                self.inbox.on_ack_a(from, id, &mut self.ctx);
                self.end_receiving();
            }
            Incoming::AckN { id, server_id } => {
                self.ctx.stats.ack_n += 1;
                self.outbox.on_ack_n(id, server_id, &mut self.ctx);
                self.end_input();
            }
        }
    }

    /// Fires what is due. Calling it early, late or twice is harmless.
    pub fn handle_timeout(&mut self, now: Time) {
        self.begin_input(now);
        self.end_input();
    }

    /// Returns the next output; after any input call it until `None`.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output<T>> {
        self.ctx.poll_output()
    }

    /// The exact time of the next [`handle_timeout`](Self::handle_timeout), by the caller's clock; `None` for never.
    ///
    /// While output waits it is the last `now`: drain first.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let due = if self.ctx.has_output() { self.ctx.now } else { self.deadline };
        (due < Time::MAX).then(|| self.ctx.clock.to_caller_time(due))
    }

    /// Returns the state of a message; `None` when it was delivered or discarded, or never was.
    #[must_use]
    pub fn status(&self, id: MsgId) -> Option<Status> {
        self.outbox.status(id)
    }

    /// Returns the messages that are not delivered: by peer, and within each in sending order.
    pub fn outbox(&self) -> impl Iterator<Item = OutboxEntry<'_, T>> {
        self.outbox.iter()
    }

    /// Returns the messages that were handed over and that the application has not confirmed.
    pub fn unconfirmed(&self) -> impl Iterator<Item = (&T::Peer, MsgId)> {
        self.inbox.unconfirmed()
    }

    /// Returns whether it is safe to close: no output waits, no message is live (failed ones do not count), no ack:R
    /// waits for its ack:A.
    ///
    /// It reports what this client knows: one that has not connected yet and has nothing to send is settled, whatever
    /// the server may hold for it.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.ctx.has_output() && self.outbox.is_settled() && self.inbox.is_settled()
    }

    /// Returns the counters and gauges.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.ctx.stats;
        self.outbox.gauge(&mut stats);
        self.inbox.gauge(&mut stats);
        stats.rto = Duration::from_nanos(self.ctx.rto.current());
        stats.srtt = self.ctx.rto.srtt();
        stats
    }
}
