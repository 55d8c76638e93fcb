//! Those that are measured.

pub(crate) mod sixfold;
