//! A hello and the server that it is shown.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::observe::offer_of;
use crate::oracle::Offer;
use crate::probe::records;
use crate::wire::{ClientHello, Context, Handshake, HandshakeDeframer, RecordDeframer};

use super::super::draw::Draw;
use super::super::lab::{STACKS, lab};
use super::super::negotiate::{Asked, CERTIFICATES, compare_asked, select_asked};
use super::super::{Seen, Target, target};
use super::SavedError;

/// A saved hello (`fuzz/regressions/<target>/*.toml`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    pub target: String,
    /// The stack that is asked; none where all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    pub policy: String,
    pub certificate: String,
    /// The ClientHello's records, in hex.
    pub hello: String,
}

/// The saved form of an input of a target that shows a hello.
pub(super) fn of(target: &Target, input: &[u8]) -> Option<(Hello, String)> {
    let mut draw = Draw::new(&input[..input.len().min(target.max_len)]);
    let (asked, stack) = match target.name {
        "server_select" => {
            let asked = Asked::of_one(&mut draw);
            let stack = STACKS[asked.stack].to_owned();
            (asked, Some(stack))
        }
        "diff_negotiate" => (Asked::comparable(&mut draw), None),
        _ => return None,
    };
    let hello = Hello {
        target: target.name.to_owned(),
        stack,
        policy: lab().policies[asked.policy].id.clone(),
        certificate: CERTIFICATES[asked.certificate].to_string(),
        hello: hex(&asked.question.bytes),
    };
    let offer: Offer = offer_of(&asked.question.hello);
    Some((hello, format!("{offer:?}")))
}

impl Hello {
    /// A hello for a server, by hand.
    pub fn new(
        target: &str,
        stack: Option<&str>,
        policy: &str,
        certificate: &str,
        hello: &ClientHello,
    ) -> Self {
        Self {
            target: target.to_owned(),
            stack: stack.map(str::to_owned),
            policy: policy.to_owned(),
            certificate: certificate.to_owned(),
            hello: hex(&records(hello)),
        }
    }

    /// Plays it as its target would.
    ///
    /// # Errors
    /// If a name in it is not known.
    ///
    /// # Panics
    /// If something was found.
    pub fn play(&self) -> Result<Seen, SavedError> {
        let unknown = |what, name: &str| SavedError::Unknown { what, name: name.to_owned() };
        let policy = lab().policies.iter().position(|policy| policy.id == self.policy);
        let policy = policy.ok_or_else(|| unknown("policy", &self.policy))?;
        let certificate = CERTIFICATES.iter().position(|kind| kind.to_string() == self.certificate);
        let certificate = certificate.ok_or_else(|| unknown("certificate", &self.certificate))?;
        let stack = match &self.stack {
            None => 0,
            Some(name) => STACKS.iter().position(|one| one == name).ok_or_else(|| unknown("stack", name))?,
        };
        let asked = Asked::new(stack, policy, certificate, hello_in(&self.hello).ok_or(SavedError::Hello)?);
        match target(&self.target).map(|target| target.name) {
            Some("server_select") => Ok(select_asked(&asked)),
            Some("diff_negotiate") => Ok(compare_asked(&asked)),
            _ => Err(SavedError::Target(self.target.clone())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hello_in(text: &str) -> Option<ClientHello> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    let (mut deframer, mut messages) = (RecordDeframer::new(), HandshakeDeframer::new());
    deframer.push(&bytes);
    while let Ok(Some(record)) = deframer.next() {
        messages.push(&record.payload);
    }
    let (typ, body) = messages.next().ok()??;
    let context = Context::new(crate::registry::ProtocolVersion::TLS1_2);
    match Handshake::decode(typ, &body, &context).ok()? {
        Handshake::ClientHello(hello) => Some(hello),
        _ => None,
    }
}
