//! sixfold's interface with nothing behind it: what the loop, its frames, ids and outputs cost by themselves.

use std::sync::Arc;

use sixfold::{
    Config, Delivery, Event, FailReason, Incoming, MsgId, Outgoing, Output, SendError, StreamId, Time, UnknownDelivery,
    Verdict,
};

use super::machine::Machine;
use super::{Chat, Setup};

/// Turns each input into its output. It repeats nothing, recognises nothing and waits for nothing: all that it keeps is
/// what was not polled yet, and the number of the next message.
#[derive(Debug, Default)]
pub(crate) struct Interface {
    outputs: Queue,
    next_seq: u64,
}

impl Setup for Interface {
    type Machine = Self;

    fn machine(_: Config) -> Self {
        Self::default()
    }
}

impl Machine for Interface {
    fn send(&mut self, to: u64, payload: Arc<[u8]>, _: Time) -> Result<MsgId, SendError<Chat>> {
        let seq = self.next_seq;
        self.next_seq += 1;
        let id = MsgId::new(STREAM, seq).expect("few messages");
        self.outputs.push(Output::Transmit(Outgoing::MsgR { id, to, floor: seq, payload: Some(payload) }));
        Ok(id)
    }

    fn confirm(&mut self, from: &u64, id: MsgId, _: Time) -> Result<(), UnknownDelivery> {
        self.outputs.push(Output::Transmit(Outgoing::AckR { id, from: *from }));
        Ok(())
    }

    fn handle_connected(&mut self, _: Time) {}

    fn handle_disconnected(&mut self, _: Time) {}

    fn handle_frame(&mut self, frame: Incoming<Chat>, _: Time) {
        match frame {
            Incoming::MsgA { id, verdict: Verdict::Accepted(server_id) } => {
                self.tell(Event::Accepted { id, server_id })
            }
            Incoming::MsgA { id, verdict: Verdict::Rejected(rejection) } => {
                self.tell(Event::Failed { id, reason: FailReason::Rejected(rejection) });
            }
            Incoming::MsgA { verdict: Verdict::RetryAfter(_), .. } => {}
            Incoming::MsgN { id, from, server_id, payload, .. } => {
                self.tell(Event::Received(Delivery { from, id, server_id, payload, late: false }));
            }
            Incoming::AckA { id, from } => self.tell(Event::AckSettled { from, id }),
            Incoming::AckN { id, server_id } => self.tell(Event::Delivered { id, server_id }),
        }
    }

    fn handle_timeout(&mut self, _: Time) {}

    fn poll_output(&mut self) -> Option<Output<Chat>> {
        self.outputs.pop()
    }

    fn poll_timeout(&self) -> Option<Time> {
        None
    }
}

impl Interface {
    #[inline]
    fn tell(&mut self, event: Event<Chat>) {
        self.outputs.push(Output::Event(event));
    }
}

/// First in, first out, as sixfold's own queue is made: an output is written in place, and an empty queue costs a comparison.
#[derive(Debug, Default)]
struct Queue {
    /// Output `n` since the beginning lies in place `n` modulo their number.
    places: [Option<Output<Chat>>; PLACES],
    head: usize,
    tail: usize,
}

impl Queue {
    #[inline]
    fn push(&mut self, output: Output<Chat>) {
        debug_assert!(self.tail - self.head < PLACES, "outputs are drained after each input");
        self.places[self.tail % PLACES] = Some(output);
        self.tail += 1;
    }

    #[inline]
    fn pop(&mut self) -> Option<Output<Chat>> {
        if self.head == self.tail {
            return None;
        }
        self.head += 1;
        self.places[(self.head - 1) % PLACES].take()
    }
}

/// More than wait at a time.
const PLACES: usize = 4;
const STREAM: StreamId = StreamId::from_u64(0x9e37_79b9_7f4a_7c15);

#[cfg(test)]
mod tests {
    use super::*;

    use crate::peers::sixfold::{PAYLOAD, Plain, SOMEBODY, id_of};

    fn outputs(machine: &mut impl Machine) -> Vec<Output<Chat>> {
        std::iter::from_fn(|| machine.poll_output()).collect()
    }

    fn connected<S: Setup>() -> S::Machine {
        let mut machine = S::machine(Config::default());
        machine.handle_connected(Time::ZERO);
        machine
    }

    fn sends<S: Setup>() {
        let (mut machine, now) = (connected::<S>(), Time::ZERO);
        let payload: Arc<[u8]> = Arc::from(PAYLOAD);
        let id = machine.send(SOMEBODY, payload.clone(), now).unwrap();
        assert_eq!(
            outputs(&mut machine),
            [Output::Transmit(Outgoing::MsgR { id, to: SOMEBODY, floor: 0, payload: Some(payload.clone()) })]
        );
        machine.handle_frame(Incoming::MsgA { id, verdict: Verdict::Accepted(5) }, now);
        assert_eq!(outputs(&mut machine), [Output::Event(Event::Accepted { id, server_id: 5 })]);
        machine.handle_frame(Incoming::AckN { id, server_id: 5 }, now);
        assert_eq!(outputs(&mut machine), [Output::Event(Event::Delivered { id, server_id: 5 })]);
        let next = machine.send(SOMEBODY, payload, now).unwrap();
        assert_eq!((next.stream(), next.seq()), (id.stream(), Some(1)));
    }

    fn receives<S: Setup>() {
        let (mut machine, now) = (connected::<S>(), Time::ZERO);
        let (id, from, server_id, payload): (_, _, _, Arc<[u8]>) =
            (id_of(SOMEBODY, 0), SOMEBODY, 5, Arc::from(PAYLOAD));
        machine.handle_frame(Incoming::MsgN { id, from, server_id, floor: 0, payload: payload.clone() }, now);
        let delivery = Delivery { from, id, server_id, payload, late: false };
        assert_eq!(outputs(&mut machine), [Output::Event(Event::Received(delivery))]);
        machine.confirm(&from, id, now).unwrap();
        assert_eq!(outputs(&mut machine), [Output::Transmit(Outgoing::AckR { id, from })]);
        machine.handle_frame(Incoming::AckA { id, from }, now);
        assert_eq!(outputs(&mut machine), [Output::Event(Event::AckSettled { from, id })]);
    }

    #[test]
    fn to_the_same_inputs_it_says_what_a_client_says() {
        sends::<Plain>();
        sends::<Interface>();
        receives::<Plain>();
        receives::<Interface>();
    }

    #[test]
    fn nothing_is_behind_it() {
        let mut machine = connected::<Interface>();
        machine.handle_frame(Incoming::AckN { id: id_of(SOMEBODY, 9), server_id: 5 }, Time::ZERO);
        assert_eq!(outputs(&mut machine).len(), 1, "an answer to a message that never was is an event like any other");
        machine.send(SOMEBODY, Arc::from(PAYLOAD), Time::ZERO).unwrap();
        assert_eq!((outputs(&mut machine).len(), machine.poll_timeout()), (1, None));
        machine.handle_timeout(Time::from_nanos(u64::MAX));
        machine.handle_disconnected(Time::from_nanos(u64::MAX));
        machine.handle_connected(Time::from_nanos(u64::MAX));
        assert_eq!(machine.poll_output(), None);
    }
}
