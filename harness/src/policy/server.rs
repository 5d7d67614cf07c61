//! A server's policy and its TOML form.

use serde::Deserialize;
use toml::Spanned;

use super::data_file::{DataError, Names, Problem, Source};
use super::lender::Lender;
use super::provenance::{Certainty, Provenance, RawProvenance};
use super::references::References;
use crate::registry::{
    self, Authentication, CipherSuite, KeyExchange, NamedGroup, ProtocolVersion, SignatureScheme, SuiteFacts,
    SuiteKind,
};

/// Whose order decides among the suites that both sides know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The server's.
    Server,
    /// The client's.
    Client,
}

/// What a server accepts.
///
/// Of some policies no more is known than the name and perhaps the versions, because nobody publishes the
/// rest: they have no suites, and [`playable`](Self::playable) says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The path below `policies/`, without the ending.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// From low to high; empty if nobody publishes them.
    pub versions: Vec<ProtocolVersion>,
    /// Whose order decides. Says nothing of a policy without suites.
    pub order: Order,
    /// Most wanted first; empty if nobody publishes them.
    pub suites: Vec<CipherSuite>,
    /// Most wanted first.
    pub groups: Vec<NamedGroup>,
    /// Most wanted first.
    pub schemes: Vec<SignatureScheme>,
    /// Size of the server's own finite-field group; `None` if the policy does not say.
    pub dhe_bits: Option<u16>,
    /// The policy whose suites this one borrows, because nobody publishes its own, and what else it borrows.
    pub suites_from: Option<Lender>,
    /// Where the content comes from; policies of the harness itself have none.
    pub provenance: Option<Provenance>,
}

impl Policy {
    /// The folder of this kind of file.
    pub const FOLDER: &'static str = "policies";

    /// Parses a policy that borrows nothing. One with `suites_from` needs its neighbours: see
    /// [`parse_policies`](super::parse_policies).
    #[expect(clippy::expect_used, reason = "one file in, one policy out")]
    pub fn parse(file: &str, text: &str) -> Result<Self, DataError> {
        let mut all = super::parse_policies([(file, text)])?;
        Ok(all.pop().expect("one policy per file"))
    }

    /// The policy itself, if there is something to play.
    ///
    /// # Errors
    ///
    /// [`NotPlayable`] for a policy whose content nobody publishes.
    pub fn playable(&self) -> Result<&Self, NotPlayable> {
        if self.versions.is_empty() || self.suites.is_empty() {
            return Err(NotPlayable(self.id.clone()));
        }
        Ok(self)
    }

    /// The part of the id that names the service: `elb`, `s2n`, `mozilla`. Guidelines count one by one.
    pub fn service(&self) -> &str {
        super::catalogue::service(&self.id)
    }

    /// The name of s2n-tls's own policy for the same thing: that of an `s2n/` policy itself, or the one that
    /// the sources of another name.
    pub fn s2n_name(&self) -> Option<&str> {
        let recorded = || self.provenance.as_ref().and_then(|provenance| provenance.s2n.as_deref());
        self.id.strip_prefix("s2n/").or_else(recorded)
    }

    /// Whether s2n-tls is a source of the content: then agreement with s2n-tls proves nothing new.
    pub fn is_from_s2n(&self) -> bool {
        self.provenance.as_ref().is_some_and(Provenance::is_from_s2n)
    }

    /// Whether s2n-tls is all that is known of the content, whatever service the policy is of.
    pub fn is_s2ns_own(&self) -> bool {
        self.provenance.as_ref().is_some_and(Provenance::is_s2ns_own)
    }

    /// The newest version, the one that RFC 7507 compares with. A playable policy always has one.
    pub fn max_version(&self) -> Option<ProtocolVersion> {
        self.versions.iter().copied().max()
    }
}

/// There is nothing to play.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy {0} cannot be played: nobody publishes its versions and suites, and it has no stand-in")]
pub struct NotPlayable(pub String);

/// The smallest finite-field group of an EXPORT suite; nobody ever used a smaller one.
const LEAST_BITS: u16 = 512;

const NO_SUITES: &str = "neither suites nor suites_from is given, which takes certainty = \"unpublished\"";

/// A policy as its file writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    title: Spanned<String>,
    versions: Option<Spanned<Names>>,
    order: Option<Order>,
    suites: Option<Spanned<Names>>,
    pub(super) suites_from: Option<Spanned<String>>,
    groups: Option<Spanned<Names>>,
    schemes: Option<Spanned<Names>>,
    dhe_bits: Option<Spanned<u16>>,
    provenance: Option<RawProvenance>,
}

impl RawPolicy {
    /// Checks what the file says and completes it from the policy whose suites it borrows, if it does.
    pub(super) fn check(
        &self,
        source: &Source<'_>,
        id: &str,
        lender: Option<&Policy>,
        references: Option<&References>,
    ) -> Result<Policy, DataError> {
        let missing = |key, because| source.error(0..0, Problem::Missing { key, because });
        if let (Some(suites), Some(_)) = (&self.suites, &self.suites_from) {
            let exclusive = Problem::Exclusive { key: "suites", other: "suites_from" };
            return Err(source.error(suites.span(), exclusive));
        }
        let is_unpublished =
            self.provenance.as_ref().is_some_and(|raw| raw.certainty == Certainty::Unpublished);
        if let (Some(suites), true) = (&self.suites, is_unpublished) {
            let exclusive = Problem::Exclusive { key: "suites", other: "certainty = \"unpublished\"" };
            return Err(source.error(suites.span(), exclusive));
        }
        if let Some(bits) = self.dhe_bits.as_ref().filter(|bits| *bits.get_ref() < LEAST_BITS) {
            let problem = Problem::Bits { bits: *bits.get_ref(), least: LEAST_BITS };
            return Err(source.error(bits.span(), problem));
        }
        if let (Some(from), Some(lender)) = (&self.suites_from, lender)
            && lender.suites.is_empty()
        {
            return Err(source.error(from.span(), Problem::NothingToLend(lender.id.clone())));
        }
        let is_open = is_unpublished && self.suites.is_none() && lender.is_none();
        let versions = match &self.versions {
            Some(written) => self.versions(source, written)?,
            None if is_open => Vec::new(),
            None => return Err(missing("versions", "only an unpublished policy without suites has none")),
        };
        let suites = match (&self.suites, lender) {
            (Some(written), _) => Self::own_suites(source, written, &versions)?,
            // What is borrowed may hold suites for versions that this policy lacks.
            (None, Some(lender)) => {
                lender.suites.iter().copied().filter(|suite| serves(*suite, &versions)).collect()
            }
            (None, None) if is_open => Vec::new(),
            (None, None) => return Err(missing("suites", NO_SUITES)),
        };
        if let Some((idle, written)) = versions
            .iter()
            .find(|v| !is_open && !suites.iter().any(|suite| serves(*suite, &[**v])))
            .zip(self.versions.as_ref())
        {
            return Err(source.error(written.span(), Problem::Idle(*idle)));
        }
        let mut groups: Vec<NamedGroup> = source.names("groups", self.groups.as_ref())?;
        let mut schemes: Vec<SignatureScheme> = source.names("schemes", self.schemes.as_ref())?;
        self.reject_unusable_groups(source, &groups, &versions)?;
        self.reject_unusable_schemes(source, &schemes, &versions)?;
        if let Some(lender) = lender {
            if self.groups.is_none() {
                groups.clone_from(&lender.groups);
            }
            if self.schemes.is_none() {
                schemes.clone_from(&lender.schemes);
            }
        }
        let facts: Vec<&SuiteFacts> = suites.iter().filter_map(|suite| registry::suite(*suite)).collect();
        if groups.is_empty() && facts.iter().any(|facts| needs_group(facts)) {
            return Err(missing("groups", "a suite of this policy agrees on a curve"));
        }
        let negotiates = versions.iter().any(|version| *version >= ProtocolVersion::TLS1_2);
        if schemes.is_empty() && negotiates && facts.iter().any(|facts| needs_scheme(facts)) {
            return Err(missing("schemes", "a suite of this policy signs in TLS 1.2 or 1.3"));
        }
        let order = self
            .order
            .or(lender.map(|lender| lender.order))
            .or(is_open.then_some(Order::Server))
            .ok_or_else(|| missing("order", "whose order decides, the server's or the client's?"))?;
        Ok(Policy {
            id: id.to_owned(),
            title: source.filled("title", &self.title)?,
            versions,
            order,
            suites,
            groups,
            schemes,
            dhe_bits: self
                .dhe_bits
                .as_ref()
                .map(|bits| *bits.get_ref())
                .or(lender.and_then(|lender| lender.dhe_bits)),
            suites_from: lender.map(|lender| Lender::new(lender, |field| self.states(field))),
            provenance: self.provenance.as_ref().map(|raw| raw.check(source, references)).transpose()?,
        })
    }

    /// Whether the file has the key.
    fn states(&self, field: &str) -> bool {
        match field {
            "order" => self.order.is_some(),
            "groups" => self.groups.is_some(),
            "schemes" => self.schemes.is_some(),
            "dhe_bits" => self.dhe_bits.is_some(),
            _ => false,
        }
    }

    fn versions(
        &self,
        source: &Source<'_>,
        written: &Spanned<Names>,
    ) -> Result<Vec<ProtocolVersion>, DataError> {
        let versions: Vec<ProtocolVersion> = source.names("versions", Some(written))?;
        for (pair, place) in versions.windows(2).zip(written.get_ref().iter().skip(1)) {
            if pair[1] < pair[0] {
                let problem = Problem::UpsideDown { lower: pair[1], higher: pair[0] };
                return Err(source.error(place.span(), problem));
            }
        }
        Ok(versions)
    }

    fn own_suites(
        source: &Source<'_>,
        written: &Spanned<Names>,
        versions: &[ProtocolVersion],
    ) -> Result<Vec<CipherSuite>, DataError> {
        let key = "suites";
        let suites: Vec<CipherSuite> = source.names(key, Some(written))?;
        for (suite, place) in suites.iter().zip(written.get_ref()) {
            match registry::suite(*suite) {
                Some(facts) if facts.kind != SuiteKind::Suite => {
                    return Err(source.error(place.span(), Problem::Reserved { key, name: facts.name }));
                }
                Some(facts) if !serves(*suite, versions) => {
                    return Err(source.error(place.span(), Problem::Unusable { key, name: facts.name }));
                }
                _ => {}
            }
        }
        Ok(suites)
    }

    fn reject_unusable_groups(
        &self,
        source: &Source<'_>,
        groups: &[NamedGroup],
        versions: &[ProtocolVersion],
    ) -> Result<(), DataError> {
        let key = "groups";
        let places = self.groups.iter().flat_map(Spanned::get_ref);
        for (facts, place) in groups.iter().filter_map(|group| registry::group(*group)).zip(places) {
            if facts.group.is_grease() {
                return Err(source.error(place.span(), Problem::Reserved { key, name: facts.name }));
            }
            let usable = |v: &ProtocolVersion| if is_tls13(*v) { facts.tls13 } else { facts.tls12 };
            if !versions.iter().any(usable) {
                return Err(source.error(place.span(), Problem::Unusable { key, name: facts.name }));
            }
        }
        Ok(())
    }

    fn reject_unusable_schemes(
        &self,
        source: &Source<'_>,
        schemes: &[SignatureScheme],
        versions: &[ProtocolVersion],
    ) -> Result<(), DataError> {
        let key = "schemes";
        let places = self.schemes.iter().flat_map(Spanned::get_ref);
        for (facts, place) in schemes.iter().filter_map(|scheme| registry::scheme(*scheme)).zip(places) {
            if facts.scheme.is_grease() {
                return Err(source.error(place.span(), Problem::Reserved { key, name: facts.name }));
            }
            // TLS 1.3 lets some schemes sign certificates only: a policy may name them all the same.
            let usable = |v: &ProtocolVersion| {
                if is_tls13(*v) { facts.tls13_handshake || facts.tls13_chain } else { facts.tls12 }
            };
            if !versions.iter().any(usable) {
                return Err(source.error(place.span(), Problem::Unusable { key, name: facts.name }));
            }
        }
        Ok(())
    }
}

fn is_tls13(version: ProtocolVersion) -> bool {
    version >= ProtocolVersion::TLS1_3
}

/// Whether one of the versions can use the suite.
fn serves(suite: CipherSuite, versions: &[ProtocolVersion]) -> bool {
    registry::suite(suite).is_some_and(|facts| versions.iter().any(|version| facts.played_in(*version)))
}

/// Whether playing the suite takes a named group from the policy.
fn needs_group(facts: &SuiteFacts) -> bool {
    match facts.key_exchange {
        KeyExchange::Ecdhe | KeyExchange::EcdhAnon | KeyExchange::EcdhePsk | KeyExchange::Tls13 => true,
        KeyExchange::Null
        | KeyExchange::Rsa
        | KeyExchange::Dh
        | KeyExchange::Dhe
        | KeyExchange::DhAnon
        | KeyExchange::Krb5
        | KeyExchange::Psk
        | KeyExchange::DhePsk
        | KeyExchange::RsaPsk
        | KeyExchange::Gost
        | KeyExchange::None
        | KeyExchange::Cecpq1
        | KeyExchange::Ecdh
        | KeyExchange::Srp
        | KeyExchange::Eccpwd => false,
    }
}

/// Whether the server signs its part of the key exchange.
fn needs_scheme(facts: &SuiteFacts) -> bool {
    let signs = match facts.key_exchange {
        KeyExchange::Dhe
        | KeyExchange::Ecdhe
        | KeyExchange::Tls13
        | KeyExchange::Cecpq1
        | KeyExchange::Srp => true,
        KeyExchange::Null
        | KeyExchange::Rsa
        | KeyExchange::Dh
        | KeyExchange::DhAnon
        | KeyExchange::Krb5
        | KeyExchange::Psk
        | KeyExchange::DhePsk
        | KeyExchange::RsaPsk
        | KeyExchange::Gost
        | KeyExchange::None
        | KeyExchange::Ecdh
        | KeyExchange::EcdhAnon
        | KeyExchange::EcdhePsk
        | KeyExchange::Eccpwd => false,
    };
    signs && facts.authentication != Authentication::Srp
}

#[cfg(test)]
mod tests;
