//! Deduplication beside a plain set of ids: every new message is handed over, no old one is, whatever is released between.
#![no_main]

use std::collections::BTreeSet;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sixfold::{Client, Config, Event, Incoming, MsgId, Order, Output};
use sixfold_fuzz::{AnyId, Fuzz, START, drain, seed};

#[derive(Debug, Arbitrary)]
enum Op {
    Come {
        from: u8,
        id: AnyId,
    },
    /// A run of seqs.
    Run {
        from: u8,
        id: AnyId,
        length: u8,
    },
    Confirm(u8),
    Release(u8),
}

fuzz_target!(|ops: Vec<Op>| {
    let config = Config::default().order(Order::AsArrived).inbox_capacity(1 << 20);
    let mut client: Client<Fuzz> = Client::new(config, seed(1), START).expect("a sound config");
    let mut seen: BTreeSet<(u8, MsgId)> = BTreeSet::new();
    let mut with_app: BTreeSet<(u8, MsgId)> = BTreeSet::new();
    for op in ops {
        match op {
            Op::Come { from, id: AnyId(id) } => come(&mut client, from % 3, id, &mut seen, &mut with_app),
            Op::Run { from, id: AnyId(id), length } => {
                let (Some(stream), Some(seq)) = (id.stream(), id.seq()) else { continue };
                for seq in seq..seq + u64::from(length) {
                    let Some(id) = MsgId::new(stream, seq) else { break };
                    come(&mut client, from % 3, id, &mut seen, &mut with_app);
                }
            }
            Op::Confirm(byte) => {
                let Some((from, id)) = with_app.iter().cycle().nth(usize::from(byte)).copied() else { continue };
                client.confirm(&from, id, START).expect("it is with the application");
                with_app.remove(&(from, id));
            }
            Op::Release(byte) => {
                let Some((from, id)) = with_app.iter().cycle().nth(usize::from(byte)).copied() else { continue };
                client.release(&from, id, START).expect("it is with the application");
                with_app.remove(&(from, id));
                seen.remove(&(from, id));
            }
        }
        let runs = seen.iter().filter(|(from, id)| !below(*id).is_some_and(|below| seen.contains(&(*from, below))));
        assert_eq!(client.stats().ranges, runs.count(), "as few ranges as can be");
    }
    let owed: BTreeSet<(u8, MsgId)> = client.unconfirmed().map(|(from, id)| (*from, id)).collect();
    assert_eq!(owed, with_app);
});

fn below(id: MsgId) -> Option<MsgId> {
    MsgId::new(id.stream()?, id.seq()?.checked_sub(1)?)
}

fn come(
    client: &mut Client<Fuzz>,
    from: u8,
    id: MsgId,
    seen: &mut BTreeSet<(u8, MsgId)>,
    with_app: &mut BTreeSet<(u8, MsgId)>,
) {
    client.handle_frame(Incoming::MsgN { id, from, server_id: 1, floor: 0, payload: 0 }, START);
    let received =
        drain(client).into_iter().filter(|output| matches!(output, Output::Event(Event::Received(_)))).count();
    assert_eq!(received == 1, seen.insert((from, id)), "{from} {id}");
    if received == 1 {
        with_app.insert((from, id));
    }
}
