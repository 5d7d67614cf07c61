//! What a scan has learned.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::certificate::Chain;
use super::known::Known;
use super::lists::Listed;
use super::suites::{Accepted, Preference};
use super::trouble::Trouble;

/// Everything that a scan has learned of a server.
#[derive(Debug, Clone)]
pub struct Found {
    /// Every version, oldest first; none if the scan could not begin.
    pub versions: BTreeMap<ProtocolVersion, (Accepted, Preference)>,
    /// Of the newest version up to TLS 1.2 that takes a curve, and of TLS 1.3.
    pub groups: Vec<Listed<NamedGroup>>,
    /// Of TLS 1.2 and of TLS 1.3; older versions name none.
    pub schemes: Vec<Listed<SignatureScheme>>,
    /// Sizes of the finite fields that it chose, up to TLS 1.2.
    pub dhe_bits: BTreeSet<u16>,
    /// Each leaf once.
    pub certificates: Vec<Chain>,
    /// Schemes of TLS 1.3 that the server took in a hello, and whose certificate nobody saw: it may be another one.
    pub unseen: Vec<SignatureScheme>,
    pub fallback_scsv: Known<bool>,
    pub secure_renegotiation: Known<bool>,
    pub extended_master_secret: Known<bool>,
    pub compression: Known<bool>,
    pub downgrade_sentinel: Known<bool>,
    pub resumption: Resumed,
    /// With `confirm`: whether the built-in OpenSSL completes it.
    pub confirmed: BTreeMap<(ProtocolVersion, CipherSuite), Known<bool>>,
    /// Why the scan could not even begin.
    pub trouble: Option<Trouble>,
    pub cost: Cost,
}

/// How sessions are resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// By session id, up to TLS 1.2.
    pub id: Known<bool>,
    /// By ticket, up to TLS 1.2.
    pub ticket: Known<bool>,
    /// By ticket in TLS 1.3.
    pub psk: Known<bool>,
}

/// What it took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    pub connections: u32,
    /// Connections because an earlier one had no clear answer.
    pub retries: u32,
    pub time: Duration,
}

const NOT_ASKED: &str = "not asked";

impl Found {
    /// Nothing yet.
    pub(super) fn nothing() -> Self {
        let not_asked = || Known::Moot(NOT_ASKED);
        Self {
            versions: BTreeMap::new(),
            groups: Vec::new(),
            schemes: Vec::new(),
            dhe_bits: BTreeSet::new(),
            certificates: Vec::new(),
            unseen: Vec::new(),
            fallback_scsv: not_asked(),
            secure_renegotiation: not_asked(),
            extended_master_secret: not_asked(),
            compression: not_asked(),
            downgrade_sentinel: not_asked(),
            resumption: Resumed { id: not_asked(), ticket: not_asked(), psk: not_asked() },
            confirmed: BTreeMap::new(),
            trouble: None,
            cost: Cost::default(),
        }
    }

    /// Of a server that could not be asked.
    pub fn of_trouble(trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), ..Self::nothing() }
    }

    /// The versions in which the server accepts a suite, oldest first.
    pub fn accepted(&self) -> impl DoubleEndedIterator<Item = &Accepted> {
        self.versions.values().map(|(accepted, _)| accepted).filter(|accepted| !accepted.suites.is_empty())
    }

    /// The facts that are either so or not, by the keys of JSON.
    pub const fn flags(&self) -> [(&'static str, &Known<bool>); 8] {
        [
            ("fallback_scsv", &self.fallback_scsv),
            ("secure_renegotiation", &self.secure_renegotiation),
            ("extended_master_secret", &self.extended_master_secret),
            ("compression", &self.compression),
            ("downgrade_sentinel", &self.downgrade_sentinel),
            ("resumption_by_id", &self.resumption.id),
            ("resumption_by_ticket", &self.resumption.ticket),
            ("resumption_by_psk", &self.resumption.psk),
        ]
    }

    /// Everything that could not be learned, and why: with any of it the scan is not complete.
    pub fn troubles(&self) -> Vec<(String, &Trouble)> {
        let mut all: Vec<(String, &Trouble)> =
            self.trouble.iter().map(|trouble| ("scan".to_owned(), trouble)).collect();
        for (accepted, preference) in self.versions.values() {
            all.extend(accepted.end.trouble().map(|trouble| (accepted.version.to_string(), trouble)));
            if let Preference::Unknown(trouble) = preference {
                all.push((format!("{} preference", accepted.version), trouble));
            }
        }
        let lists = self.groups.iter().map(|list| ("groups", list.version, &list.trouble));
        let lists = lists.chain(self.schemes.iter().map(|list| ("schemes", list.version, &list.trouble)));
        all.extend(
            lists.filter_map(|(what, version, trouble)| {
                Some((format!("{version} {what}"), trouble.as_ref()?))
            }),
        );
        all.extend(
            self.flags().iter().filter_map(|(key, known)| Some(((*key).to_owned(), known.trouble()?))),
        );
        all.extend(self.confirmed.iter().filter_map(|((version, suite), known)| {
            Some((format!("{version} {suite} confirmation"), known.trouble()?))
        }));
        all
    }
}
