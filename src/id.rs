//! `MsgId`: a UUID that contains a stream id and a seq.
//!
//! The rule: an id is made once, before the first transmission. The seqs of a stream count 0, 1, 2, … without gaps, so
//! the received ids of a stream are an exact set of seq ranges, usually one. Random ids would have to be stored one by
//! one.
//!
//! ```text
//!  xxxxxxxx-xxxx-8xxx-yzzz-ssssssssssss      a UUIDv8, RFC 9562 section 5.8
//!  └──────┬────┘ │└┬┘ │└┬┘ └────┬─────┘
//!   stream 48    │ │  │ │     seq 48         counts from 0 within the stream
//!          version │  │ tag 10 (always 1)    4 more bits of the stream: low half of y, high half of z
//!         stream 12   variant 2
//! ```

use core::fmt;
use core::str::FromStr;

use thiserror::Error;
use uuid::Uuid;

/// One past the greatest seq.
pub(crate) const SEQ_END: u64 = 1 << 48;
const SEQ_MASK: u64 = SEQ_END - 1;
const TAG: u64 = 1;
/// Version nibble, variant bits and tag, in the two halves of the id: they mark a UUID of this layout.
const FIXED_MASK: (u64, u64) = (0xf << 12, (0b11 << 62) | (0x3ff << 48));
const FIXED: (u64, u64) = (8 << 12, (0b10 << 62) | (TAG << 48));

/// The id of a stream: 64 random bits from the client's seeded generator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StreamId(u64);

impl StreamId {
    /// Makes a stream id; every value is valid.
    #[must_use]
    pub const fn from_u64(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the 64 bits.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// Formats the id as sixteen hex digits.
impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamId({self})")
    }
}

/// The id of a message, made by the sending client. Acks contain it, and receivers deduplicate by it.
///
/// Any UUID is valid. An id with this crate's layout (version 8, tag 1) has a [stream](MsgId::stream) and a
/// [seq](MsgId::seq); any other id is *foreign*: a stream of one message.
///
/// # Examples
///
/// ```
/// use sixfold::{MsgId, StreamId};
///
/// let id = MsgId::new(StreamId::from_u64(0x0123_4567_89ab_cdef), 7).unwrap();
/// assert_eq!(id.to_string(), "01234567-89ab-8cde-bc01-000000000007");
/// assert_eq!(id.seq(), Some(7));
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct MsgId(Uuid);

impl MsgId {
    /// Makes the id of message `seq` of `stream`; `None` when `seq` is 2⁴⁸ or more.
    #[must_use]
    pub const fn new(stream: StreamId, seq: u64) -> Option<Self> {
        if seq >= SEQ_END {
            return None;
        }
        Some(StreamKey::of(stream).id(seq))
    }

    /// Makes an id from any UUID.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// Returns the UUID, the inverse of [`MsgId::from_uuid`].
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }

    /// Returns the stream; `None` for a foreign id.
    #[must_use]
    pub const fn stream(&self) -> Option<StreamId> {
        if !self.counts() {
            return None;
        }
        let (high, low) = self.0.as_u64_pair();
        Some(StreamId((high & !0xffff) | ((high & 0xfff) << 4) | ((low >> 58) & 0xf)))
    }

    /// Returns the seq within the stream, below 2⁴⁸; `None` for a foreign id.
    #[must_use]
    pub const fn seq(&self) -> Option<u64> {
        if !self.counts() {
            return None;
        }
        Some(self.0.as_u64_pair().1 & SEQ_MASK)
    }

    const fn counts(&self) -> bool {
        let (high, low) = self.0.as_u64_pair();
        StreamKey(high, low).counts()
    }

    /// Splits the id into the key of its stream and the seq within it.
    #[inline]
    pub(crate) fn split(&self) -> (StreamKey, u64) {
        let (high, low) = self.0.as_u64_pair();
        let seq = if StreamKey(high, low).counts() { low & SEQ_MASK } else { 0 };
        (StreamKey(high, low - seq), seq)
    }

    /// As [`split`](Self::split); of a foreign id it returns a key that no stream has.
    #[inline]
    pub(crate) const fn split_counting(&self) -> (StreamKey, u64) {
        let (high, low) = self.0.as_u64_pair();
        (StreamKey(high, low & !SEQ_MASK), low & SEQ_MASK)
    }

    /// Returns the seq if the id is of `stream`, which must not be foreign; `None` for another stream.
    #[inline]
    pub(crate) fn seq_in(&self, stream: StreamKey) -> Option<u64> {
        let (high, low) = self.0.as_u64_pair();
        let seq = low ^ stream.1;
        (high == stream.0 && seq <= SEQ_MASK).then_some(seq)
    }
}

impl fmt::Display for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MsgId({self})")
    }
}

/// The text is not a UUID.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("not a message id: {0}")]
pub struct ParseMsgIdError(#[source] uuid::Error);

/// Parses any of the usual notations of a UUID.
impl FromStr for MsgId {
    type Err = ParseMsgIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self).map_err(ParseMsgIdError)
    }
}

/// The id of a stream as a key: the message id with the seq cleared, or the whole message id when it is foreign.
///
/// The fixed bits distinguish the two kinds. It has two halves of 64 bits, since a `u128` needs an alignment of 16
/// bytes in every map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamKey(u64, u64);

impl StreamKey {
    /// Returns the two halves.
    #[inline]
    pub(crate) const fn halves(self) -> [u64; 2] {
        [self.0, self.1]
    }

    const fn of(stream: StreamId) -> Self {
        let StreamId(bits) = stream;
        Self((bits & !0xffff) | FIXED.0 | ((bits >> 4) & 0xfff), FIXED.1 | ((bits & 0xf) << 58))
    }

    /// Returns the id of message `seq`; `seq` must have come from [`MsgId::split`].
    #[inline]
    pub(crate) const fn id(self, seq: u64) -> MsgId {
        MsgId(Uuid::from_u64_pair(self.0, self.1 | seq))
    }

    /// Returns whether the stream has seqs, that is: is not a foreign id.
    #[inline]
    pub(crate) const fn counts(self) -> bool {
        let Self(high, low) = self;
        high & FIXED_MASK.0 == FIXED.0 && low & FIXED_MASK.1 == FIXED.1
    }
}

impl From<StreamId> for StreamKey {
    fn from(stream: StreamId) -> Self {
        Self::of(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::string::ToString;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_stream_and_seq_survives_the_round_trip(stream: u64, seq in 0..SEQ_END) {
            let id = MsgId::new(StreamId(stream), seq).unwrap();
            prop_assert_eq!(id.stream(), Some(StreamId(stream)));
            prop_assert_eq!(id.seq(), Some(seq));
            let (key, split_seq) = id.split();
            prop_assert_eq!(split_seq, seq);
            prop_assert_eq!(key.id(seq), id);
            prop_assert!(key.counts());
            prop_assert_eq!(id.seq_in(key), Some(seq));
            prop_assert_eq!(id.as_uuid().get_version_num(), 8);
            prop_assert_eq!(id.as_uuid().get_variant(), uuid::Variant::RFC4122);
        }

        #[test]
        fn a_foreign_id_is_a_stream_of_one_message(bits: u128) {
            let id = MsgId::from_uuid(Uuid::from_u128(bits));
            prop_assume!(id.stream().is_none());
            let (key, seq) = id.split();
            prop_assert_eq!((key.id(seq), seq, key.counts()), (id, 0, false));
        }

        #[test]
        fn an_id_belongs_to_one_stream(a: u64, b: u64, bit in 0..64u32, seq in 0..SEQ_END) {
            let id = MsgId::new(StreamId(a), seq).unwrap();
            for other in [b, a ^ (1 << bit)] {
                prop_assert_eq!(id.seq_in(StreamKey::of(StreamId(other))), (other == a).then_some(seq));
            }
        }
    }

    #[test]
    fn version_variant_and_tag_must_all_match() {
        let counting = MsgId::new(StreamId(7), 5).unwrap().as_uuid().as_u128();
        // The highest and the lowest bit of the version, of the variant and of the tag.
        for bit in [79, 76, 63, 62, 57, 48] {
            let id = MsgId::from_uuid(Uuid::from_u128(counting ^ (1 << bit)));
            assert_eq!((id.stream(), id.seq()), (None, None), "{id}");
        }
    }

    #[test]
    fn ids_are_displayed_in_hex_digits_and_debugged_with_their_type() {
        let stream = StreamId::from_u64(0x0123_4567_89ab_cdef);
        assert_eq!((stream.as_u64(), stream.to_string()), (0x0123_4567_89ab_cdef, "0123456789abcdef".into()));
        assert_eq!(alloc::format!("{stream:?}"), "StreamId(0123456789abcdef)");
        let id = MsgId::new(stream, 0x1a2b_3c4d_5e6f).unwrap();
        assert_eq!(alloc::format!("{id:?}"), "MsgId(01234567-89ab-8cde-bc01-1a2b3c4d5e6f)");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("01234567".parse::<MsgId>().is_err());
    }

    #[test]
    fn the_seq_is_the_last_group_of_twelve_hex_digits() {
        let id = MsgId::new(StreamId(u64::MAX), SEQ_END - 1).unwrap();
        assert_eq!(id.to_string(), "ffffffff-ffff-8fff-bc01-ffffffffffff");
        assert_eq!(MsgId::new(StreamId(0), SEQ_END), None);
    }
}
