//! Which suites a server accepts in a version, and in whose order it picks them.

use crate::probe::Flight;
use crate::registry::{AlertDescription, CipherSuite, ProtocolVersion};

use super::ask::{Asker, Refusal, Reply};
use super::proposed::Proposed;
use super::question::{Question, Size, all_suites};
use super::trouble::Trouble;

/// What a server does with a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub version: ProtocolVersion,
    /// As the server picked them from hellos by ascending value: the first of all it had, then of the rest, ...
    pub suites: Vec<CipherSuite>,
    /// One for each of the suites.
    pub proposed: Vec<Proposed>,
    /// Suites that it proposed and gave up in the same flight.
    pub abandoned: Vec<CipherSuite>,
    /// Why there are no more.
    pub end: Ended,
    /// Why the suites are in order only as far as one hello could offer them together.
    pub disorder: Option<Trouble>,
    /// The largest hello that it answered.
    pub size: Size,
}

/// Why an enumeration ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It refused the rest.
    Refused(Refusal),
    /// It answered the rest in another version.
    OtherVersion(ProtocolVersion),
    /// Nothing was left to offer.
    Exhausted,
    /// Nobody can tell what else it accepts.
    Trouble(Trouble),
}

impl Ended {
    pub const fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Trouble(trouble) => Some(trouble),
            Self::Refused(_) | Self::OtherVersion(_) | Self::Exhausted => None,
        }
    }
}

/// Enumerates the suites of a version: all that are left are offered, the one that the server picks is taken out.
///
/// Of all registered suites, those too that no text gives the version. A server that does not answer a large hello
/// is asked with smaller ones; one that refuses it is, too, unless it refuses the version.
pub fn suites(asker: &mut Asker<'_>, version: ProtocolVersion, server_name: Option<&str>) -> Accepted {
    let mut size = Size::Whole;
    loop {
        let accepted = in_chunks(asker, version, size, server_name);
        let is_open = match &accepted.end {
            Ended::Trouble(trouble) => trouble.is_passing(),
            Ended::Refused(refusal) => {
                refusal.alert != Some(AlertDescription::PROTOCOL_VERSION) && size == Size::Whole
            }
            Ended::OtherVersion(_) | Ended::Exhausted => false,
        };
        match size.smaller() {
            Some(smaller) if is_open && accepted.suites.is_empty() => size = smaller,
            _ if size == Size::Whole && !accepted.suites.is_empty() && accepted.end.trouble().is_none() => {
                return beyond_the_first(asker, accepted, server_name);
            }
            _ => return accepted,
        }
    }
}

/// Some servers read no more than the first 128 suites, and one alert that had another reason would end the enumeration:
/// what is left is asked for once more in chunks, and if any of it is accepted, everything is.
fn beyond_the_first(asker: &mut Asker<'_>, mut found: Accepted, server_name: Option<&str>) -> Accepted {
    let left: Vec<CipherSuite> = (all_suites().into_iter())
        .filter(|suite| !found.suites.contains(suite) && !found.abandoned.contains(suite))
        .collect();
    for chunk in left.chunks(Size::Chunks.most_suites()) {
        let part = enumerate(asker, chunk, found.version, Size::Whole, server_name);
        if !part.suites.is_empty() {
            return in_chunks(asker, found.version, Size::Chunks, server_name);
        }
        if part.end.trouble().is_some() {
            found.end = part.end;
            return found;
        }
    }
    found
}

fn in_chunks(
    asker: &mut Asker<'_>,
    version: ProtocolVersion,
    size: Size,
    server_name: Option<&str>,
) -> Accepted {
    let all = all_suites();
    let mut found = Accepted::none(version, size);
    let mut with_suites = 0;
    for chunk in all.chunks(size.most_suites().min(all.len())) {
        let part = enumerate(asker, chunk, version, size, server_name);
        with_suites += usize::from(!part.suites.is_empty());
        found.suites.extend(part.suites);
        found.proposed.extend(part.proposed);
        found.abandoned.extend(part.abandoned);
        found.end = part.end;
        if found.end.trouble().is_some() || matches!(found.end, Ended::OtherVersion(_)) {
            break;
        }
    }
    // Chunks say nothing of the order across them.
    if with_suites > 1 {
        found.disorder = put_in_order(asker, &mut found, server_name).err();
    }
    found
}

/// Asks once more for all that is accepted, in one hello.
fn put_in_order(
    asker: &mut Asker<'_>,
    found: &mut Accepted,
    server_name: Option<&str>,
) -> Result<(), Trouble> {
    if found.suites.len() > found.size.most_suites() {
        return Err(Trouble::TooManySuites);
    }
    let mut sorted = found.suites.clone();
    sorted.sort_unstable();
    let joint = enumerate(asker, &sorted, found.version, found.size, server_name);
    if let Some(trouble) = joint.end.trouble() {
        return Err(trouble.clone());
    }
    if joint.suites.len() < found.suites.len() {
        return Err(refused_again());
    }
    (found.suites, found.proposed) = (joint.suites, joint.proposed);
    Ok(())
}

fn refused_again() -> Trouble {
    Trouble::Malformed("it refused suites that it had accepted before".to_owned())
}

/// A server chooses no version above the client's (RFC 5246 E.1, RFC 8446 4.1.3).
pub fn check_version(flight: &Flight, asked: ProtocolVersion) -> Result<(), Trouble> {
    let version = flight.version();
    if version <= asked {
        return Ok(());
    }
    let what = format!("it answered {} with {}", asked.title(), version.title());
    Err(Trouble::Malformed(what))
}

fn enumerate(
    asker: &mut Asker<'_>,
    offered: &[CipherSuite],
    version: ProtocolVersion,
    size: Size,
    server_name: Option<&str>,
) -> Accepted {
    let mut found = Accepted::none(version, size);
    let mut left = offered.to_vec();
    while !left.is_empty() {
        let question = Question::new(version, left.clone(), size, server_name);
        let hello = question.hello();
        // Of one hello with all suites the end is confirmed by what lies beyond the first.
        let reply = if size == Size::Whole { asker.ask(&hello) } else { asker.ask_surely(&hello) };
        let (flight, is_abandoned) = match reply {
            Reply::Flight(flight) => (flight, false),
            Reply::Abandoned(flight, _) => (flight, true),
            Reply::Refused(refusal) => {
                found.end = Ended::Refused(refusal);
                return found;
            }
            Reply::Trouble(trouble) => {
                found.end = Ended::Trouble(trouble);
                return found;
            }
        };
        if let Err(trouble) = check_version(&flight, version) {
            found.end = Ended::Trouble(trouble);
            return found;
        }
        if flight.version() != version {
            found.end = Ended::OtherVersion(flight.version());
            return found;
        }
        let suite = flight.hello.cipher_suite;
        let Some(at) = left.iter().position(|offered| *offered == suite) else {
            found.end =
                Ended::Trouble(Trouble::Malformed(format!("it chose {suite}, which was not offered")));
            return found;
        };
        left.remove(at);
        if is_abandoned {
            found.abandoned.push(suite);
        } else {
            found.suites.push(suite);
            found.proposed.push(Proposed::of(&flight));
        }
    }
    found.end = Ended::Exhausted;
    found
}

impl Accepted {
    const fn none(version: ProtocolVersion, size: Size) -> Self {
        Self {
            version,
            suites: Vec::new(),
            proposed: Vec::new(),
            abandoned: Vec::new(),
            end: Ended::Exhausted,
            disorder: None,
            size,
        }
    }

    /// Why nobody can tell whether the version is accepted.
    pub fn unknown(&self) -> Option<&Trouble> {
        self.end.trouble().filter(|_| self.suites.is_empty())
    }
}

/// In whose order a server picks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preference {
    /// In its own, which is that of [`Accepted::suites`].
    Server,
    /// In the client's.
    Client,
    /// Now this, now that: some suites are of equal rank, or depend on what else is offered.
    Mixed,
    /// One suite has no order.
    Single,
    Unknown(Trouble),
}

/// Up to so many suites every pair of neighbours is asked; of more, [`SAMPLE`] pairs spread over the list.
const ALL_PAIRS: usize = 32;
const SAMPLE: usize = 8;

/// Offers neighbours the other way round and looks which one the server picks.
pub fn preference(asker: &mut Asker<'_>, accepted: &Accepted, server_name: Option<&str>) -> Preference {
    let suites = &accepted.suites;
    if suites.len() < 2 {
        return Preference::Single;
    }
    if let Some(trouble) = &accepted.disorder {
        return Preference::Unknown(trouble.clone());
    }
    let pairs = suites.len() - 1;
    let asked: Vec<usize> = if suites.len() <= ALL_PAIRS {
        (0..pairs).collect()
    } else {
        (0..SAMPLE).map(|i| i * pairs / SAMPLE).collect()
    };
    let (mut servers, mut clients) = (0, 0);
    for at in asked {
        let (first, second) = (suites[at], suites[at + 1]);
        let question = Question::new(accepted.version, vec![second, first], accepted.size, server_name);
        match asker.ask_surely(&question.hello()) {
            Reply::Flight(flight) if flight.hello.cipher_suite == first => servers += 1,
            Reply::Flight(flight) if flight.hello.cipher_suite == second => clients += 1,
            Reply::Trouble(trouble) => return Preference::Unknown(trouble),
            _ => return Preference::Unknown(refused_again()),
        }
    }
    match (servers, clients) {
        (_, 0) => Preference::Server,
        (0, _) => Preference::Client,
        _ => Preference::Mixed,
    }
}
