//! The state behind the screen, and what keys do to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use sixfold::{Event, MsgId};

use super::editor::Editor;
use crate::client::engine::{Engine, Wake};
use crate::client::history::{self, Message, State};
use crate::{Chat, MAX_TEXT, is_name};

/// How many messages of a conversation are shown.
const SHOWN: usize = 300;
/// How far a page goes.
const PAGE: usize = 10;

/// Conversations, the one that is open, and the line being written.
#[derive(Debug)]
pub struct App {
    pub engine: Engine,
    pub user: Arc<str>,
    pub peers: Vec<Arc<str>>,
    pub open: usize,
    /// Of the open conversation, oldest first.
    pub messages: Vec<Message>,
    pub focus: Focus,
    pub editor: Editor,
    /// Messages that came into conversations that are not open.
    pub unread: BTreeMap<Arc<str>, usize>,
    /// How often messages that are not answered for have been sent.
    pub attempts: BTreeMap<MsgId, u32>,
    pub notice: String,
}

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    Line,
    /// One of the messages, by its place.
    Message(usize),
}

/// What a key means for the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    GoOn,
    Leave,
}

impl App {
    pub fn open(engine: Engine, user: Arc<str>, to: Option<Arc<str>>) -> Result<Self> {
        let peers = history::peers(engine.session().db())?;
        let mut app = Self {
            engine,
            user,
            peers,
            open: 0,
            messages: Vec::new(),
            focus: Focus::Line,
            editor: Editor::default(),
            unread: BTreeMap::new(),
            attempts: BTreeMap::new(),
            notice: String::new(),
        };
        match to {
            Some(to) => app.open_conversation(&to)?,
            None => app.reload()?,
        }
        Ok(app)
    }

    /// Who is written to.
    pub fn peer(&self) -> Option<&Arc<str>> {
        self.peers.get(self.open)
    }

    pub fn on_wake(&mut self, wake: Wake) -> Result<()> {
        let events = self.engine.handle(wake)?;
        self.on_events(&events)
    }

    pub fn on_paste(&mut self, text: &str) {
        self.focus = Focus::Line;
        self.editor.insert(text);
    }

    pub fn on_key(&mut self, key: KeyEvent) -> Result<Then> {
        self.notice.clear();
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match (key.code, self.focus) {
            (KeyCode::Char('c' | 'q'), _) if control => return Ok(Then::Leave),
            (KeyCode::Char('n'), _) if control => self.step(1)?,
            (KeyCode::Char('p'), _) if control => self.step(self.peers.len().saturating_sub(1))?,
            (_, _) if control => {}
            (KeyCode::Up, _) => self.choose(-1),
            (KeyCode::PageUp, _) => self.choose(-(PAGE as isize)),
            (KeyCode::Down, _) => self.choose(1),
            (KeyCode::PageDown, _) => self.choose(PAGE as isize),
            (KeyCode::Esc, Focus::Message(_)) => self.focus = Focus::Line,
            (KeyCode::Esc, Focus::Line) => self.choose(-1),
            (code, Focus::Message(place)) => self.on_message_key(code, place)?,
            (KeyCode::Enter, Focus::Line) => self.enter()?,
            (KeyCode::Char(c), Focus::Line) => self.editor.insert(c.encode_utf8(&mut [0; 4])),
            (KeyCode::Backspace, Focus::Line) => self.editor.backspace(),
            (KeyCode::Delete, Focus::Line) => self.editor.delete(),
            (KeyCode::Left, Focus::Line) => self.editor.left(),
            (KeyCode::Right, Focus::Line) => self.editor.right(),
            (KeyCode::Home, Focus::Line) => self.editor.home(),
            (KeyCode::End, Focus::Line) => self.editor.end(),
            (_, Focus::Line) => {}
        }
        Ok(Then::GoOn)
    }

    fn on_message_key(&mut self, code: KeyCode, place: usize) -> Result<()> {
        let Some(message) = self.messages.get(place) else { return Ok(()) };
        let (id, failed) = (message.id, message.state == State::Failed);
        match code {
            KeyCode::Char('k') => self.choose(-1),
            KeyCode::Char('j') => self.choose(1),
            KeyCode::Enter | KeyCode::Char('i') => self.focus = Focus::Line,
            KeyCode::Char('r' | 'd') if !failed => self.notice = "only failed messages can be resent or dropped".into(),
            KeyCode::Char('r') => {
                let (resent, events) = self.engine.apply(|client, _, now| Ok(client.resend(id, now)))?;
                self.notice = resent.err().map_or("sent again".into(), |error| error.to_string());
                self.on_events(&events)?;
                self.reload()?;
            }
            KeyCode::Char('d') => {
                let (dropped, events) = self.engine.apply(|client, _, now| Ok(client.discard(id, now).map(drop)))?;
                self.notice = dropped.err().map_or("dropped".into(), |error| error.to_string());
                self.on_events(&events)?;
                self.reload()?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Moves the choice among the messages; below the last one is the line.
    fn choose(&mut self, by: isize) {
        let here = match self.focus {
            Focus::Line => self.messages.len(),
            Focus::Message(place) => place,
        };
        let there = here.saturating_add_signed(by);
        self.focus = if there < self.messages.len() { Focus::Message(there) } else { Focus::Line };
    }

    /// Sends the line, or does what it says.
    fn enter(&mut self) -> Result<()> {
        let text = self.editor.text();
        if let Some(name) = text.strip_prefix("/to ") {
            let name: Arc<str> = name.trim().into();
            if is_name(&name) {
                self.editor.clear();
                return self.open_conversation(&name);
            }
            self.notice = "/to wants a name without blanks".into();
            return Ok(());
        }
        let text: Arc<str> = text.into();
        let Some(peer) = self.peer().cloned() else {
            self.notice = "nobody to write to: begin with /to NAME".into();
            return Ok(());
        };
        match text.len() {
            0 => return Ok(()),
            1..=MAX_TEXT => {}
            _ => {
                self.notice = format!("too long: at most {MAX_TEXT} bytes");
                return Ok(());
            }
        }
        let (sent, events) = self.engine.apply(|client, _, now| Ok(client.send(peer, text, now)))?;
        match sent {
            Ok(_) => self.editor.clear(),
            Err(error) => self.notice = error.to_string(),
        }
        self.on_events(&events)?;
        self.reload()
    }

    fn step(&mut self, by: usize) -> Result<()> {
        if !self.peers.is_empty() {
            self.open = (self.open + by) % self.peers.len();
            self.focus = Focus::Line;
        }
        self.reload()
    }

    fn open_conversation(&mut self, name: &Arc<str>) -> Result<()> {
        self.open = self.place_of(name);
        self.focus = Focus::Line;
        self.reload()
    }

    /// Finds a peer in the list, or puts it there.
    fn place_of(&mut self, name: &Arc<str>) -> usize {
        self.peers.iter().position(|peer| peer == name).unwrap_or_else(|| {
            self.peers.push(name.clone());
            self.peers.len() - 1
        })
    }

    fn on_events(&mut self, events: &[Event<Chat>]) -> Result<()> {
        for event in events {
            match event {
                Event::Received(delivery) => self.on_received(&delivery.from),
                Event::Retrying { id, attempt, .. } => drop(self.attempts.insert(*id, *attempt)),
                Event::Accepted { id, .. } | Event::Delivered { id, .. } | Event::Failed { id, .. } => {
                    self.attempts.remove(id);
                }
                Event::HorizonExceeded { from, .. } => {
                    self.notice = format!("a message of {from} was left with the server: too many streams");
                }
                _ => {}
            }
        }
        if events.is_empty() { Ok(()) } else { self.reload() }
    }

    fn on_received(&mut self, from: &Arc<str>) {
        if self.place_of(from) != self.open {
            *self.unread.entry(from.clone()).or_default() += 1;
        }
    }

    /// Shows what the database says.
    fn reload(&mut self) -> Result<()> {
        self.messages = match self.peer().cloned() {
            Some(peer) => {
                self.unread.remove(&peer);
                history::last(self.engine.session().db(), &peer, SHOWN)?
            }
            None => Vec::new(),
        };
        Ok(())
    }
}
