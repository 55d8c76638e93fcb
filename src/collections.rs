//! The containers of the core. They know seqs and stream ids, but no message, no frame and no time.
//!
//! One container per need: an [`Arena`] holds values, [`Links`] make lists of their keys, a [`SeqMap`] finds a message
//! of a stream by its seq, a [`RangeSet`] is the set of seen seqs, a [`StreamTable`] finds streams. `footprint.rs` adds
//! up their maximum memory.

mod arena;
mod footprint;
mod id_table;
mod range_set;
mod seq_map;
mod stream_table;

#[cfg(test)]
pub(crate) use arena::Slot;
pub(crate) use arena::{Arena, Key, Links, List};
pub(crate) use footprint::{Bytes, arena, array, links, map};
pub(crate) use range_set::RangeSet;
pub(crate) use seq_map::{SeqMap, merge};
#[cfg(test)]
pub(crate) use stream_table::Stream;
pub(crate) use stream_table::StreamTable;
