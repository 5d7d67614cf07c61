//! The first contact: does this port speak TLS at all?

use crate::registry::ProtocolVersion;

use super::ask::{Asker, Refusal, Reply};
use super::question::{Question, Size, all_suites};
use super::trouble::Trouble;

/// The versions of the greetings: what most servers speak today, and what those speak that choke on anything newer.
const GREETINGS: [ProtocolVersion; 3] =
    [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3, ProtocolVersion::TLS1_0];
/// Enough for a server of any kind: RSA and ECDHE with AES and 3DES, and TLS 1.3.
const COMMON: [u16; 16] = [
    0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9, 0xC009, 0xC013, 0x009C, 0x002F,
    0x0035, 0x0033, 0x000A,
];

/// Says hello in a few small ways until one of them gets an answer in TLS.
///
/// # Errors
///
/// The first trouble, if there is none: nothing can be said of such a server.
pub fn greet(asker: &mut Asker<'_>, server_name: Option<&str>) -> Result<(), Trouble> {
    let mut first = None;
    for version in GREETINGS {
        let mut suites = all_suites();
        suites.retain(|suite| COMMON.contains(&suite.0));
        let question = Question::new(version, suites, Size::Slim, server_name);
        let trouble = match asker.ask_once(&question.hello()) {
            Reply::Flight(_) | Reply::Abandoned(..) | Reply::Refused(Refusal { alert: Some(_) }) => {
                return Ok(());
            }
            Reply::Refused(Refusal { alert: None }) => Trouble::Closed,
            Reply::Trouble(trouble) if trouble.is_passing() => trouble,
            Reply::Trouble(trouble) => return Err(trouble),
        };
        first.get_or_insert(trouble);
    }
    Err(first.unwrap_or(Trouble::Silent))
}
