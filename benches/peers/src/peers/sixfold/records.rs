//! What building the journal's records costs, without a client.

use std::hint::black_box;
use std::sync::Arc;

use sixfold::{Record, Time};

use super::{Chat, PAYLOAD, SOMEBODY, id_of};
use crate::meter::Spent;
use crate::workloads;

/// Makes and drops the records that the journal has of a sent message.
pub(crate) fn records_tx(_: u64, units: u64) -> Spent {
    let payload: Arc<[u8]> = Arc::from(PAYLOAD);
    workloads::measure(0..units, |i| {
        let (id, at) = (id_of(SOMEBODY, i), Time::from_nanos(i));
        black_box(Record::<Chat>::Queued { id, to: SOMEBODY, payload: payload.clone(), at });
        black_box(Record::<Chat>::Accepted { id, server_id: i });
        black_box(Record::<Chat>::Delivered { id, server_id: i });
    })
}

/// Makes and drops the record that the journal has of a received message.
pub(crate) fn records_rx(_: u64, units: u64) -> Spent {
    workloads::measure(0..units, |i| {
        let (id, at) = (id_of(SOMEBODY, i), Time::from_nanos(i));
        black_box(Record::<Chat>::Confirmed { from: SOMEBODY, id, at });
    })
}
