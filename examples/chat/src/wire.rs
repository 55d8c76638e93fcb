//! The frames on the WebSocket: one JSON object per text message, readable in a browser's network tab.
//!
//! ```text
//! {"login":{"user":"alice","token":"…"}}                      {"welcome":{"user":"alice"}}
//! {"msg:R":{"id":"…","to":"bob","floor":0,"text":"hello"}}    {"msg:A":{"id":"…","accepted":1764000000000000}}
//! {"ack:R":{"id":"…","from":"alice"}}                         {"msg:N":{"id":"…","from":"alice","server_id":…, …}}
//! ```
//!
//! The names are the protocol's own. What the library calls a payload is `text` here, and nothing else is translated. A msg:R
//! without `text` is a question: how does the message, which was accepted before, stand?

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sixfold::{Incoming, MsgId, Outgoing, Rejection};

use crate::Chat;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToServer {
    /// The first frame of a connection: who it is.
    #[serde(rename = "login")]
    Login { user: Arc<str>, token: String },
    #[serde(rename = "msg:R")]
    MsgR {
        id: MsgId,
        to: Arc<str>,
        floor: u64,
        /// A question has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
    },
    #[serde(rename = "ack:R")]
    AckR { id: MsgId, from: Arc<str> },
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromServer {
    /// The login is good; frames may follow.
    #[serde(rename = "welcome")]
    Welcome { user: Arc<str> },
    /// The login is not good; the connection ends.
    #[serde(rename = "refused")]
    Refused { reason: String },
    /// The same user has logged in again; this connection ends.
    #[serde(rename = "replaced")]
    Replaced {},
    #[serde(rename = "msg:A")]
    MsgA {
        id: MsgId,
        #[serde(flatten)]
        verdict: Verdict,
    },
    #[serde(rename = "msg:N")]
    MsgN { id: MsgId, from: Arc<str>, server_id: i64, floor: u64, text: Arc<str> },
    #[serde(rename = "ack:A")]
    AckA { id: MsgId, from: Arc<str> },
    #[serde(rename = "ack:N")]
    AckN { id: MsgId, server_id: i64 },
}

/// The answer in msg:A.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The server's own id of the message.
    Accepted(i64),
    Rejected {
        code: u16,
        reason: String,
    },
    RetryAfterMs(u64),
}

impl ToServer {
    /// Writes the frame as JSON.
    ///
    /// # Errors
    ///
    /// None in practice: every field has a JSON form.
    pub fn encode(&self) -> Result<String> {
        serde_json::to_string(self).context("cannot write a frame as JSON")
    }

    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// The text is no frame of a client.
    pub fn decode(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("not a frame of a client")
    }

    /// Gives the library's frame; `None` for the login.
    #[must_use]
    pub fn into_outgoing(self) -> Option<Outgoing<Chat>> {
        match self {
            Self::Login { .. } => None,
            Self::MsgR { id, to, floor, text } => Some(Outgoing::MsgR { id, to, floor, payload: text }),
            Self::AckR { id, from } => Some(Outgoing::AckR { id, from }),
        }
    }
}

impl FromServer {
    /// Writes the frame as JSON.
    ///
    /// # Errors
    ///
    /// None in practice: every field has a JSON form.
    pub fn encode(&self) -> Result<String> {
        serde_json::to_string(self).context("cannot write a frame as JSON")
    }

    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// The text is no frame of a server.
    pub fn decode(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("not a frame of a server")
    }

    /// Gives the library's frame; `None` for what concerns the connection only.
    #[must_use]
    pub fn into_incoming(self) -> Option<Incoming<Chat>> {
        match self {
            Self::Welcome { .. } | Self::Refused { .. } | Self::Replaced {} => None,
            Self::MsgA { id, verdict } => Some(Incoming::MsgA { id, verdict: verdict.into() }),
            Self::MsgN { id, from, server_id, floor, text } => {
                Some(Incoming::MsgN { id, from, server_id, floor, payload: text })
            }
            Self::AckA { id, from } => Some(Incoming::AckA { id, from }),
            Self::AckN { id, server_id } => Some(Incoming::AckN { id, server_id }),
        }
    }
}

impl From<Outgoing<Chat>> for ToServer {
    fn from(frame: Outgoing<Chat>) -> Self {
        match frame {
            Outgoing::MsgR { id, to, floor, payload } => Self::MsgR { id, to, floor, text: payload },
            Outgoing::AckR { id, from } => Self::AckR { id, from },
        }
    }
}

impl From<Verdict> for sixfold::Verdict<Chat> {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accepted(server_id) => Self::Accepted(server_id),
            Verdict::Rejected { code, reason } => Self::Rejected(Rejection { code, reason }),
            Verdict::RetryAfterMs(pause) => Self::RetryAfter(Duration::from_millis(pause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> MsgId {
        "01234567-89ab-8cde-bc01-000000000007".parse().unwrap()
    }

    #[test]
    fn frames_of_a_client_read_well_and_come_back() {
        let hello = ToServer::MsgR { id: id(), to: "bob".into(), floor: 0, text: Some("hello \"ü\" 👋".into()) };
        let question = ToServer::MsgR { id: id(), to: "bob".into(), floor: 3, text: None };
        let login = ToServer::Login { user: "alice".into(), token: "secret".into() };
        let ack = ToServer::AckR { id: id(), from: "alice".into() };
        let readable = [
            (
                hello,
                r#"{"msg:R":{"id":"01234567-89ab-8cde-bc01-000000000007","to":"bob","floor":0,"text":"hello \"ü\" 👋"}}"#,
            ),
            (question, r#"{"msg:R":{"id":"01234567-89ab-8cde-bc01-000000000007","to":"bob","floor":3}}"#),
            (login, r#"{"login":{"user":"alice","token":"secret"}}"#),
            (ack, r#"{"ack:R":{"id":"01234567-89ab-8cde-bc01-000000000007","from":"alice"}}"#),
        ];
        for (frame, json) in readable {
            assert_eq!(frame.encode().unwrap(), json);
            assert_eq!(ToServer::decode(json).unwrap(), frame);
        }
    }

    #[test]
    fn frames_of_a_server_read_well_and_come_back() {
        let id = id();
        let msg_a = |verdict| FromServer::MsgA { id, verdict };
        let readable = [
            (FromServer::Welcome { user: "alice".into() }, r#"{"welcome":{"user":"alice"}}"#),
            (FromServer::Refused { reason: "wrong token".into() }, r#"{"refused":{"reason":"wrong token"}}"#),
            (FromServer::Replaced {}, r#"{"replaced":{}}"#),
            (msg_a(Verdict::Accepted(77)), r#"{"msg:A":{"id":"ID","accepted":77}}"#),
            (
                msg_a(Verdict::Rejected { code: 404, reason: "no such user".into() }),
                r#"{"msg:A":{"id":"ID","rejected":{"code":404,"reason":"no such user"}}}"#,
            ),
            (msg_a(Verdict::RetryAfterMs(500)), r#"{"msg:A":{"id":"ID","retry_after_ms":500}}"#),
            (
                FromServer::MsgN { id, from: "alice".into(), server_id: 77, floor: 3, text: "hi".into() },
                r#"{"msg:N":{"id":"ID","from":"alice","server_id":77,"floor":3,"text":"hi"}}"#,
            ),
            (FromServer::AckA { id, from: "alice".into() }, r#"{"ack:A":{"id":"ID","from":"alice"}}"#),
            (FromServer::AckN { id, server_id: 77 }, r#"{"ack:N":{"id":"ID","server_id":77}}"#),
        ];
        for (frame, json) in readable {
            let json = json.replace("ID", &id.to_string());
            assert_eq!(frame.encode().unwrap(), json);
            assert_eq!(FromServer::decode(&json).unwrap(), frame);
        }
    }

    #[test]
    fn what_is_no_frame_is_said_so() {
        for text in ["", "hello", "{}", r#"{"msg:N":{"id":"x"}}"#, r#"{"msg:R":{"id":"no uuid","to":"bob"}}"#] {
            let error = ToServer::decode(text).unwrap_err();
            assert_eq!(error.to_string(), "not a frame of a client");
        }
    }
}
