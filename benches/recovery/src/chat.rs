//! What the clients speak, and the only place that looks into a frame: a change of the frames is a change here.

use sixfold::{Incoming, MsgId, Outgoing, Types};

/// Addresses, payloads and server ids are numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chat;

impl Types for Chat {
    type Peer = u64;
    type Payload = u64;
    type ServerId = u64;
}

/// The sender. Recipients are counted from 1.
pub(crate) const A: u64 = 0;

/// What a client's frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Up {
    /// msg:R of this message for this recipient; a question carries no payload.
    MsgR {
        id: MsgId,
        to: u64,
        is_question: bool,
    },
    AckR,
}

pub(crate) fn up(frame: &Outgoing<Chat>) -> Up {
    match frame {
        Outgoing::MsgR { id, to, payload, .. } => Up::MsgR { id: *id, to: *to, is_question: payload.is_none() },
        Outgoing::AckR { .. } => Up::AckR,
    }
}

/// What a frame of the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Down {
    MsgA(MsgId),
    MsgN(MsgId),
    AckA,
    AckN(MsgId),
}

pub(crate) fn down(frame: &Incoming<Chat>) -> Down {
    match frame {
        Incoming::MsgA { id, .. } => Down::MsgA(*id),
        Incoming::MsgN { id, .. } => Down::MsgN(*id),
        Incoming::AckA { .. } => Down::AckA,
        Incoming::AckN { id, .. } => Down::AckN(*id),
    }
}
