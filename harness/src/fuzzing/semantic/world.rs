//! A policy, a key and an offer, as `policy_model` puts them before both models.

use serde::{Deserialize, Serialize};

use crate::oracle::naive::World;
use crate::oracle::{KeyType, Offer};
use crate::policy::{Order, Policy};
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::super::policy::{KEYS, drawn, play};
use super::super::{Seen, Target};
use super::{Code, SavedError};

/// A saved world.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedWorld {
    target: String,
    /// Of the server; none for one without a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Which GREASE value is put in.
    grease: u8,
    policy: SavedPolicy,
    offer: SavedOffer,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedPolicy {
    versions: Vec<Code>,
    server_order: bool,
    suites: Vec<Code>,
    groups: Vec<Code>,
    schemes: Vec<Code>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dhe_bits: Option<u16>,
}

/// A ClientHello as the models see it. A list that is missing is an extension that is missing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedOffer {
    legacy_version: Code,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    supported_versions: Option<Vec<Code>>,
    suites: Vec<Code>,
    compressions: Vec<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Code>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schemes: Option<Vec<Code>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    point_formats: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_shares: Option<Vec<Code>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    psk_modes: Option<Vec<u8>>,
    offers_psk: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server_name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    alpn: Vec<Vec<u8>>,
    extended_master_secret: bool,
    renegotiation_info: bool,
    renegotiates: bool,
    session_ticket: bool,
    fallback_scsv: bool,
}

/// The saved form of an input of `policy_model`, and its offer in words.
pub(super) fn of(target: &Target, input: &[u8]) -> (SavedWorld, String) {
    let (world, grease) = drawn(&input[..input.len().min(target.max_len)]);
    let World { policy, identity, offer } = &world;
    let form = SavedWorld {
        target: target.name.to_owned(),
        key: identity.as_ref().map(name),
        grease,
        policy: SavedPolicy {
            versions: codes(&policy.versions, |v| v.0),
            server_order: policy.order == Order::Server,
            suites: codes(&policy.suites, |s| s.0),
            groups: codes(&policy.groups, |g| g.0),
            schemes: codes(&policy.schemes, |s| s.0),
            dhe_bits: policy.dhe_bits,
        },
        offer: SavedOffer::from(offer),
    };
    (form, format!("{offer:?}"))
}

impl SavedWorld {
    pub(super) fn play(&self) -> Result<Seen, SavedError> {
        Ok(play(&self.world()?, self.grease))
    }

    fn world(&self) -> Result<World, SavedError> {
        let identity = match &self.key {
            None => None,
            Some(wanted) => Some(
                KEYS.into_iter()
                    .flatten()
                    .find(|key| name(key) == *wanted)
                    .ok_or_else(|| SavedError::Unknown { what: "key", name: wanted.clone() })?,
            ),
        };
        let saved = &self.policy;
        let policy = Policy {
            id: String::new(),
            title: String::new(),
            versions: values(&saved.versions, ProtocolVersion),
            order: if saved.server_order { Order::Server } else { Order::Client },
            suites: values(&saved.suites, CipherSuite),
            groups: values(&saved.groups, NamedGroup),
            schemes: values(&saved.schemes, SignatureScheme),
            dhe_bits: saved.dhe_bits,
            suites_from: None,
            provenance: None,
        };
        Ok(World { policy, identity, offer: self.offer.offer() })
    }
}

fn name(key: &KeyType) -> String {
    match key {
        KeyType::Rsa { bits } => format!("rsa{bits}"),
        KeyType::Ecdsa { group } => format!("ecdsa-{group}"),
        KeyType::Ed25519 => "ed25519".to_owned(),
    }
}

fn codes<T: Copy>(list: &[T], number: impl Fn(T) -> u16) -> Vec<Code> {
    list.iter().map(|item| Code(number(*item))).collect()
}

fn values<T>(list: &[Code], value: impl Fn(u16) -> T) -> Vec<T> {
    list.iter().map(|code| value(code.0)).collect()
}

impl From<&Offer> for SavedOffer {
    fn from(offer: &Offer) -> Self {
        Self {
            legacy_version: Code(offer.legacy_version.0),
            supported_versions: offer.supported_versions.as_ref().map(|list| codes(list, |v| v.0)),
            suites: codes(&offer.suites, |s| s.0),
            compressions: offer.compressions.clone(),
            groups: offer.groups.as_ref().map(|list| codes(list, |g| g.0)),
            schemes: offer.schemes.as_ref().map(|list| codes(list, |s| s.0)),
            point_formats: offer.point_formats.clone(),
            key_shares: offer.key_shares.as_ref().map(|list| codes(list, |g| g.0)),
            psk_modes: offer.psk_modes.clone(),
            offers_psk: offer.offers_psk,
            server_name: offer.server_name.clone(),
            alpn: offer.alpn.clone(),
            extended_master_secret: offer.extended_master_secret,
            renegotiation_info: offer.renegotiation_info,
            renegotiates: offer.renegotiates,
            session_ticket: offer.session_ticket,
            fallback_scsv: offer.fallback_scsv,
        }
    }
}

impl SavedOffer {
    pub(super) fn offer(&self) -> Offer {
        Offer {
            legacy_version: ProtocolVersion(self.legacy_version.0),
            supported_versions: self.supported_versions.as_ref().map(|list| values(list, ProtocolVersion)),
            suites: values(&self.suites, CipherSuite),
            compressions: self.compressions.clone(),
            groups: self.groups.as_ref().map(|list| values(list, NamedGroup)),
            schemes: self.schemes.as_ref().map(|list| values(list, SignatureScheme)),
            point_formats: self.point_formats.clone(),
            key_shares: self.key_shares.as_ref().map(|list| values(list, NamedGroup)),
            psk_modes: self.psk_modes.clone(),
            offers_psk: self.offers_psk,
            server_name: self.server_name.clone(),
            alpn: self.alpn.clone(),
            extended_master_secret: self.extended_master_secret,
            renegotiation_info: self.renegotiation_info,
            renegotiates: self.renegotiates,
            session_ticket: self.session_ticket,
            fallback_scsv: self.fallback_scsv,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::POLICY_MODEL;

    /// Nothing that is drawn gets lost, whether or not it decides anything.
    #[test]
    fn a_saved_world_is_the_world() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..2000 {
            let input: Vec<u8> = (0..rng.usize(..=POLICY_MODEL.max_len)).map(|_| rng.u8(..)).collect();
            let (form, _) = of(&POLICY_MODEL, &input);
            let read: SavedWorld = toml::from_str(&toml::to_string(&form).unwrap()).unwrap();
            let (world, grease) = drawn(&input);
            assert_eq!(format!("{:?}", read.world().unwrap()), format!("{world:?}"));
            assert_eq!(read.grease, grease);
        }
    }
}
