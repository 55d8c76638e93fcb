//! Markdown tables, and figures for people.

use std::fmt;

/// A table of figures.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<'a>(head: impl IntoIterator<Item = &'a str>) -> Self {
        Self { head: head.into_iter().map(str::to_owned).collect(), rows: Vec::new() }
    }

    /// A row with as many cells as the head.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.head.len(), "{cells:?}");
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = (0..self.head.len()).map(|column| if column == 0 { "---" } else { "--:" });
        writeln!(f, "| {} |", self.head.join(" | "))?;
        writeln!(f, "|{}|", rule.collect::<Vec<_>>().join("|"))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}

/// Three digits or all before the point, thousands apart; "never" for what is infinite, a dash for what there is not.
pub(crate) fn number(figure: Option<f64>) -> String {
    let Some(figure) = figure else { return "–".to_owned() };
    if figure.is_infinite() {
        return "never".to_owned();
    }
    let places = match figure {
        _ if figure == 0.0 || figure >= 99.95 => 0,
        _ if figure >= 9.995 => 1,
        _ if figure >= 0.9995 => 2,
        _ => 3,
    };
    let text = format!("{figure:.places$}");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = part.trim_end_matches('0');
    let apart = |(at, digit): (usize, char)| {
        let comma = (at > 0 && (whole.len() - at).is_multiple_of(3)).then_some(',');
        comma.into_iter().chain(Some(digit))
    };
    let whole: String = whole.chars().enumerate().flat_map(apart).collect();
    if part.is_empty() { whole } else { format!("{whole}.{part}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_read_them() {
        let told = [0.0, 0.081_6, 0.000_1, 1.0, 2.907, 36.9, 99.96, 180.8, 5_940.0, 1_234_567.0];
        let told = told.map(|figure| number(Some(figure)));
        assert_eq!(told, ["0", "0.082", "0", "1", "2.91", "36.9", "100", "181", "5,940", "1,234,567"]);
        assert_eq!([number(None), number(Some(f64::INFINITY))], ["–", "never"]);
    }

    #[test]
    fn a_table_has_a_line_for_each_row() {
        let mut table = Table::new(["who", "64"]);
        table.row(["one", "5"].map(str::to_owned));
        assert_eq!(table.to_string(), "| who | 64 |\n|---|--:|\n| one | 5 |\n");
    }
}
