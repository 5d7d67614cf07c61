//! What the data does not state and a policy file needs. The rules:
//!
//! * **versions** are derived where the data says `"protocols_from": "name"`: no source states more than the name.
//! * **s2n**: the policy of s2n-tls for the same thing is the one that an alias names (`s2n NAME`), that the note on
//!   the groups names, that has the same name, or (if s2n-tls is the only source) that has the same content: the first
//!   of these, and only where s2n-tls is among the sources. The same name alone proves nothing over services.
//! * **groups, schemes** where the data has none: those of that s2n policy. For `RFC9151` policies those of s2n's
//!   `rfc9151`, which is the same profile. Else the default: X25519 (with TLS 1.3, without FIPS), P-256, P-384,
//!   and before them the three hybrids of AWS's pages if the policy is post-quantum; ECDSA and RSA with SHA-2, and
//!   DSA where a DSS suite signs.
//! * **groups** where only the hybrids are published: the curves of the default behind them.
//! * **order**: that of the server, unless Mozilla's notes say otherwise.
//! * **`dhe_bits`** with a DHE suite and no `ffdhe` group: what Mozilla's notes say; for a policy of s2n-tls 2048, the
//!   smallest that it takes; else 2048.
//! * **schemes** that no version of the policy can use are left out with a note.
//! * a row that is derived and has no such field is as a whole what s2n-tls has under another name; a note says which.
//!
//! A field is listed under `derived` if the first of the row's sources does not state it.

use serde_json::Value;
use shakedown::registry::{self, GroupFamily, KeyExchange, ProtocolVersion};

use crate::data::{row, rows, suites, text, texts};

const HYBRIDS: [&str; 3] = ["X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"];

const SCHEMES: [&str; 8] = [
    "ecdsa_secp256r1_sha256",
    "ecdsa_secp384r1_sha384",
    "rsa_pss_rsae_sha256",
    "rsa_pss_rsae_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384",
    "rsa_pkcs1_sha512",
];

/// The rest of a policy file.
#[derive(Default)]
pub struct Derived {
    pub order: Option<&'static str>,
    pub groups: Option<Vec<String>>,
    pub schemes: Option<Vec<String>>,
    pub dhe_bits: Option<u16>,
    pub s2n: Option<String>,
    pub states: Vec<&'static str>,
    pub derived: Vec<&'static str>,
    pub unordered: Vec<&'static str>,
    pub notes: Vec<String>,
}

impl Derived {
    pub fn of(row: &Value) -> Self {
        let mut rest = Self { s2n: s2n(row), ..Self::default() };
        rest.versions(row);
        if suites(row).is_some() {
            rest.order(row);
            rest.suites(row);
            rest.groups(row);
            rest.schemes(row);
            rest.dhe_bits(row);
            rest.whole(row);
        } else if row["forward_secret_only"] == true {
            rest.states.push("forward-secrecy");
        }
        rest
    }

    fn versions(&mut self, row: &Value) {
        match row["protocols_from"].as_str() {
            Some("name") => self.derived.push("versions"),
            Some(other) => panic!("protocols_from of {}: {other}", row["id"]),
            None => assert!(row["protocols_from"].is_null(), "{}", row["id"]),
        }
    }

    fn order(&mut self, row: &Value) {
        let notes = texts(row, "notes").unwrap();
        let says = |words: &str| notes.iter().any(|note| note.contains(words));
        let stated = says("Server Order Preference enabled")
            || says("CloudFront chooses a cipher in the listed order")
            || says("server_preferred_order=")
            || first_is_s2n(row);
        if !stated {
            self.derived.push("order");
        }
        self.order = Some(if says("server_preferred_order=False") { "client" } else { "server" });
    }

    fn suites(&mut self, row: &Value) {
        if text(row, "suite_order") == "unordered set" {
            self.unordered.push("suites");
        }
    }

    fn groups(&mut self, row: &Value) {
        let note = text(row, "groups_note");
        let (groups, is_derived) = match texts(row, "groups") {
            Some(hybrids) if note.starts_with("Only the three PQ hybrids are published") => {
                (hybrids.into_iter().chain(curves(row)).map(str::to_owned).collect(), true)
            }
            Some(groups) => {
                if note.contains("no preference order stated") {
                    self.unordered.push("groups");
                }
                (
                    groups.into_iter().map(str::to_owned).collect(),
                    note.contains("not from the AWS documentation"),
                )
            }
            None => (self.lent(row, "groups").unwrap_or_else(|| default_groups(row)), true),
        };
        self.groups = Some(groups);
        if is_derived {
            self.derived.push("groups");
        }
    }

    fn schemes(&mut self, row: &Value) {
        let schemes = match texts(row, "signature_schemes") {
            Some(schemes) => schemes.into_iter().map(str::to_owned).collect(),
            None => self.lent(row, "signature_schemes").unwrap_or_else(|| default_schemes(row)),
        };
        let versions = versions(row);
        let (usable, idle): (Vec<String>, Vec<String>) =
            schemes.into_iter().partition(|name| is_scheme_usable(name, &versions));
        if !idle.is_empty() {
            let idle = idle.join(" and ");
            self.notes
                .push(format!("The source also lists {idle}, which no version of this policy can use."));
        }
        self.schemes = Some(usable);
        if !first_is_s2n(row) {
            self.derived.push("schemes");
        }
    }

    fn dhe_bits(&mut self, row: &Value) {
        let is_ffdhe = |name: &String| registry::group_by_name(name).unwrap().family == GroupFamily::Ffdhe;
        if self.groups.iter().flatten().any(is_ffdhe) || !kinds(row).any(|kx| kx == KeyExchange::Dhe) {
            return;
        }
        let notes = texts(row, "notes").unwrap();
        let stated = notes.iter().find_map(|note| note.split_once("dh_param_size=")?.1.parse().ok());
        self.dhe_bits = Some(stated.unwrap_or(2048));
        if first_is_s2n(row) {
            self.notes.push(
                "dhe_bits is the smallest group that s2n-tls takes; it has no larger one built in.".into(),
            );
        } else if stated.is_none() {
            self.derived.push("dhe_bits");
        }
    }

    /// A row can be derived with no field derived: then all of it is taken from a policy of another name.
    fn whole(&mut self, row: &Value) {
        if row["certainty"] == "derived" && self.derived.is_empty() {
            let name = self.s2n.as_deref().unwrap();
            self.notes
                .push(format!("Versions, suites, groups and schemes are those of s2n-tls's policy {name}."));
        }
    }

    /// A field of the s2n policy that this one corresponds to.
    fn lent(&self, own: &Value, key: &str) -> Option<Vec<String>> {
        let name = text(own, "name");
        let is_rfc9151 = name.contains("RFC9151") && !name.contains("INTEROP");
        let lender = self.s2n.as_deref().or(is_rfc9151.then_some("rfc9151"))?;
        let lent = texts(row(&format!("s2n/{lender}")), key)?;
        Some(lent.into_iter().map(str::to_owned).collect())
    }
}

fn s2n(own: &Value) -> Option<String> {
    if text(own, "id").starts_with("s2n/") || !texts(own, "sources").unwrap().contains(&"s2n") {
        return None;
    }
    let is_known = |name: &&str| rows().any(|row| row["id"] == format!("s2n/{name}"));
    let word_behind = |said: &'static str, mark: &str| {
        said.split_once(mark)?.1.split([' ', ',']).next().filter(|name| is_known(name))
    };
    let own: &'static Value = row(text(own, "id"));
    let by_alias = || texts(own, "aliases")?.into_iter().find_map(|alias| word_behind(alias, "s2n "));
    let by_note = || word_behind(text(own, "groups_note"), "From s2n-tls ");
    let by_name = || Some(text(own, "name")).filter(is_known);
    let by_content = || {
        let keys = ["protocols", "cipher_suites", "groups", "signature_schemes"];
        let same =
            |row: &&Value| text(row, "id").starts_with("s2n/") && keys.iter().all(|key| row[key] == own[key]);
        (own["sources"] == serde_json::json!(["s2n"]))
            .then(|| rows().find(same))?
            .map(|row| text(row, "name"))
    };
    by_alias().or_else(by_note).or_else(by_name).or_else(by_content).map(str::to_owned)
}

fn first_is_s2n(row: &Value) -> bool {
    texts(row, "sources").unwrap()[0] == "s2n"
}

fn versions(row: &Value) -> Vec<ProtocolVersion> {
    texts(row, "protocols").unwrap().into_iter().map(|name| name.parse().unwrap()).collect()
}

fn kinds(row: &Value) -> impl Iterator<Item = KeyExchange> {
    let suites = suites(row).unwrap().into_iter();
    suites.map(|name| registry::suite_by_name(name).unwrap().key_exchange)
}

fn curves(row: &Value) -> Vec<&'static str> {
    let has_x25519 = versions(row).contains(&ProtocolVersion::TLS1_3) && row["fips"] == false;
    let x25519 = has_x25519.then_some("x25519");
    x25519.into_iter().chain(["secp256r1", "secp384r1"]).collect()
}

fn default_groups(row: &Value) -> Vec<String> {
    let hybrids = if row["post_quantum"] == true { &HYBRIDS[..] } else { &[] };
    hybrids.iter().copied().chain(curves(row)).map(str::to_owned).collect()
}

fn default_schemes(row: &Value) -> Vec<String> {
    let signs_dss = suites(row).unwrap().iter().any(|name| name.starts_with("TLS_DHE_DSS_"));
    let dsa = signs_dss.then_some("dsa_sha256_RESERVED");
    SCHEMES.into_iter().chain(dsa).map(str::to_owned).collect()
}

fn is_scheme_usable(name: &str, versions: &[ProtocolVersion]) -> bool {
    let facts = registry::scheme_by_name(name).unwrap();
    let in_tls13 = facts.tls13_handshake || facts.tls13_chain;
    versions.iter().any(|version| if *version == ProtocolVersion::TLS1_3 { in_tls13 } else { facts.tls12 })
}
