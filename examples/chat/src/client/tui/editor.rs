//! The line being written. The cursor stands between what a reader takes for characters, never inside one.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A line and a cursor in it.
#[derive(Debug, Default)]
pub struct Editor {
    text: String,
    /// In bytes, at the edge of a grapheme.
    cursor: usize,
}

impl Editor {
    /// Writes at the cursor; line ends become blanks, other control characters nothing.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars() {
            let c = if c == '\n' || c == '\t' { ' ' } else { c };
            if !c.is_control() {
                self.text.insert(self.cursor, c);
                self.cursor += c.len_utf8();
            }
        }
    }

    /// Deletes before the cursor.
    pub fn backspace(&mut self) {
        let end = self.cursor;
        self.left();
        self.text.replace_range(self.cursor..end, "");
    }

    /// Deletes after the cursor.
    pub fn delete(&mut self) {
        let start = self.cursor;
        self.right();
        let end = std::mem::replace(&mut self.cursor, start);
        self.text.replace_range(start..end, "");
    }

    pub fn left(&mut self) {
        let last = self.text[..self.cursor].graphemes(true).next_back();
        self.cursor -= last.map_or(0, str::len);
    }

    pub fn right(&mut self) {
        let first = self.text[self.cursor..].graphemes(true).next();
        self.cursor += first.map_or(0, str::len);
    }

    pub fn home(&mut self) {
        self.cursor = 0;
    }

    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }

    /// What is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The part that fits `width` columns and holds the cursor, and the cursor's column in it.
    pub fn window(&self, width: usize) -> (&str, usize) {
        let mut start = 0;
        while self.text[start..self.cursor].width() >= width.max(1) {
            start += self.text[start..].graphemes(true).next().map_or(1, str::len);
        }
        (&self.text[start..], self.text[start..self.cursor].width())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_steps_over_whole_characters() {
        let mut editor = Editor::default();
        editor.insert("aü👨‍👩‍👧e\u{301}");
        editor.left();
        editor.left();
        editor.insert("|");
        assert_eq!(editor.text(), "aü|👨‍👩‍👧e\u{301}");
        editor.backspace();
        editor.delete();
        assert_eq!(editor.text(), "aüe\u{301}");
        editor.end();
        editor.backspace();
        editor.home();
        editor.backspace();
        editor.delete();
        editor.right();
        editor.right();
        editor.delete();
        assert_eq!(editor.text(), "ü");
    }

    #[test]
    fn a_paste_is_one_line() {
        let mut editor = Editor::default();
        editor.insert("a\r\nb\tc\u{1b}[31m");
        assert_eq!(editor.text(), "a b c[31m");
    }

    #[test]
    fn the_window_holds_the_cursor() {
        let mut editor = Editor::default();
        editor.insert("漢字漢字");
        assert_eq!(editor.window(20), ("漢字漢字", 8));
        assert_eq!(editor.window(5), ("漢字", 4));
        editor.home();
        assert_eq!(editor.window(5), ("漢字漢字", 0));
        assert_eq!(editor.window(0), ("漢字漢字", 0));
    }
}
