//! The structures that an s2n security policy is made of, mirrored, and the library's functions over them.
//!
//! They have no API, so the layouts are those of s2n-tls 0.3.47, which Cargo.toml pins. Tests in `policy.rs` prove
//! them: every policy of the library is read, rebuilt through the mirror, and found equal by the library itself.
#![expect(unsafe_code, reason = "s2n's policies are C structures; each block states why it is sound")]

use std::ffi::{CStr, CString, c_char, c_int, c_uint};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use s2n_tls_sys::s2n_connection;

use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

/// Declares the known beginning of a structure of the library. The library alone makes such values, they live as
/// long as the program, and nothing writes to them after its initialisation.
macro_rules! library_owned {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[repr(C)]
            pub(super) struct $name { $($field: $kind),* }

            // SAFETY: constant after the library's initialisation, see above.
            unsafe impl Sync for $name {}
        )*
    };
}

library_owned! {
    /// `struct s2n_cipher_suite`. `available` is a bit field of one bit, so any bit of its word is that one.
    Suite { available: c_uint, name: *const c_char, iana_name: *const c_char, iana_value: [u8; 2] }
    /// `struct s2n_ecc_named_curve`.
    Curve { iana_id: u16, libcrypto_nid: c_int, name: *const c_char }
    /// `struct s2n_kem_group`: a hybrid or post-quantum group of TLS 1.3.
    KemGroup { name: *const c_char, iana_id: u16 }
    /// `struct s2n_signature_scheme`.
    Scheme { iana_value: u16, name: *const c_char }
    /// `struct s2n_certificate_key`.
    CertificateKey { name: *const c_char }
}

#[repr(C)]
struct CipherPreferences {
    count: u16,
    suites: *const *const Suite,
    allow_chacha20_boosting: bool,
}

#[repr(C)]
struct KemPreferences {
    /// Hybrid groups of TLS 1.2, which no policy has any more.
    kem_count: u8,
    kems: *const *const c_char,
    tls13_kem_group_count: u8,
    tls13_kem_groups: *const *const KemGroup,
}

/// `s2n_signature_preferences`, `s2n_ecc_preferences` and `s2n_certificate_key_preferences` have this one shape.
#[repr(C)]
struct Preferences<T> {
    count: u8,
    items: *const *const T,
}

#[repr(C)]
struct GroupIds {
    count: u8,
    iana_ids: *const u16,
}

/// `struct s2n_security_policy`. Either the library's, or part of a [`Built`].
#[repr(C)]
pub(super) struct SecurityPolicy {
    minimum_protocol_version: u8,
    cipher_preferences: *const CipherPreferences,
    kem_preferences: *const KemPreferences,
    signature_preferences: *const Preferences<Scheme>,
    certificate_signature_preferences: *const Preferences<Scheme>,
    ecc_preferences: *const Preferences<Curve>,
    strongly_preferred_groups: *const GroupIds,
    certificate_key_preferences: *const Preferences<CertificateKey>,
    certificate_preferences_apply_locally: bool,
    rules: [bool; 2],
}

#[repr(C)]
struct Selection {
    version: *const c_char,
    security_policy: *const SecurityPolicy,
    flags: c_uint,
}

/// `s2n_result`.
#[repr(C)]
struct Outcome {
    signal: c_int,
}

unsafe extern "C" {
    /// Ends with an entry whose name is null.
    static security_policy_selection: [Selection; 0];
    static s2n_signature_preferences_all: Preferences<Scheme>;

    fn s2n_cipher_suite_from_iana(iana: *const u8, length: usize, suite: *mut *const Suite) -> Outcome;
    fn s2n_find_ecc_curve_from_iana_id(iana: u16, curve: *mut *const Curve, found: *mut bool) -> c_int;
    fn s2n_find_kem_group_from_iana_id(iana: u16, group: *mut *const KemGroup, found: *mut bool) -> c_int;
    fn s2n_kem_group_is_available(group: *const KemGroup) -> bool;
    fn s2n_find_security_policy_from_version(
        version: *const c_char,
        policy: *mut *const SecurityPolicy,
    ) -> c_int;
    fn s2n_security_policy_supports_tls13(policy: *const SecurityPolicy) -> bool;
    #[cfg(test)]
    fn s2n_security_policy_equals(
        a: *const SecurityPolicy,
        b: *const SecurityPolicy,
        equal: *mut bool,
    ) -> Outcome;
    /// Hands a policy to a connection, which keeps the pointer.
    pub(super) fn s2n_connection_set_security_policy(
        connection: *mut s2n_connection,
        policy: *const SecurityPolicy,
    ) -> c_int;
}

/// Which scheme stands for "MD5 with SHA-1" inside the library; it has no code point and is no preference.
const INTERNAL_SCHEME: u16 = 0xFFFF;

/// Initialises the library, once. Its memory then comes from Rust's allocator, so nothing is locked into RAM, where
/// `RLIMIT_MEMLOCK` would end a run of many connections.
pub(super) fn init() {
    s2n_tls::init::init();
}

impl Suite {
    pub(super) fn id(&self) -> CipherSuite {
        CipherSuite(u16::from_be_bytes(self.iana_value))
    }

    /// Whether this build of the library can play it.
    pub(super) fn is_available(&self) -> bool {
        self.available != 0
    }

    pub(super) fn find(id: CipherSuite) -> Option<&'static Self> {
        init();
        let (iana, mut found) = (id.to_be_bytes(), ptr::null());
        // SAFETY: both pointers are valid for the call; a suite that is found belongs to the library.
        unsafe {
            let outcome = s2n_cipher_suite_from_iana(iana.as_ptr(), iana.len(), &raw mut found);
            if outcome.signal == 0 { found.as_ref() } else { None }
        }
    }
}

impl Curve {
    pub(super) fn id(&self) -> NamedGroup {
        NamedGroup(self.iana_id)
    }

    pub(super) fn find(id: NamedGroup) -> Option<&'static Self> {
        init();
        let (mut curve, mut found) = (ptr::null(), false);
        // SAFETY: both pointers are valid for the call; a curve that is found belongs to the library.
        unsafe {
            s2n_find_ecc_curve_from_iana_id(id.0, &raw mut curve, &raw mut found);
            if found { curve.as_ref() } else { None }
        }
    }
}

impl KemGroup {
    pub(super) fn id(&self) -> NamedGroup {
        NamedGroup(self.iana_id)
    }

    /// Whether this build of the library can play it.
    pub(super) fn is_available(&'static self) -> bool {
        // SAFETY: the group belongs to the library.
        unsafe { s2n_kem_group_is_available(self) }
    }

    pub(super) fn find(id: NamedGroup) -> Option<&'static Self> {
        init();
        let (mut group, mut found) = (ptr::null(), false);
        // SAFETY: both pointers are valid for the call; a group that is found belongs to the library.
        unsafe {
            s2n_find_kem_group_from_iana_id(id.0, &raw mut group, &raw mut found);
            if found { group.as_ref() } else { None }
        }
    }
}

impl Scheme {
    pub(super) fn id(&self) -> SignatureScheme {
        SignatureScheme(self.iana_value)
    }

    pub(super) fn find(id: SignatureScheme) -> Option<&'static Self> {
        init();
        // SAFETY: a constant of the library, and so are the schemes it lists.
        let all = unsafe { items((&raw const s2n_signature_preferences_all).as_ref()) };
        all.unwrap_or_default().into_iter().find(|s| s.id() == id && s.iana_value != INTERNAL_SCHEME)
    }
}

/// What a policy holds, read or to be written. Lists are in the order of preference.
#[derive(Clone, Default)]
pub(super) struct Recipe {
    /// The library's number: ten times the major and once the minor version.
    pub(super) minimum: u8,
    pub(super) suites: Vec<&'static Suite>,
    /// A client that prefers ChaCha20 gets it.
    pub(super) boosts_chacha20: bool,
    pub(super) kem_groups: Vec<&'static KemGroup>,
    pub(super) curves: Vec<&'static Curve>,
    pub(super) schemes: Vec<&'static Scheme>,
    pub(super) certificate_schemes: Option<Vec<&'static Scheme>>,
    /// A server asks for these with a HelloRetryRequest.
    pub(super) retried_groups: Option<Vec<u16>>,
    pub(super) certificate_keys: Option<Vec<&'static CertificateKey>>,
    /// Whether the certificate preferences bind one's own certificate, too.
    pub(super) binds_own_certificate: bool,
    pub(super) rules: [bool; 2],
}

/// The library's number of a version.
pub(super) fn version_number(version: ProtocolVersion) -> Option<u8> {
    let [major, minor] = version.to_be_bytes();
    (major == 3 && minor <= 4).then_some(major * 10 + minor)
}

/// The version of the library's number.
pub(super) fn version_of(number: u8) -> ProtocolVersion {
    ProtocolVersion(u16::from_be_bytes([number / 10, number % 10]))
}

impl SecurityPolicy {
    /// The policy of that name, in any case. Withdrawn ones are unknown.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        init();
        let name = CString::new(name).ok()?;
        let mut policy = ptr::null();
        // SAFETY: both pointers are valid for the call; a policy that is found is a constant of the library.
        unsafe {
            let outcome = s2n_find_security_policy_from_version(name.as_ptr(), &raw mut policy);
            if outcome == 0 { policy.as_ref() } else { None }
        }
    }

    /// Every name that the library knows, in its order.
    pub(super) fn names() -> Vec<&'static str> {
        init();
        let mut names = Vec::new();
        let mut next = (&raw const security_policy_selection).cast::<Selection>();
        loop {
            // SAFETY: the table ends with a null name, and the loop there. The names are string literals.
            unsafe {
                if (*next).version.is_null() {
                    return names;
                }
                names.extend(CStr::from_ptr((*next).version).to_str().ok());
                next = next.add(1);
            }
        }
    }

    /// A server or client with this policy has TLS 1.3, otherwise TLS 1.2 at most.
    pub(super) fn has_tls13(&'static self) -> bool {
        // SAFETY: a constant of the library.
        unsafe { s2n_security_policy_supports_tls13(self) }
    }

    pub(super) fn recipe(&'static self) -> Recipe {
        // SAFETY: a constant of the library, and so is everything that it points to. Counts belong to their arrays.
        unsafe {
            let ciphers = self.cipher_preferences.as_ref();
            let kems = self.kem_preferences.as_ref();
            Recipe {
                minimum: self.minimum_protocol_version,
                suites: ciphers.map(|c| pointees(c.suites, c.count.into())).unwrap_or_default(),
                boosts_chacha20: ciphers.is_some_and(|c| c.allow_chacha20_boosting),
                kem_groups: kems
                    .map(|k| pointees(k.tls13_kem_groups, k.tls13_kem_group_count.into()))
                    .unwrap_or_default(),
                curves: items(self.ecc_preferences.as_ref()).unwrap_or_default(),
                schemes: items(self.signature_preferences.as_ref()).unwrap_or_default(),
                certificate_schemes: items(self.certificate_signature_preferences.as_ref()),
                retried_groups: self
                    .strongly_preferred_groups
                    .as_ref()
                    .map(|g| (0..g.count.into()).map(|i| *g.iana_ids.add(i)).collect()),
                certificate_keys: items(self.certificate_key_preferences.as_ref()),
                binds_own_certificate: self.certificate_preferences_apply_locally,
                rules: self.rules,
            }
        }
    }
}

/// The list, or `None` where there is none.
///
/// # Safety
/// `list` and all that it points to are constants of the library.
unsafe fn items<T>(list: Option<&Preferences<T>>) -> Option<Vec<&'static T>> {
    // SAFETY: the caller's.
    list.map(|list| unsafe { pointees(list.items, list.count.into()) })
}

/// # Safety
/// `array` holds `count` pointers to constants of the library; it may be null if `count` is 0.
unsafe fn pointees<T>(array: *const *const T, count: usize) -> Vec<&'static T> {
    // SAFETY: the caller's.
    (0..count).filter_map(|i| unsafe { (*array.add(i)).as_ref() }).collect()
}

/// A security policy of our own.
pub(super) struct Built {
    storage: NonNull<Storage>,
    owns: PhantomData<Storage>,
}

/// The C structures and, behind their pointers, the arrays of the recipe. Never moved once it is filled.
struct Storage {
    _recipe: Recipe,
    ciphers: CipherPreferences,
    kems: KemPreferences,
    schemes: Preferences<Scheme>,
    certificate_schemes: Option<Preferences<Scheme>>,
    curves: Preferences<Curve>,
    retried_groups: Option<GroupIds>,
    certificate_keys: Option<Preferences<CertificateKey>>,
    policy: SecurityPolicy,
}

// SAFETY: nothing in the storage is written to after `Built::new`, and it points to itself and to constants.
unsafe impl Send for Built {}
// SAFETY: as above.
unsafe impl Sync for Built {}

impl Built {
    /// `None` for a list that is longer than the library counts.
    pub(super) fn new(recipe: Recipe) -> Option<Self> {
        let ciphers = CipherPreferences {
            count: recipe.suites.len().try_into().ok()?,
            suites: array(&recipe.suites),
            allow_chacha20_boosting: recipe.boosts_chacha20,
        };
        let kems = KemPreferences {
            kem_count: 0,
            kems: ptr::null(),
            tls13_kem_group_count: recipe.kem_groups.len().try_into().ok()?,
            tls13_kem_groups: array(&recipe.kem_groups),
        };
        let retried_groups = match &recipe.retried_groups {
            Some(ids) => Some(GroupIds { count: ids.len().try_into().ok()?, iana_ids: ids.as_ptr() }),
            None => None,
        };
        let storage = Storage {
            ciphers,
            kems,
            schemes: preferences(&recipe.schemes)?,
            certificate_schemes: optional(recipe.certificate_schemes.as_deref())?,
            curves: preferences(&recipe.curves)?,
            retried_groups,
            certificate_keys: optional(recipe.certificate_keys.as_deref())?,
            policy: SecurityPolicy {
                minimum_protocol_version: recipe.minimum,
                cipher_preferences: ptr::null(),
                kem_preferences: ptr::null(),
                signature_preferences: ptr::null(),
                certificate_signature_preferences: ptr::null(),
                ecc_preferences: ptr::null(),
                strongly_preferred_groups: ptr::null(),
                certificate_key_preferences: ptr::null(),
                certificate_preferences_apply_locally: recipe.binds_own_certificate,
                rules: recipe.rules,
            },
            _recipe: recipe,
        };
        let storage = Box::into_raw(Box::new(storage));
        // SAFETY: just allocated and not shared. From here on only raw pointers touch it, until `drop`. Moving the
        // recipe into it did not move its vectors' arrays.
        unsafe {
            let policy = &raw mut (*storage).policy;
            (*policy).cipher_preferences = &raw const (*storage).ciphers;
            (*policy).kem_preferences = &raw const (*storage).kems;
            (*policy).signature_preferences = &raw const (*storage).schemes;
            (*policy).certificate_signature_preferences = pointer(&raw const (*storage).certificate_schemes);
            (*policy).ecc_preferences = &raw const (*storage).curves;
            (*policy).strongly_preferred_groups = pointer(&raw const (*storage).retried_groups);
            (*policy).certificate_key_preferences = pointer(&raw const (*storage).certificate_keys);
        }
        NonNull::new(storage).map(|storage| Self { storage, owns: PhantomData })
    }

    /// Valid until `self` is dropped.
    pub(super) fn as_ptr(&self) -> *const SecurityPolicy {
        // SAFETY: the storage lives as long as `self`.
        unsafe { &raw const (*self.storage.as_ptr()).policy }
    }

    /// Whether the library finds the two policies equal, list by list.
    #[cfg(test)]
    pub(super) fn is_equal(&self, other: &'static SecurityPolicy) -> bool {
        let mut equal = false;
        // SAFETY: all three pointers are valid for the call.
        let outcome = unsafe { s2n_security_policy_equals(self.as_ptr(), other, &raw mut equal) };
        outcome.signal == 0 && equal
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        // SAFETY: from `Box::into_raw`, and freed here alone.
        drop(unsafe { Box::from_raw(self.storage.as_ptr()) });
    }
}

/// A reference is a pointer to C; an empty list is a null pointer, as the library wants it.
fn array<T>(list: &[&'static T]) -> *const *const T {
    if list.is_empty() { ptr::null() } else { list.as_ptr().cast() }
}

fn preferences<T>(list: &[&'static T]) -> Option<Preferences<T>> {
    Some(Preferences { count: list.len().try_into().ok()?, items: array(list) })
}

/// The outer `None` for a list that is too long.
fn optional<T>(list: Option<&[&'static T]>) -> Option<Option<Preferences<T>>> {
    match list {
        Some(list) => preferences(list).map(Some),
        None => Some(None),
    }
}

/// The address of what is there, or null.
///
/// # Safety
/// `place` is valid.
unsafe fn pointer<T>(place: *const Option<T>) -> *const T {
    // SAFETY: the caller's.
    unsafe { (*place).as_ref().map_or(ptr::null(), ptr::from_ref) }
}
