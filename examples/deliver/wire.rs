//! What is spoken: the types of this deployment, the six kinds of frame, and how a frame becomes a datagram.
//!
//! A datagram is a frame as postcard writes it. At the end of msg:R stands a byte: 0 in a question, 1 before a payload.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sixfold::sim::check::Direction;
use sixfold::{Incoming, MsgId, Outgoing, Types};

/// The deployment: two peers, lines of bytes, and a server that numbers what it stores.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wire;

impl Types for Wire {
    type Peer = Peer;
    type Payload = Arc<[u8]>;
    type ServerId = u64;
}

/// Who talks to whom: A sends, B receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize, Hash)]
pub(crate) enum Peer {
    A,
    B,
}

/// The six frames by their names in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    MsgR,
    MsgA,
    MsgN,
    AckR,
    AckA,
    AckN,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [Self::MsgR, Self::MsgA, Self::MsgN, Self::AckR, Self::AckA, Self::AckN];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MsgR => "msg:R",
            Self::MsgA => "msg:A",
            Self::MsgN => "msg:N",
            Self::AckR => "ack:R",
            Self::AckA => "ack:A",
            Self::AckN => "ack:N",
        }
    }

    /// What it says, and to whom.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::MsgR => "A to server: here it is",
            Self::MsgA => "server to A: I have it",
            Self::MsgN => "server to B: for you",
            Self::AckR => "B to server: it is handled",
            Self::AckA => "server to B: noted",
            Self::AckN => "server to A: B has it",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A frame of either way: it can be named, and it can be a datagram.
pub(crate) trait Frame: Serialize + DeserializeOwned {
    fn kind(&self) -> Kind;
    fn id(&self) -> MsgId;
    /// Which way it goes, with a copy of it.
    fn direction(&self) -> Direction<Wire>;
}

impl Frame for Outgoing<Wire> {
    fn kind(&self) -> Kind {
        match self {
            Self::MsgR { .. } => Kind::MsgR,
            Self::AckR { .. } => Kind::AckR,
        }
    }

    fn id(&self) -> MsgId {
        match self {
            Self::MsgR { id, .. } | Self::AckR { id, .. } => *id,
        }
    }

    fn direction(&self) -> Direction<Wire> {
        Direction::Up(self.clone())
    }
}

impl Frame for Incoming<Wire> {
    fn kind(&self) -> Kind {
        match self {
            Self::MsgA { .. } => Kind::MsgA,
            Self::MsgN { .. } => Kind::MsgN,
            Self::AckA { .. } => Kind::AckA,
            Self::AckN { .. } => Kind::AckN,
        }
    }

    fn id(&self) -> MsgId {
        match self {
            Self::MsgA { id, .. } | Self::MsgN { id, .. } | Self::AckA { id, .. } | Self::AckN { id, .. } => *id,
        }
    }

    fn direction(&self) -> Direction<Wire> {
        Direction::Down(self.clone())
    }
}

/// Makes a datagram of a frame.
pub(crate) fn encode(frame: &impl Frame) -> Vec<u8> {
    postcard::to_stdvec(frame).expect("a frame holds nothing that postcard cannot write, and a Vec grows")
}

/// Makes a frame of a datagram; `None` for anything that is not exactly one frame.
pub(crate) fn decode<F: Frame>(datagram: &[u8]) -> Option<F> {
    match postcard::take_from_bytes(datagram) {
        Ok((frame, [])) => Some(frame),
        Ok(_) | Err(_) => None,
    }
}

/// The longest datagram that UDP over IPv4 carries: 65,535 less 20 bytes of IP header and 8 of UDP header.
pub(crate) const DATAGRAM_LIMIT: usize = 65_507;

/// The most that a frame adds to its payload, in msg:N: its variant (1 byte), the id (1 + 16), `from` (1), the server id
/// and the floor (10 each) and the length of the payload (3).
const OVERHEAD: usize = 1 + 17 + 1 + 10 + 10 + 3;

/// The longest payload that fits in one datagram on both hops.
pub(crate) const PAYLOAD_LIMIT: usize = DATAGRAM_LIMIT - OVERHEAD;

#[cfg(test)]
mod tests {
    use super::*;

    use sixfold::StreamId;

    fn greatest() -> Incoming<Wire> {
        let id = MsgId::new(StreamId::from_u64(u64::MAX), (1 << 48) - 1).expect("the greatest seq");
        let payload = vec![0xff; PAYLOAD_LIMIT].into();
        Incoming::MsgN { id, from: Peer::B, server_id: u64::MAX, floor: u64::MAX, payload }
    }

    #[test]
    fn the_longest_payload_in_the_greatest_frame_fills_a_datagram() {
        assert_eq!(encode(&greatest()).len(), DATAGRAM_LIMIT);
    }

    #[test]
    fn a_question_is_a_whole_message_without_its_end() {
        let id = MsgId::new(StreamId::from_u64(1), 0).expect("a small seq");
        let frame = |payload| Outgoing::MsgR { id, to: Peer::B, floor: 3, payload };
        let [question, whole] = [None, Some(Arc::from(*b"hi"))].map(|payload| {
            let datagram = encode(&frame(payload.clone()));
            assert_eq!(decode(&datagram), Some(frame(payload)));
            datagram
        });
        let (said, payload) = (question.len() - 1, [1, 2, b'h', b'i']);
        assert_eq!((&question[said..], &whole[..said]), (&[0][..], &question[..said]));
        assert_eq!(whole[said..], payload);
    }

    #[test]
    fn a_frame_comes_back_from_its_datagram_and_nothing_else_is_one() {
        let datagram = encode(&greatest());
        assert_eq!(decode(&datagram), Some(greatest()));
        assert_eq!(decode::<Incoming<Wire>>(&datagram[..datagram.len() - 1]), None);
        assert_eq!(decode::<Incoming<Wire>>(&[&datagram[..], b"!"].concat()), None);
        assert_eq!(decode::<Incoming<Wire>>(b""), None);
    }
}
