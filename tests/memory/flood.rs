//! Floods: a million arbitrary frames from 1,000 peers stay within the memory bound of the config.

use kit::*;
use sixfold::{Client, Config, Delivery, Event, Incoming, MsgId, Order, Output, StreamId, Time, Verdict};

use crate::peak;

const FRAMES: u64 = 1_000_000;
const PEERS: u64 = 1_000;

/// The generator splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// Returns an id of any kind: of a frequent stream, of an unknown stream, a foreign one, or one of our own.
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

/// Floods one client and returns the most heap that it took.
fn flood(config: Config) -> usize {
    let mut own = Vec::with_capacity(100_000);
    let mut dice = Dice(1);
    let mut now = Time::from_origin(HOUR);
    peak(|| {
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
                    Output::Event(Event::Received(Delivery { from, id, .. })) => {
                        client.confirm(&from, id, now).unwrap();
                    }
                    Output::Event(Event::Failed { id, .. }) => drop(client.discard(id, now)),
                    Output::Persist(_) | Output::Event(_) | Output::Transmit(_) => {}
                }
            }
            assert!(client.poll_timeout().is_none_or(|next| next >= now));
        }
        let stats = client.stats();
        let refused = stats.ignored_msg_n_horizon + stats.ignored_msg_n_full + stats.streams_forgotten;
        assert!(refused > 1_000 && stats.acks_forgotten > 100, "the flood reaches the bounds: {stats:?}");
    })
}

fn assert_stays_within_the_bound(config: Config) {
    let bound = config.memory_bound::<Test>();
    let peak = flood(config);
    println!("at most {peak} bytes of {bound}");
    assert!(peak <= bound, "{peak} bytes of {bound}");
}

fn default() -> Config {
    Config::default().retransmit_rate(1_000)
}

fn small() -> Config {
    let config = default().outbox_capacity(100).inbox_capacity(50).ack_capacity(50);
    config.max_streams(200).max_streams_per_peer(4).max_ranges(500)
}

#[test]
fn a_million_frames_from_a_thousand_peers_stay_within_the_bound() {
    assert_stays_within_the_bound(default());
}

#[test]
fn a_million_frames_as_arrived_stay_within_the_bound() {
    assert_stays_within_the_bound(default().order(Order::AsArrived));
}

#[test]
fn a_million_frames_to_a_small_client_stay_within_the_bound() {
    assert_stays_within_the_bound(small());
}

#[test]
fn a_million_frames_to_a_small_client_that_holds_for_ever_stay_within_the_bound() {
    assert_stays_within_the_bound(small().order(in_order_for_ever()));
}
