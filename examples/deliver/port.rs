//! A UDP socket behind bad links: whatever a node sends first goes through the simulated link of that direction, and
//! only what comes out of it reaches the socket.
//!
//! What the kernel drops besides, because a socket buffer is full, is one more loss to the nodes.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use sixfold::sim::{Link, LinkConfig};
use sixfold::{MsgId, Time};

use crate::failure::Failure;
use crate::log::Log;
use crate::trace::{Step, What};
use crate::wire::{DATAGRAM_LIMIT, Frame, Kind, Peer, decode, encode};

/// The three threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    A,
    Server,
    B,
}

impl Place {
    /// The client that is there. Who a frame is from is what its source address says: that is all the authentication there is.
    pub(crate) const fn peer(self) -> Option<Peer> {
        match self {
            Self::A => Some(Peer::A),
            Self::B => Some(Peer::B),
            Self::Server => None,
        }
    }
}

impl From<Peer> for Place {
    fn from(peer: Peer) -> Self {
        match peer {
            Peer::A => Self::A,
            Peer::B => Self::B,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::A => "A",
            Self::Server => "server",
            Self::B => "B",
        })
    }
}

/// What passed through a port.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Frames that the node sent, in the order of [`Kind::ALL`].
    pub(crate) frames: [u64; 6],
    /// Datagrams that the links lost.
    pub(crate) lost: u64,
    /// Datagrams that the links doubled.
    pub(crate) doubled: u64,
    /// Datagrams that came out of the links and were given to the kernel.
    pub(crate) given: u64,
    /// Datagrams that the kernel gave to this port.
    pub(crate) taken: u64,
    /// How many of `taken` were no frame, or from a stranger.
    pub(crate) ignored: u64,
    /// The frames of the first message as this node saw them, when traced.
    pub(crate) steps: Vec<Step>,
}

/// One node's socket, with a link to each node that it sends to.
pub(crate) struct Port {
    place: Place,
    socket: UdpSocket,
    // A timeout of the socket itself would be rounded up to the kernel's tick, which is as long as a hop.
    poll: Poll,
    ready: Events,
    lanes: Vec<Lane>,
    buffer: Vec<u8>,
    traced: bool,
    log: Log,
    tally: Tally,
}

struct Lane {
    to: Place,
    address: SocketAddr,
    link: Link<Vec<u8>>,
}

impl Port {
    /// Takes over a bound socket; with `traced` it notes the frames of the first message.
    pub(crate) fn new(place: Place, socket: std::net::UdpSocket, traced: bool, log: Log) -> Result<Self, Failure> {
        let (socket, poll) = register(socket).map_err(|source| Failure::Socket { place, source })?;
        // One byte more than any datagram, so that none is cut short unnoticed.
        let buffer = vec![0; DATAGRAM_LIMIT + 1];
        let (ready, lanes, tally) = (Events::with_capacity(1), Vec::new(), Tally::default());
        Ok(Self { place, socket, poll, ready, lanes, buffer, traced, log, tally })
    }

    /// Adds the way to another node.
    pub(crate) fn lane(mut self, to: Place, address: SocketAddr, faults: LinkConfig, seed: u64) -> Self {
        self.lanes.push(Lane { to, address, link: Link::new(faults, seed) });
        self
    }

    /// Puts a frame on the link to a neighbour.
    pub(crate) fn send(&mut self, to: Place, frame: &impl Frame, now: Time) -> Result<(), Failure> {
        self.log.frame(self.place, to, frame, now)?;
        let lane = self.lanes.iter_mut().find(|lane| lane.to == to).expect("every neighbour was given a lane");
        let lost = lane.link.send(encode(frame), now) == 0;
        for (kind, count) in Kind::ALL.into_iter().zip(&mut self.tally.frames) {
            *count += u64::from(kind == frame.kind());
        }
        if self.traced && is_first(frame.id()) {
            let (at, from, kind) = (now, self.place, frame.kind());
            self.tally.steps.push(Step { at, from, to, kind, what: What::Sent { lost } });
        }
        Ok(())
    }

    /// Gives the kernel what has come out of the links by now.
    pub(crate) fn flush(&mut self, now: Time) -> Result<(), Failure> {
        for lane in &mut self.lanes {
            while let Some(datagram) = lane.link.poll(now) {
                self.tally.given += 1;
                match self.socket.send_to(&datagram, lane.address) {
                    Ok(_) => {}
                    Err(error) if is_passing(&error) => {}
                    Err(source) => return Err(Failure::Socket { place: self.place, source }),
                }
            }
        }
        Ok(())
    }

    /// When [`flush`](Self::flush) will have something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        self.lanes.iter().filter_map(|lane| lane.link.poll_timeout()).min()
    }

    /// Waits for datagrams at most this long and takes what is there, as frames and where they came from.
    pub(crate) fn receive<F: Frame>(
        &mut self,
        wait: Duration,
        now: impl Fn() -> Time,
    ) -> Result<Vec<(Place, F)>, Failure> {
        let mut frames = Vec::new();
        let mut may_wait = !wait.is_zero();
        while frames.len() < BATCH {
            let mut got = self.socket.recv_from(&mut self.buffer);
            if may_wait && matches!(&got, Err(error) if error.kind() == ErrorKind::WouldBlock) {
                got = self.wait(wait);
            }
            may_wait = false;
            let (length, address) = match got {
                Ok(got) => got,
                Err(error) if is_passing(&error) => break,
                Err(source) => return Err(Failure::Socket { place: self.place, source }),
            };
            self.tally.taken += 1;
            let lane = self.lanes.iter().find(|lane| lane.address == address);
            let Some((from, frame)) = lane.zip(decode::<F>(&self.buffer[..length])).map(|(lane, f)| (lane.to, f))
            else {
                self.tally.ignored += 1;
                continue;
            };
            self.log.frame(self.place, from, &frame, now())?;
            if self.traced && is_first(frame.id()) {
                let (at, to, kind) = (now(), self.place, frame.kind());
                self.tally.steps.push(Step { at, from, to, kind, what: What::Arrived });
            }
            frames.push((from, frame));
        }
        Ok(frames)
    }

    /// Waits for a datagram or the end of the wait, whichever comes first.
    fn wait(&mut self, wait: Duration) -> io::Result<(usize, SocketAddr)> {
        self.poll.poll(&mut self.ready, Some(wait.min(LONGEST_WAIT)))?;
        self.socket.recv_from(&mut self.buffer)
    }

    /// Closes the socket and tells what passed.
    pub(crate) fn close(self) -> Tally {
        let mut tally = self.tally;
        for lane in &self.lanes {
            let link = lane.link.stats();
            tally.lost += link.lost;
            tally.doubled += link.doubled;
        }
        tally
    }
}

fn register(socket: std::net::UdpSocket) -> io::Result<(UdpSocket, Poll)> {
    socket.set_nonblocking(true)?;
    let (mut socket, poll) = (UdpSocket::from_std(socket), Poll::new()?);
    poll.registry().register(&mut socket, Token(0), Interest::READABLE)?;
    Ok((socket, poll))
}

/// One process that sends to one peer counts from 0.
fn is_first(id: MsgId) -> bool {
    id.seq() == Some(0)
}

/// Nothing there, nobody there any more, or no room: what a datagram network is like.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
    )
}

/// How many frames are taken at once, before timers and links have their turn again.
const BATCH: usize = 64;
/// So that a node soon sees that it is to stop.
const LONGEST_WAIT: Duration = Duration::from_millis(20);
