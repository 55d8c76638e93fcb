//! One number decides every random choice of a run: the ids of both clients and the faults of all four links.

use sixfold::Seed;

use crate::failure::Failure;

/// The number and what is derived from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeds(u64);

/// Whose randomness: no two share any.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Use {
    SenderClient = 0x100,
    ReceiverClient = 0x200,
    SenderToServer = 0x300,
    ServerToSender = 0x400,
    ServerToReceiver = 0x500,
    ReceiverToServer = 0x600,
}

impl Seeds {
    /// Takes the number from the user, or from the operating system: then it is short enough to be typed again.
    ///
    /// A real client must have operating-system randomness in every process. Here a chosen number does no harm: both
    /// clients and the server begin anew in every run, so nobody remembers the ids of the run before.
    pub(crate) fn new(chosen: Option<u64>) -> Result<Self, Failure> {
        match chosen {
            Some(number) => Ok(Self(number)),
            None => getrandom::u32().map(|number| Self(number.into())).map_err(Failure::Seed),
        }
    }

    /// The number that repeats this run.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }

    /// A seed for a link.
    pub(crate) const fn link(self, of: Use) -> u64 {
        self.word(of as u64)
    }

    /// A seed for a client.
    pub(crate) fn client(self, of: Use) -> Seed {
        let mut bytes = [0; 32];
        for (part, chunk) in (0..).zip(bytes.chunks_exact_mut(8)) {
            chunk.copy_from_slice(&self.word(of as u64 + part).to_le_bytes());
        }
        Seed::from_bytes(bytes)
    }

    /// Word `index` of the SplitMix64 sequence that starts at the number, hashed first so that neighbouring numbers
    /// share no stretch of it.
    const fn word(self, index: u64) -> u64 {
        mix(mix(self.0).wrapping_add(index.wrapping_mul(GOLDEN)))
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood 2014).
const fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_agree_and_everything_else_differs() {
        let uses = [Use::SenderToServer, Use::ServerToSender, Use::ServerToReceiver, Use::ReceiverToServer];
        let drawn = |number| uses.map(|of| Seeds(number).link(of));
        assert_eq!(drawn(7), drawn(7));
        let mut all = [drawn(7), drawn(8)].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 8);
        assert!(Seeds(7).client(Use::SenderClient) != Seeds(7).client(Use::ReceiverClient));
    }
}
