//! What a ClientHello offers without naming it.

use crate::lines::Offers;
use crate::names::{self, Kind};

const TLS13: &str = "TLSv1.3";

impl Offers {
    /// Whether a server may take this although the hello does not name it, and why.
    pub(crate) fn leave_open(&self, kind: Kind, name: &str) -> Option<&'static str> {
        let names_tls13 = self.versions.iter().any(|version| version == TLS13);
        // In TLS 1.3 nothing is implied.
        let is_classic = self.versions.iter().any(|version| version != TLS13);
        let is_field = |group: &str| group.starts_with("ffdhe");
        let any = |list: &[String], is: fn(&str) -> bool| list.iter().any(|item| is(item));
        match kind {
            Kind::Suite => None,
            Kind::Version => {
                let may_be_below = !names_tls13 && self.versions.iter().any(|v| names::is_at_most(name, v));
                may_be_below.then_some("the hello may state no more than its highest version")
            }
            Kind::Scheme => (is_classic && self.schemes.is_empty())
                .then_some("a hello without signature schemes takes SHA-1 up to TLS 1.2"),
            Kind::Group if is_field(name) => {
                let is_left_to_server = any(&self.suites, |suite| suite.starts_with("TLS_DHE_"))
                    && !any(&self.groups, |group| group.starts_with("ffdhe"));
                (is_classic && is_left_to_server)
                    .then_some("a hello with DHE suites and no finite field leaves the field to the server")
            }
            Kind::Group => (is_classic && self.groups.is_empty())
                .then_some("a hello without groups takes any curve up to TLS 1.2"),
        }
    }
}
