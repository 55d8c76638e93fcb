//! The server's side of a world: the relay, how long it takes, and what it answers.
//!
//! The rule: every frame that it sends has a cause, a copy of msg:R. Of an answer it is the copy that is answered; of all
//! else the earliest copy that has led to it.

use sixfold::{Incoming, MsgId, Outgoing};

use super::World;
use super::node::Tagged;
use crate::chat::{self, Chat, Down, Up};
use crate::log::{Copy, Kind};

impl World {
    /// The server receives a frame.
    pub(super) fn arrive(&mut self, from: u64, frame: Outgoing<Chat>, copy: Copy) {
        match chat::up(&frame) {
            Up::MsgR { to, .. } if !self.slow_half.is_zero() && to % 2 == 0 => {
                self.delayed += 1;
                self.busy.insert((self.now + self.slow_half, self.delayed), Tagged { frame, copy });
            }
            Up::MsgR { .. } | Up::AckR => self.serve(from, frame, copy),
        }
    }

    /// The server deals with a frame.
    pub(super) fn serve(&mut self, from: u64, frame: Outgoing<Chat>, copy: Copy) {
        let trigger = match chat::up(&frame) {
            Up::MsgR { id, .. } => Some((id, copy)),
            Up::AckR => None,
        };
        self.relay.handle_frame(from, frame, self.now);
        self.pump(trigger);
    }

    /// Puts what the server sends on its way. Its cause is the copy of msg:R that it answers, if it does answer one.
    pub(super) fn pump(&mut self, trigger: Option<(MsgId, Copy)>) {
        while let Some((to, frame)) = self.relay.poll_output() {
            let copies = self.nodes[to as usize].down.send(Tagged { frame: frame.clone(), copy: 0 }, self.now);
            self.frames += 1;
            if copies > 0 {
                self.note(&frame, trigger);
            }
            self.list(to as usize);
        }
    }

    /// A frame of the server arrives, now or later.
    fn note(&mut self, frame: &Incoming<Chat>, trigger: Option<(MsgId, Copy)>) {
        let (id, kind) = match chat::down(frame) {
            Down::MsgA(id) => (id, Kind::MsgA),
            Down::MsgN(id) => (id, Kind::MsgN),
            Down::AckN(id) => (id, Kind::AckN),
            Down::AckA => return,
        };
        let cause = match trigger {
            Some((asked, copy)) if asked == id => copy,
            Some(_) | None => self.log.cause(id),
        };
        self.log.on_arrives(id, kind, cause);
    }
}
