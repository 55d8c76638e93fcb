//! The screen, drawn from the state alone.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::app::{App, Focus};
use crate::client::history::{Message, State};

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let [status, body, line, help] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(1), Constraint::Length(3), Constraint::Length(1)])
            .areas(frame.area());
    draw_status(frame, app, status);
    if app.peers.len() > 1 {
        let [list, messages] = Layout::horizontal([Constraint::Length(18), Constraint::Min(1)]).areas(body);
        draw_peers(frame, app, list);
        draw_messages(frame, app, messages);
    } else {
        draw_messages(frame, app, body);
    }
    draw_line(frame, app, line);
    draw_help(frame, app, help);
}

fn draw_status(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let style = Style::new().fg(Color::Black).bg(if app.engine.is_connected() { Color::Green } else { Color::Yellow });
    let stats = app.engine.session().client().stats();
    let mut text = format!(" {} ─ {}", app.user, clean(app.engine.state()));
    if stats.unsettled > 0 {
        text += &format!(" ─ {} on their way", stats.unsettled);
    }
    if stats.parked > 0 {
        text += &format!(" ─ {} failed", stats.parked);
    }
    frame.render_widget(Paragraph::new(text).style(style), area);
}

fn draw_peers(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let lines: Vec<_> = app
        .peers
        .iter()
        .enumerate()
        .map(|(place, peer)| {
            let unread = app.unread.get(peer).map_or(String::new(), |count| format!(" ({count})"));
            let line = Line::from(format!(" {}{unread}", clean(peer)));
            if place == app.open { line.reversed() } else { line }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" people ")), area);
}

fn draw_messages(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let title = app.peer().map_or(" nobody yet: /to NAME ".into(), |peer| format!(" {} ", clean(peer)));
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    let mut lines = Vec::new();
    let mut chosen = None;
    for (place, message) in app.messages.iter().enumerate() {
        let first = lines.len();
        lines.extend(message_lines(app, message, usize::from(inner.width)));
        if app.focus == Focus::Message(place) {
            lines[first..].iter_mut().for_each(|line| *line = line.clone().reversed());
            chosen = Some((first, lines.len()));
        }
    }
    // The end is shown, unless a message above it is chosen.
    let height = usize::from(inner.height);
    let mut top = lines.len().saturating_sub(height);
    if let Some((first, end)) = chosen {
        top = top.min(first.saturating_sub(height / 3)).max(end.saturating_sub(height));
    }
    let visible: Vec<_> = lines.into_iter().skip(top).take(height).collect();
    frame.render_widget(Paragraph::new(visible).block(block), area);
}

/// One message: its mark, its writer, its text over as many lines as it takes.
fn message_lines(app: &App, message: &Message, width: usize) -> Vec<Line<'static>> {
    let (mark, style) = match message.state {
        State::Queued => ("… ", Style::new().dim()),
        State::Accepted => ("✓ ", Style::new()),
        State::Delivered => ("✓✓", Style::new().fg(Color::Green)),
        State::Failed => ("! ", Style::new().fg(Color::Red)),
        State::Dropped => ("  ", Style::new().add_modifier(Modifier::CROSSED_OUT | Modifier::DIM)),
        State::Received => ("  ", Style::new()),
    };
    let writer = if message.state == State::Received { app.peer().map_or("", |peer| peer) } else { &app.user };
    let hint = match (&message.note, app.attempts.get(&message.id)) {
        (Some(note), _) => format!("  [{note}]"),
        (None, Some(attempt)) if message.state == State::Queued => format!("  [not sent yet: attempt {}]", attempt + 1),
        (None, _) => String::new(),
    };
    let text = clean(&format!("{writer}: {}{hint}", message.text));
    let indented = wrap(&text, width.saturating_sub(3));
    let line = |(n, part): (usize, String)| {
        let mark = if n == 0 { mark } else { "  " };
        Line::from(vec![Span::styled(mark, style), Span::styled(format!(" {part}"), style)])
    };
    indented.into_iter().enumerate().map(line).collect()
}

fn draw_line(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let block = Block::bordered();
    let inner = block.inner(area);
    let (text, column) = app.editor.window(usize::from(inner.width));
    frame.render_widget(Paragraph::new(text).block(block), area);
    if app.focus == Focus::Line {
        let column = u16::try_from(column).unwrap_or(inner.width);
        frame.set_cursor_position(Position::new(inner.x + column.min(inner.width), inner.y));
    }
}

fn draw_help(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let keys = match app.focus {
        _ if !app.notice.is_empty() => app.notice.as_str(),
        Focus::Line => "Enter send   ↑ messages   /to NAME   Ctrl-N/P next/previous   Ctrl-C leave",
        Focus::Message(_) => "↑↓ choose   r send a failed one again   d drop it   Esc back",
    };
    frame.render_widget(Paragraph::new(format!(" {keys}")).dim(), area);
}

/// What others write must not command the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Breaks a text into lines of at most `width` columns: after a blank if there is one, else anywhere between characters.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let fits = |line: &str, more: &str| line.width() + more.trim_end().width() <= width.max(2);
        if lines.last().is_some_and(|line| !line.is_empty() && !fits(line, word)) {
            lines.push(String::new());
        }
        for grapheme in word.graphemes(true) {
            if lines.last().is_some_and(|line| !line.is_empty() && !fits(line, grapheme)) {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(grapheme);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_after_blanks_and_inside_words_only_if_they_must() {
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("ab cd ef", 5), ["ab cd ", "ef"]);
        assert_eq!(wrap("abcdefgh", 5), ["abcde", "fgh"]);
        assert_eq!(wrap("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(wrap("x 👨‍👩‍👧", 0), ["x ", "👨‍👩‍👧"]);
    }

    #[test]
    fn escapes_are_shown_not_obeyed() {
        assert_eq!(clean("a\u{1b}[31mb\n"), "a\u{fffd}[31mb\u{fffd}");
    }
}
