//! Floods: a million arbitrary frames from a thousand peers leave the memory under the bound that the config states.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::cast_possible_truncation, reason = "tests")]

use kit::*;
use peak_alloc::PeakAlloc;
use sixfold::{Client, Config, Delivery, Event, Incoming, MsgId, Order, Output, StreamId, Time, Verdict};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const FRAMES: u64 = 1_000_000;
const PEERS: u64 = 1_000;

/// splitmix64: a flood needs no better.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// An id of any kind: of a stream that is often heard of, of one never heard of, of another make, or of our own.
    fn id(&mut self, own: &[MsgId]) -> MsgId {
        let seq = match self.roll(4) {
            0 => self.roll(1 << 48),
            1 => self.roll(1_000),
            _ => self.roll(20),
        };
        match self.roll(8) {
            0 => MsgId::from_uuid(uuid::Uuid::from_u64_pair(self.roll(u64::MAX), self.roll(u64::MAX))),
            1 => MsgId::new(StreamId::from_u64(self.roll(u64::MAX)), seq).unwrap(),
            2 if !own.is_empty() => own[self.roll(own.len() as u64) as usize],
            _ => MsgId::new(StreamId::from_u64(self.roll(50)), seq).unwrap(),
        }
    }

    fn frame(&mut self, own: &[MsgId]) -> Incoming<Test> {
        let (id, from) = (self.id(own), self.roll(PEERS));
        let server_id = self.roll(5);
        match self.roll(16) {
            0 => Incoming::MsgA { id, verdict: Verdict::Accepted(server_id) },
            1 => Incoming::MsgA { id, verdict: Verdict::Rejected(rejection(1)) },
            2 => Incoming::MsgA { id, verdict: Verdict::RetryAfter(MS * self.roll(100) as u32) },
            3 => Incoming::AckN { id, server_id },
            4 => Incoming::AckA { id, from },
            _ => {
                let floor = if self.roll(50) == 0 { self.roll(u64::MAX) } else { 0 };
                Incoming::MsgN { id, from, server_id, floor, payload: 7 }
            }
        }
    }
}

/// Floods one client, and tells how much heap it took at most and how much it may take.
fn flood(config: Config) -> (usize, usize) {
    let bound = config.memory_bound::<Test>();
    let mut own = Vec::with_capacity(100_000);
    let mut dice = Dice(1);
    let mut now = Time::from_origin(HOUR);
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    let mut client: Client<Test> = Client::new(config, seed(1), now).unwrap();
    client.handle_connected(now);
    for n in 0..FRAMES {
        client.handle_frame(dice.frame(&own), now);
        if n % 16 == 0 && own.len() < own.capacity() {
            own.extend(client.send(dice.roll(PEERS), n, now));
        }
        if n % 64 == 0 {
            now = now + MS * dice.roll(200) as u32;
            client.handle_timeout(now);
        }
        while let Some(output) = client.poll_output() {
            match output {
                Output::Event(Event::Received(Delivery { from, id, .. })) => client.confirm(&from, id, now).unwrap(),
                Output::Event(Event::Failed { id, .. }) => drop(client.discard(id, now)),
                Output::Persist(_) | Output::Event(_) | Output::Transmit(_) => {}
            }
        }
        assert!(client.poll_timeout().is_none_or(|next| next >= now));
    }
    let peak = HEAP.peak_usage() - before;
    let stats = client.stats();
    let refused = stats.ignored_msg_n_horizon + stats.ignored_msg_n_full + stats.streams_forgotten;
    assert!(refused > 1_000 && stats.acks_forgotten > 100, "a flood worth the name: {stats:?}");
    (peak, bound)
}

#[test]
fn a_million_arbitrary_frames_from_a_thousand_peers_stay_under_the_stated_bound() {
    let default = Config::default().retransmit_rate(1_000);
    let small = default
        .clone()
        .outbox_capacity(100)
        .inbox_capacity(50)
        .ack_capacity(50)
        .max_streams(200)
        .max_streams_per_peer(4)
        .max_ranges(500);
    let configs = [
        ("default", default.clone()),
        ("as arrived", default.order(Order::AsArrived)),
        ("small", small.clone()),
        ("small, held for ever", small.order(in_order_for_ever())),
    ];
    for (name, config) in configs {
        let (peak, bound) = flood(config);
        println!("{name}: at most {peak} bytes of {bound}");
        assert!(peak <= bound, "{name}: {peak} bytes of {bound}");
    }
}
