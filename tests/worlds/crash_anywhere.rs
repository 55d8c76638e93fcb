//! Crashes anywhere: a process may be killed after any step. Whoever keeps to L7 loses no message that a committed `send`
//! took, handles none twice, and keeps the order of each conversation.

mod all_crash;
mod every_step;
mod journal_faults;
mod order;
mod scene;
