//! Markdown tables.

/// A table: columns of text to the left, columns of figures to the right.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    is_text: bool,
}

impl Table {
    /// Of figures, the first column aside.
    pub(crate) fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|cell| (*cell).to_owned()).collect(), rows: Vec::new(), is_text: false }
    }

    pub(crate) fn of_text(head: &[&str]) -> Self {
        Self { is_text: true, ..Self::new(head) }
    }

    /// A row with as many cells as the head.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        assert_eq!(cells.len(), self.head.len(), "{cells:?}");
        self.rows.push(cells);
    }

    /// A row of a title and figures, left out when there is none.
    pub(crate) fn figures(&mut self, title: &str, figures: &[Option<f64>]) {
        if figures.iter().any(Option::is_some) {
            let cells = std::iter::once(title.to_owned()).chain(figures.iter().map(|figure| number(*figure)));
            self.row(cells.collect());
        }
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rule = (0..self.head.len()).map(|column| if column == 0 || self.is_text { "---" } else { "--:" });
        writeln!(f, "| {} |", self.head.join(" | "))?;
        writeln!(f, "|{}|", rule.collect::<Vec<_>>().join("|"))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}

/// A figure for people: three digits or more, thousands apart, and a dash for what there is not.
pub(crate) fn number(figure: Option<f64>) -> String {
    let Some(figure) = figure else { return "–".to_owned() };
    if figure < 0.005 {
        return "0".to_owned();
    }
    if figure < 100.0 && figure.fract() != 0.0 {
        let text = format!("{figure:.*}", if figure < 10.0 { 2 } else { 1 });
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{figure:.0}");
    let apart = |(at, digit): (usize, char)| {
        let comma = (at > 0 && (digits.len() - at).is_multiple_of(3)).then_some(',');
        comma.into_iter().chain(Some(digit))
    };
    digits.chars().enumerate().flat_map(apart).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_read_them() {
        let told = [0.0, 0.004, 1.3, 1.256, 14.04, 99.96, 100.4, 999.6, 12_345.0, 1_000_000.0];
        let told = told.map(|figure| number(Some(figure)));
        assert_eq!(told, ["0", "0", "1.3", "1.26", "14", "100", "100", "1,000", "12,345", "1,000,000"]);
        assert_eq!(number(None), "–");
    }

    #[test]
    fn a_row_without_any_figure_is_left_out() {
        let mut table = Table::new(&["who", "64"]);
        table.figures("one", &[Some(5.0)]);
        table.figures("other", &[None]);
        assert_eq!(table.to_string(), "| who | 64 |\n|---|--:|\n| one | 5 |\n");
    }
}
