use super::*;

use std::collections::BTreeMap;

use crate::figures::Figures;

const FIRST: &str = include_str!("../../first-edition.toml");
const LATEST: &str = include_str!("../../latest.toml");

/// An edition with one cell, in which every figure of a column is the same.
fn edition(title: &str, cell: &Cell, value: f64) -> Edition {
    let mut figures = Figures::default();
    WAITING.iter().chain(&TRAFFIC).for_each(|(_, figure, _)| figures.set(*figure, value));
    Edition { title: title.to_owned(), cells: BTreeMap::from([(cell.to_string(), figures)]) }
}

#[test]
fn one_figure_stands_where_both_editions_agree_and_two_where_they_differ() {
    let cell = cell::of(Workload::Steady)[0];
    let [old, new] = [edition("old", &cell, 5.0), edition("new", &cell, 2.0)];
    let told = |first, latest| Editions { first, latest }.figure(&cell, "frames", 1.0);
    assert_eq!([told(&old, &old), told(&old, &new)], ["5", "5 → 2"]);
    let page = page(Editions { first: &old, latest: &new });
    assert!(page.contains("- *first*: old\n- *latest*: new\n"));
    assert!(page.contains("| default | 32 | 0 | 5 → 2 |"));
}

#[test]
fn the_stored_editions_have_every_figure_of_every_table() {
    for text in [FIRST, LATEST] {
        let edition = Edition::parse(text).unwrap();
        let tables: [(Workload, &[&[Column]]); 8] = [
            (Workload::Steady, &[&TRAFFIC, &WAITING]),
            (Workload::Burst, &[&TRAFFIC, &WAITING]),
            (Workload::Many, &[&TRAFFIC, &WAITING]),
            (Workload::Stuck, &[&STUCK]),
            (Workload::Idle, &[&IDLE]),
            (Workload::Shards, &[&SHARDS]),
            (Workload::Slow, &[&SLOW]),
            (Workload::Forgotten, &[&FORGOTTEN]),
        ];
        for (workload, columns) in tables {
            for cell in cell::of(workload) {
                for (_, figure, _) in columns.iter().copied().flatten() {
                    assert!(edition.get(&cell.to_string(), figure).is_some(), "{}: {cell} {figure}", edition.title);
                }
            }
        }
        assert_eq!(edition.cells.len(), cell::all().len());
    }
}

#[test]
fn the_page_is_the_one_that_the_stored_editions_make() {
    let [first, latest] = [FIRST, LATEST].map(|text| Edition::parse(text).unwrap());
    let is_equal = page(Editions { first: &first, latest: &latest }) == include_str!("../../../RECOVERY.md");
    assert!(is_equal, "run `recovery report`");
}
