//! Security policies: what the library's named ones hold, and one of our own from an [`EndpointSpec`].

use crate::registry::{self, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::super::{CannotPlay, EndpointSpec};
use super::sys::{self, Built, Curve, KemGroup, Recipe, Scheme, SecurityPolicy, Suite};
use super::{ID, feature};

/// The library's own default, from which an empty list of a specification is filled.
const DEFAULT: &str = "default";

/// What the library's policy of a name holds. Lists are in its order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPolicy {
    pub name: String,
    pub min_version: ProtocolVersion,
    /// TLS 1.3 if the policy has a suite for it, else TLS 1.2: the library knows no other maximum.
    pub max_version: ProtocolVersion,
    pub suites: Vec<CipherSuite>,
    /// A client that puts ChaCha20 first gets it first.
    pub boosts_chacha20: bool,
    /// Hybrid and post-quantum groups, then curves: the library takes one of the former wherever both sides have it.
    pub groups: Vec<NamedGroup>,
    pub schemes: Vec<SignatureScheme>,
    /// Signatures allowed in certificates; `None` for all.
    pub certificate_schemes: Option<Vec<SignatureScheme>>,
    /// Groups for which a server asks with a HelloRetryRequest (RFC 8446 4.1.4).
    pub retried_groups: Vec<NamedGroup>,
    /// Only certain sizes of keys are allowed in certificates.
    pub limits_certificate_keys: bool,
    /// The limits on certificates hold for one's own, too: another certificate cannot be configured.
    pub binds_own_certificate: bool,
    /// The library holds the policy to forward secrecy.
    pub forward_secrecy_rule: bool,
}

impl NamedPolicy {
    /// The library's policy of that name. A withdrawn one is unknown.
    pub fn find(name: &str) -> Option<Self> {
        let policy = SecurityPolicy::find(name)?;
        let recipe = policy.recipe();
        Some(Self {
            name: name.to_owned(),
            min_version: sys::version_of(recipe.minimum),
            max_version: if policy.has_tls13() { ProtocolVersion::TLS1_3 } else { ProtocolVersion::TLS1_2 },
            suites: recipe.suites.iter().map(|suite| suite.id()).collect(),
            boosts_chacha20: recipe.boosts_chacha20,
            groups: (recipe.kem_groups.iter().map(|group| group.id()))
                .chain(recipe.curves.iter().map(|curve| curve.id()))
                .collect(),
            schemes: ids(&recipe.schemes),
            certificate_schemes: recipe.certificate_schemes.as_deref().map(ids),
            retried_groups: recipe.retried_groups.into_iter().flatten().map(NamedGroup).collect(),
            limits_certificate_keys: recipe.certificate_keys.is_some(),
            binds_own_certificate: recipe.binds_own_certificate,
            forward_secrecy_rule: recipe.rules[0],
        })
    }

    /// Every policy that the library knows, in its order. One policy may have several names.
    pub fn all() -> Vec<Self> {
        SecurityPolicy::names().into_iter().filter_map(Self::find).collect()
    }
}

fn ids(schemes: &[&'static Scheme]) -> Vec<SignatureScheme> {
    schemes.iter().map(|scheme| scheme.id()).collect()
}

/// The policy that a specification asks for, or why the library cannot have it.
pub(super) fn build(spec: &EndpointSpec) -> Result<Built, CannotPlay> {
    let default = SecurityPolicy::find(DEFAULT).ok_or_else(|| feature("its default policy"))?;
    let mut recipe = Recipe { rules: [false; 2], ..default.recipe() };
    if !spec.suites.is_empty() {
        recipe.suites = suites(&spec.suites)?;
    }
    set_versions(&mut recipe, &spec.versions)?;
    if !spec.groups.is_empty() {
        set_groups(&mut recipe, &spec.groups)?;
    }
    if !spec.schemes.is_empty() {
        recipe.schemes = schemes(&spec.schemes)?;
    }
    Built::new(recipe).ok_or_else(|| feature("lists as long as these"))
}

fn suites(wanted: &[CipherSuite]) -> Result<Vec<&'static Suite>, CannotPlay> {
    let mut found = Vec::new();
    for &suite in wanted {
        let known = Suite::find(suite).filter(|known| known.is_available());
        let known = known.ok_or_else(|| CannotPlay::Suite { backend: ID.to_owned(), suite })?;
        push_new(&mut found, known, Suite::id);
    }
    Ok(found)
}

fn schemes(wanted: &[SignatureScheme]) -> Result<Vec<&'static Scheme>, CannotPlay> {
    let mut found = Vec::new();
    for &scheme in wanted {
        let known = Scheme::find(scheme);
        let known = known.ok_or_else(|| CannotPlay::Scheme { backend: ID.to_owned(), scheme })?;
        push_new(&mut found, known, Scheme::id);
    }
    Ok(found)
}

/// A second mention of the same means nothing in an order of preference.
fn push_new<T, I: PartialEq>(list: &mut Vec<&'static T>, item: &'static T, id: impl Fn(&T) -> I) {
    if !list.iter().any(|other| id(other) == id(item)) {
        list.push(item);
    }
}

/// A policy states the minimum. The maximum follows from its suites, so those of versions that are not wanted go: a
/// stack that knows both limits could not use them either.
fn set_versions(recipe: &mut Recipe, wanted: &[ProtocolVersion]) -> Result<(), CannotPlay> {
    let is_tls13 = |suite: &Suite| {
        registry::suite(suite.id()).is_some_and(|facts| facts.usable_in(ProtocolVersion::TLS1_3))
    };
    let (Some(&oldest), Some(&newest)) = (wanted.first(), wanted.last()) else { return Ok(()) };
    for &version in wanted {
        sys::version_number(version)
            .ok_or_else(|| CannotPlay::Version { backend: ID.to_owned(), version })?;
    }
    recipe.minimum = sys::version_number(oldest).unwrap_or(recipe.minimum);
    let range = ProtocolVersion::ALL.into_iter().filter(|v| (oldest..=newest).contains(v));
    if newest < ProtocolVersion::TLS1_2 || !range.eq(wanted.iter().copied()) {
        return Err(feature("versions that are no range up to TLS 1.2 or up to TLS 1.3"));
    }
    if newest < ProtocolVersion::TLS1_3 {
        recipe.suites.retain(|suite| !is_tls13(suite));
    } else if !recipe.suites.iter().any(|suite| is_tls13(suite)) {
        return Err(feature("TLS 1.3 without a suite for it"));
    }
    if oldest == ProtocolVersion::TLS1_3 {
        recipe.suites.retain(|suite| is_tls13(suite));
    } else if recipe.suites.iter().all(|suite| is_tls13(suite)) {
        return Err(feature("TLS 1.2 or older without a suite for it"));
    }
    Ok(())
}

fn set_groups(recipe: &mut Recipe, wanted: &[NamedGroup]) -> Result<(), CannotPlay> {
    recipe.kem_groups.clear();
    recipe.curves.clear();
    for &group in wanted {
        if let Some(kem) = KemGroup::find(group).filter(|kem| kem.is_available()) {
            if !recipe.curves.is_empty() {
                return Err(feature("a curve before a hybrid group"));
            }
            push_new(&mut recipe.kem_groups, kem, KemGroup::id);
        } else {
            let curve = Curve::find(group);
            let curve = curve.ok_or_else(|| CannotPlay::Group { backend: ID.to_owned(), group })?;
            push_new(&mut recipe.curves, curve, Curve::id);
        }
    }
    let is_tls13_only = sys::version_number(ProtocolVersion::TLS1_3) == Some(recipe.minimum);
    if recipe.curves.is_empty() && !is_tls13_only {
        return Err(feature("TLS 1.2 or older without a curve"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything of the recipe looked up again by its code point.
    fn by_code_point(recipe: &Recipe) -> Recipe {
        let schemes = |list: &[&'static Scheme]| list.iter().map(|s| Scheme::find(s.id()).unwrap()).collect();
        // The policy "null" has the one suite that cannot be found, since nobody negotiates it.
        let suite = |s: &&'static Suite| if s.id().0 == 0 { *s } else { Suite::find(s.id()).unwrap() };
        Recipe {
            suites: recipe.suites.iter().map(suite).collect(),
            kem_groups: recipe.kem_groups.iter().map(|g| KemGroup::find(g.id()).unwrap()).collect(),
            curves: recipe.curves.iter().map(|c| Curve::find(c.id()).unwrap()).collect(),
            // The list of all schemes has one that is no scheme of the protocol.
            schemes: if recipe.schemes.iter().any(|s| s.id().0 == 0xFFFF) {
                recipe.schemes.clone()
            } else {
                schemes(&recipe.schemes)
            },
            certificate_schemes: recipe.certificate_schemes.as_deref().map(schemes),
            ..recipe.clone()
        }
    }

    #[test]
    fn every_policy_of_the_library_survives_the_way_through_the_mirror() {
        let names = SecurityPolicy::names();
        assert!(names.len() > 150, "{}", names.len());
        let mut forms = Vec::new();
        for name in names {
            let policy = SecurityPolicy::find(name).unwrap();
            let recipe = policy.recipe();
            let built = Built::new(by_code_point(&recipe)).unwrap();
            assert!(built.is_equal(policy), "{name}");
            forms.push(recipe);
        }
        // What the mirror could have read wrongly without a difference: that is there and not there.
        for (what, has) in [
            ("hybrid groups", (|r| !r.kem_groups.is_empty()) as fn(&Recipe) -> bool),
            ("schemes for certificates", |r| r.certificate_schemes.is_some()),
            ("groups to retry", |r| r.retried_groups.is_some()),
            ("limits on keys", |r| r.certificate_keys.is_some()),
            ("binds its own certificate", |r| r.binds_own_certificate),
            ("forward secrecy", |r| r.rules[0]),
            ("FIPS 140-3", |r| r.rules[1]),
            ("boosted ChaCha20", |r| r.boosts_chacha20),
        ] {
            assert!(forms.iter().any(has), "no policy: {what}");
            assert!(!forms.iter().all(has), "every policy: {what}");
        }
    }

    type Change = fn(&mut Recipe);

    #[test]
    fn a_changed_policy_is_not_equal() {
        let policy = SecurityPolicy::find("default").unwrap();
        let recipe = policy.recipe();
        let changes: [(&str, Change); 11] = [
            ("minimum", |r| r.minimum -= 1),
            ("suites", |r| r.suites.swap(0, 1)),
            ("boosts_chacha20", |r| r.boosts_chacha20 ^= true),
            ("kem_groups", |r| r.kem_groups.clear()),
            ("curves", |r| r.curves.truncate(1)),
            ("schemes", |r| r.schemes.reverse()),
            ("certificate_schemes", |r| r.certificate_schemes = Some(Vec::new())),
            ("retried_groups", |r| r.retried_groups = Some(vec![29])),
            ("certificate_keys", |r| r.certificate_keys = Some(Vec::new())),
            ("binds_own_certificate", |r| r.binds_own_certificate ^= true),
            ("rules", |r| r.rules[1] ^= true),
        ];
        assert!(Built::new(recipe.clone()).unwrap().is_equal(policy));
        for (what, change) in changes {
            let mut changed = recipe.clone();
            change(&mut changed);
            assert!(!Built::new(changed).unwrap().is_equal(policy), "{what}");
        }
    }
}
