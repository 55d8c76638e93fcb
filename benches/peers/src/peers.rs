//! Those that are measured, and what each of them promises.

#[cfg(feature = "peers")]
pub(crate) mod hash_heap;
#[cfg(feature = "peers")]
pub(crate) mod mqtt;
#[cfg(feature = "peers")]
pub(crate) mod ring;
pub(crate) mod sixfold;

/// One that is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// The word that names it in cells.
    pub(crate) word: &'static str,
    pub(crate) title: &'static str,
    /// The package whose version is told; empty for what is written here.
    pub(crate) package: &'static str,
    /// How far "delivered" goes.
    pub(crate) reach: &'static str,
    pub(crate) timers: &'static str,
    pub(crate) duplicates: &'static str,
    pub(crate) order: &'static str,
    pub(crate) durability: &'static str,
}

/// All of them, in the order of the tables.
pub(crate) const ALL: [Peer; 10] = [
    Peer {
        word: "sixfold",
        title: "sixfold",
        package: "sixfold",
        reach: "end to end: the other application has handled it",
        timers: "its own, exact: RTO, backoff, jitter, token bucket",
        duplicates: "recognised exactly, for twice `lifetime`",
        order: "per conversation, gaps waited for",
        durability: "nothing",
    },
    Peer {
        word: "sixfold-journal",
        title: "sixfold, journal on",
        package: "sixfold",
        reach: "as above",
        timers: "as above",
        duplicates: "as above, restarts included",
        order: "as above",
        durability: "everything, in the caller's journal",
    },
    Peer {
        word: "interface",
        title: "sixfold's interface alone",
        package: "",
        reach: "nothing: each input becomes its output",
        timers: "none",
        duplicates: "reach the application",
        order: "as it arrives",
        durability: "nothing",
    },
    Peer {
        word: "rumqttc-qos1",
        title: "rumqttc, QoS 1",
        package: "rumqttc",
        reach: "one hop: the broker has it",
        timers: "none: repeats on a new connection",
        duplicates: "reach the application",
        order: "as it arrives",
        durability: "nothing",
    },
    Peer {
        word: "rumqttc-qos2",
        title: "rumqttc, QoS 2",
        package: "rumqttc",
        reach: "one hop: the broker has it",
        timers: "none: repeats on a new connection",
        duplicates: "reach the application",
        order: "as it arrives",
        durability: "nothing",
    },
    Peer {
        word: "rumqttc-next-qos2",
        title: "rumqttc-v4-next, QoS 2",
        package: "rumqttc-v4-next",
        reach: "one hop: the broker has it",
        timers: "none: repeats on a new connection",
        duplicates: "recognised until PUBCOMP",
        order: "as it arrives",
        durability: "nothing",
    },
    Peer {
        word: "mqtt-protocol-core-qos2",
        title: "mqtt-protocol-core, QoS 2 (parses what it receives)",
        package: "mqtt-protocol-core",
        reach: "one hop: the broker has it",
        timers: "the caller's; repeats on a new connection",
        duplicates: "recognised until PUBCOMP",
        order: "as it arrives",
        durability: "what the caller exports",
    },
    Peer {
        word: "hash-heap",
        title: "home-made: hash map and binary heap",
        package: "",
        reach: "what its maker makes of it",
        timers: "one deadline a message; no RTO, backoff or jitter",
        duplicates: "recognised until ack:A",
        order: "none",
        durability: "nothing",
    },
    Peer {
        word: "seen-set",
        title: "home-made: set of all ids",
        package: "",
        reach: "–",
        timers: "–",
        duplicates: "recognised exactly, for ever",
        order: "–",
        durability: "–",
    },
    Peer {
        word: "ring",
        title: "floor: dense ring, one conversation",
        package: "",
        reach: "the least work there is",
        timers: "none",
        duplicates: "recognised exactly",
        order: "none",
        durability: "nothing",
    },
];

#[cfg(all(test, feature = "peers"))]
mod tests {
    use super::*;

    use crate::halves::Receiver;

    /// How often a message is handed over that comes twice before its confirmation is answered, and twice after it.
    fn handed_over<R: Receiver>() -> [u64; 2] {
        let mut receiver = R::new(64);
        let early = receiver.message(0) + receiver.message(0);
        receiver.noted(0);
        let mut receiver = R::new(64);
        let first = receiver.message(0);
        receiver.noted(0);
        [early, first + receiver.message(0)]
    }

    #[test]
    fn duplicates_are_recognised_as_far_as_it_is_said() {
        use mqtt::rumqttc::{next, original};
        let found = [
            ("sixfold", handed_over::<sixfold::Rx<sixfold::Plain>>()),
            ("sixfold-journal", handed_over::<sixfold::Rx<sixfold::Journal>>()),
            ("interface", handed_over::<sixfold::Rx<sixfold::Interface>>()),
            ("rumqttc-qos1", handed_over::<original::Rx<false>>()),
            ("rumqttc-qos2", handed_over::<original::Rx<true>>()),
            ("rumqttc-next-qos2", handed_over::<next::Rx<true>>()),
            ("mqtt-protocol-core-qos2", handed_over::<mqtt::mqtt_protocol_core::Rx>()),
            ("hash-heap", handed_over::<hash_heap::Rx>()),
            ("seen-set", handed_over::<hash_heap::SeenSet>()),
            ("ring", handed_over::<ring::Rx>()),
        ];
        for (peer, (word, found)) in ALL.iter().zip(found) {
            let said = match peer.duplicates.split([' ', ',']).collect::<Vec<_>>()[..] {
                ["reach", ..] => [2, 2],
                ["recognised", "until", ..] => [1, 2],
                _ => [1, 1],
            };
            assert_eq!((peer.word, said), (word, found));
        }
    }
}
