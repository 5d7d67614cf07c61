//! Groups and signature schemes: what a server picks is taken out until it refuses.

use std::collections::BTreeMap;
use std::fmt;

use crate::probe::Flight;
use crate::registry::{
    self, Authentication, CipherSuite, KeyExchange, NamedGroup, ProtocolVersion, SignatureScheme,
};

use super::ask::{Asker, Reply};
use super::proposed::Proposed;
use super::question::{Question, groups as all_groups, schemes as all_schemes};
use super::suites::{Accepted, check_version};
use super::trouble::Trouble;

/// What a server accepts of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    pub version: ProtocolVersion,
    /// In the order in which it picked them.
    pub items: Vec<T>,
    /// Shown in a hello's answer and not completed: nobody can tell.
    pub unconfirmed: Vec<T>,
    /// Chosen although it was not offered (any more), once nothing that it accepts was left: its fallback (s2n-tls signs so).
    pub unoffered: Vec<T>,
    /// Why the list may be incomplete.
    pub trouble: Option<Trouble>,
}

impl<T> Listed<T> {
    pub const fn none(version: ProtocolVersion) -> Self {
        Self { version, items: Vec::new(), unconfirmed: Vec::new(), unoffered: Vec::new(), trouble: None }
    }
}

impl<T: PartialEq + fmt::Display> Listed<T> {
    /// What it chose before, when its suites were asked for, has to be there again.
    fn confirm(&mut self, before: impl Iterator<Item = T>) {
        let is_there = |item: &T| self.items.contains(item) || self.unoffered.contains(item);
        let missing = before.into_iter().find(|item| !is_there(item));
        if let (Some(item), None) = (missing, &self.trouble) {
            self.trouble = Some(Trouble::Malformed(format!("it refused {item}, which it had chosen before")));
        }
    }
}

/// The groups of a version. TLS 1.3 is asked without a key share, so that the server names the group that it wants
/// in a HelloRetryRequest (RFC 8446 4.2.8); before, with the suites that take a curve.
pub fn groups(asker: &mut Asker<'_>, accepted: &Accepted, server_name: Option<&str>) -> Listed<NamedGroup> {
    let version = accepted.version;
    let mut question = Question::new(version, accepted.suites.clone(), accepted.size, server_name);
    question.shares.clear();
    let tls13 = version >= ProtocolVersion::TLS1_3;
    let curved = |by: fn(KeyExchange) -> bool| {
        let facts = accepted.suites.iter().filter_map(|suite| registry::suite(*suite));
        facts.filter(|facts| by(facts.key_exchange)).map(|facts| facts.suite).collect::<Vec<_>>()
    };
    if !tls13 {
        question.suites = curved(|exchange| matches!(exchange, KeyExchange::Ecdhe | KeyExchange::EcdhAnon));
    }
    let mut found = Listed::none(version);
    if question.suites.is_empty() {
        return found;
    }
    question.groups = all_groups(version);
    let group_of = |flight: &Flight| Proposed::of(flight).group;
    take_out(asker, &mut question, |question| &mut question.groups, &group_of, &mut found);
    // A certificate of a curve may be used only by clients that name the curve (RFC 8422 5.1): taking the curve out
    // takes its suites out. Every group that is left is asked for beside it.
    if !tls13 && found.trouble.is_none() {
        let seen = found.items.clone();
        for group in all_groups(version).into_iter().filter(|group| !seen.contains(group)) {
            for curve in &seen {
                question.groups = vec![group, *curve];
                match asker.ask(&question.hello()) {
                    Reply::Flight(flight) if group_of(&flight) == Some(group) => found.items.push(group),
                    Reply::Trouble(trouble) => {
                        found.trouble = Some(trouble);
                        return found;
                    }
                    _ => continue,
                }
                break;
            }
        }
    }
    found.confirm(accepted.proposed.iter().filter_map(|proposed| proposed.group));
    found
}

/// The schemes with which the server signs its key exchange in TLS 1.2, key by key: some servers choose the key first
/// and then refuse for want of a scheme, though they have another key.
pub fn schemes(
    asker: &mut Asker<'_>,
    accepted: &Accepted,
    server_name: Option<&str>,
) -> Listed<SignatureScheme> {
    let mut keys: BTreeMap<Authentication, Vec<CipherSuite>> = BTreeMap::new();
    for proposed in accepted.proposed.iter().filter(|proposed| proposed.scheme.is_some()) {
        if let Some(facts) = registry::suite(proposed.suite) {
            keys.entry(facts.authentication).or_default().push(proposed.suite);
        }
    }
    let scheme_of = |flight: &Flight| Proposed::of(flight).scheme;
    let mut found = Listed::none(accepted.version);
    for suites in keys.into_values() {
        let mut question = Question::new(accepted.version, suites, accepted.size, server_name);
        question.schemes = all_schemes(accepted.version);
        question.schemes.retain(|scheme| !found.items.contains(scheme));
        take_out(asker, &mut question, |question| &mut question.schemes, &scheme_of, &mut found);
    }
    found.confirm(accepted.proposed.iter().filter_map(|proposed| proposed.scheme));
    found
}

fn take_out<T: Copy + PartialEq + fmt::Display>(
    asker: &mut Asker<'_>,
    question: &mut Question,
    list: fn(&mut Question) -> &mut Vec<T>,
    picked: &dyn Fn(&Flight) -> Option<T>,
    found: &mut Listed<T>,
) {
    while !list(question).is_empty() {
        let flight = match asker.ask_surely(&question.hello()) {
            Reply::Flight(flight) => flight,
            Reply::Abandoned(..) | Reply::Refused(_) => return,
            Reply::Trouble(trouble) => {
                found.trouble = Some(trouble);
                return;
            }
        };
        if let Err(trouble) = check_version(&flight, question.version) {
            found.trouble = Some(trouble);
            return;
        }
        // Another version than asked for: in this one the rest is refused.
        if flight.version() != question.version {
            return;
        }
        let Some(item) = picked(&flight) else {
            found.trouble = Some(Trouble::Malformed("its answer names none of those offered".to_owned()));
            return;
        };
        let Some(at) = list(question).iter().position(|offered| *offered == item) else {
            // Some choose what they like best when nothing that is offered suits them: the rest does not.
            found.unoffered.push(item);
            return;
        };
        list(question).remove(at);
        found.items.push(item);
    }
}
