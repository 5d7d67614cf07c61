//! What a policy accepts, as `shakedown policy show` says it.

use serde::Deserialize;

use crate::builder::MockServerBuilder;
use crate::child;
use crate::lines::Offers;

/// Versions and suites that a server accepts.
#[derive(Clone, Debug, Deserialize)]
pub struct Accepted {
    versions: Vec<String>,
    suites: Vec<String>,
}

impl Accepted {
    /// `Err` says why nobody knows.
    pub fn ask(builder: &MockServerBuilder) -> Result<Self, String> {
        let output = child::output(builder.policy_command(), builder.start_timeout)?;
        serde_json::from_slice(&output).map_err(|error| format!("`policy show` was not understood: {error}"))
    }

    /// Whether the hello leaves a server with this policy nothing that it could propose, so that its refusal was the only
    /// thing it could do. In doubt `false`: a suite in common may have had a version or certificate against it.
    ///
    /// A hello without `supported_versions` states only its highest version (RFC 8446 4.2.1), and a server may answer with
    /// any below it. Only a hello that names TLS 1.3 is known to have that extension.
    pub fn has_nothing_in_common(&self, offers: &Offers) -> bool {
        let no_suite = !self.suites.iter().any(|suite| offers.suites.contains(suite));
        let is_exact = offers.versions.iter().any(|version| version == "TLSv1.3");
        let no_version = is_exact && !self.versions.iter().any(|version| offers.versions.contains(version));
        !self.suites.is_empty() && offers.left_out == 0 && (no_suite || no_version)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn accepted(versions: &[&str], suites: &[&str]) -> Accepted {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Accepted { versions: owned(versions), suites: owned(suites) }
    }

    fn offers(versions: &[&str], suites: &[&str]) -> Offers {
        let accepted = accepted(versions, suites);
        Offers { versions: accepted.versions, suites: accepted.suites, ..Offers::default() }
    }

    #[test]
    fn nothing_in_common_is_no_suite_or_no_version_of_an_exact_list() {
        const RSA: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
        const ECDHE: &str = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA";
        let server = accepted(&["TLSv1.0"], &[ECDHE]);
        let nothing =
            |versions: &[&str], suites: &[&str]| server.has_nothing_in_common(&offers(versions, suites));
        assert!(nothing(&["TLSv1.3", "TLSv1.2"], &[ECDHE]));
        assert!(nothing(&["TLSv1.2"], &[RSA]));
        assert!(nothing(&["TLSv1.0"], &[RSA]));
        // It may be a hello that takes everything up to TLS 1.2.
        assert!(!nothing(&["TLSv1.2"], &[ECDHE]));
        assert!(!nothing(&["TLSv1.3", "TLSv1.2", "TLSv1.0"], &[RSA, ECDHE]));
        // More suites were offered than are listed.
        let cut = Offers { left_out: 1, ..offers(&["TLSv1.2"], &[RSA]) };
        assert!(!server.has_nothing_in_common(&cut));
        assert!(!accepted(&["TLSv1.2"], &[]).has_nothing_in_common(&offers(&["TLSv1.2"], &[RSA])));
    }

    /// The line that `shakedown policy show harness/static-rsa --json` prints, shortened.
    #[test]
    fn the_line_of_policy_show_is_read() {
        let line = r#"{"id":"harness/static-rsa","type":"policy","suites":["TLS_RSA_WITH_AES_128_GCM_SHA256"],"versions":["TLSv1.2"],"schema":1}"#;
        let read: Accepted = serde_json::from_str(line).unwrap();
        assert_eq!((&read.versions[..], read.suites.len()), (&["TLSv1.2".to_owned()][..], 1));
    }
}
