//! Any bytes as frames and records: decoding never panics, and what decodes is what its encoding decodes to.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sixfold::{Incoming, MsgId, Outgoing, Record, Types};

#[derive(Clone, Debug, PartialEq)]
struct Wire;

impl Types for Wire {
    type Peer = String;
    type Payload = Vec<u8>;
    type ServerId = u64;
}

fuzz_target!(|bytes: &[u8]| {
    macro_rules! there_and_back {
        ($($kind:ty),*) => {$(
            if let Ok(value) = postcard::from_bytes::<$kind>(bytes) {
                let encoded = postcard::to_stdvec(&value).expect("what was decoded can be encoded");
                assert_eq!(postcard::from_bytes::<$kind>(&encoded).as_ref(), Ok(&value));
            }
        )*};
    }
    there_and_back!(Incoming<Wire>, Outgoing<Wire>, Record<Wire>);
    if let Some(id) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<MsgId>().ok()) {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
});
