//! In memory: what forward secrecy, post-quantum groups, versions, certificates, policies and refusals cost.

use std::collections::BTreeMap;
use std::sync::Arc;

use shakedown::bench::{Cell, Ends, Exchange, Keys, Kind, Pair, Reason, Refusal, clock, median};
use shakedown::engine::{Backend, EndpointSpec, Role, backends};
use shakedown::fit::fit;
use shakedown::pki::CertificateKind;
use shakedown::policy::Catalogue;
use shakedown::registry::{ProtocolVersion, suite};

use super::page::{section, table};
use super::plot::{Bar, Plots};
use super::rounds::{Entry, Measured, Pace, Spent, figure, measure, ratio, with_spread};

/// Stacks, keys, and how long to measure.
pub struct Lab<'a> {
    stacks: BTreeMap<&'static str, Arc<dyn Backend>>,
    keys: Keys,
    pace: Pace,
    plots: &'a Plots,
}

impl<'a> Lab<'a> {
    pub fn new(pace: Pace, plots: &'a Plots) -> Self {
        Self { stacks: backends(), keys: Keys::fixed(), pace, plots }
    }

    /// What the stacks have of the cells: all of one stack, then all of the next.
    fn pairs(&self, cells: &[Cell]) -> Vec<(String, Pair)> {
        let of_stack = |stack: &&'static str| {
            let prepare = |cell: &Cell| {
                let (backend, other) = (&*self.stacks[stack], &*self.stacks["openssl"]);
                let pair = Pair::prepare(backend, other, *cell, &self.keys).ok()?;
                pair.has_own_client().then(|| (format!("{stack}/{cell}"), pair))
            };
            cells.iter().filter_map(prepare).collect::<Vec<_>>()
        };
        self.stacks.keys().flat_map(of_stack).collect()
    }

    fn measure(&self, pairs: &[(String, Pair)]) -> Vec<Measured> {
        let entries: Vec<Entry<'_>> = pairs.iter().map(|(name, pair)| Entry::of_pair(name, pair)).collect();
        measure(&entries, self.pace)
    }

    /// Cells side by side, each against the first of its stack.
    fn compare(&self, out: &mut String, file: &str, title: &str, text: &str, cells: &[Cell]) {
        section(out, title, text);
        let pairs = self.pairs(cells);
        let measured = self.measure(&pairs);
        let stack_of = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
        let mut rows = Vec::new();
        for ((name, pair), one) in pairs.iter().zip(&measured) {
            let first = measured.iter().find(|other| stack_of(&other.name) == stack_of(name)).unwrap_or(one);
            let cost = pair.handshake().expect("it was completed when it was prepared");
            rows.push(vec![
                format!("`{name}`"),
                with_spread(&one.client),
                with_spread(&one.server),
                format!("{:.2}", ratio(&one.client, &first.client)),
                format!("{:.2}", ratio(&one.server, &first.server)),
                cost.to_server.to_string(),
                cost.to_client.to_string(),
            ]);
        }
        let columns = [
            "handshake",
            "client µs",
            "server µs",
            "client ratio",
            "server ratio",
            "bytes to server",
            "to client",
        ];
        table(out, &columns, &rows);
        self.plot(out, file, title, &measured);
    }

    fn plot(&self, out: &mut String, file: &str, title: &str, measured: &[Measured]) {
        let bar = |one: &Measured| Bar {
            name: one.name.clone(),
            client: median(&one.client),
            server: median(&one.server),
        };
        let all: Vec<Bar> = measured.iter().map(bar).collect();
        self.plots.bars(out, file, title, "µs", ["client", "server"], &all);
    }

    pub fn forward_secrecy(&self, out: &mut String) {
        use Exchange as X;
        let cells = [X::Rsa, X::Dhe2048, X::P256, X::P384, X::X25519].map(|exchange| Cell {
            version: ProtocolVersion::TLS1_2,
            exchange,
            certificate: CertificateKind::Rsa2048,
            kind: Kind::Full,
        });
        let text = "TLS 1.2, RSA 2048, AES-128-GCM: static RSA key transport against DHE and ECDHE. Ratios are to the first row of \
                    the same stack (rustls has no static RSA: to its P-256).";
        self.compare(out, "forward-secrecy.svg", "The cost of forward secrecy", text, &cells);
    }

    pub fn post_quantum(&self, out: &mut String) {
        use Exchange as X;
        let cells = [X::X25519, X::X25519MlKem768, X::P256, X::P384].map(|exchange| Cell {
            version: ProtocolVersion::TLS1_3,
            exchange,
            certificate: CertificateKind::EcdsaP256,
            kind: Kind::Full,
        });
        let text = "TLS 1.3, ECDSA P-256: X25519 against X25519MLKEM768, and curves of NIST for comparison. Ratios are to X25519.";
        self.compare(out, "post-quantum.svg", "The cost of post-quantum key exchange", text, &cells);
    }

    pub fn versions(&self, out: &mut String) {
        use ProtocolVersion as V;
        let versions = [V::TLS1_3, V::TLS1_2, V::TLS1_1, V::TLS1_0];
        let kinds = [Kind::Full, Kind::Mutual, Kind::Resumed];
        let cells: Vec<Cell> = kinds
            .into_iter()
            .flat_map(|kind| {
                versions.map(|version| Cell {
                    version,
                    exchange: Exchange::X25519,
                    certificate: CertificateKind::EcdsaP256,
                    kind,
                })
            })
            .collect();
        let text = "X25519, ECDSA P-256: full, with a client's certificate, and resumed with a ticket. Ratios are to TLS 1.3, full.";
        self.compare(out, "versions.svg", "Versions, client certificates, resumption", text, &cells);
    }

    pub fn certificates(&self, out: &mut String) {
        use CertificateKind as C;
        let kinds = [C::EcdsaP256, C::EcdsaP384, C::Ed25519, C::Rsa2048, C::Rsa3072, C::Rsa4096];
        let cells = kinds.map(|certificate| Cell {
            version: ProtocolVersion::TLS1_3,
            exchange: Exchange::X25519,
            certificate,
            kind: Kind::Full,
        });
        let text = "TLS 1.3, X25519. Ratios are to ECDSA P-256.";
        self.compare(out, "certificates.svg", "Certificates", text, &cells);
    }

    /// What a policy costs depends on what a client makes of it: the built-in stacks' clients with their own defaults.
    pub fn policies(&self, out: &mut String) {
        const POLICIES: [&str; 4] = [
            "elb/ELBSecurityPolicy-2016-08",
            "elb/ELBSecurityPolicy-TLS13-1-2-2021-06",
            "elb/ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
            "elb/ELBSecurityPolicy-TLS13-1-0-PQ-2025-09",
        ];
        let catalogue = Catalogue::embedded().expect("the embedded policies are read by the tests");
        let all = catalogue.policies().expect("the embedded policies are read by the tests");
        let identities: Vec<_> = self.keys.identity(CertificateKind::EcdsaP256).into_iter().collect();
        let client = EndpointSpec {
            trust: Some(Arc::clone(self.keys.ca())),
            server_name: "localhost".to_owned(),
            ..EndpointSpec::default()
        };
        let (mut ends, mut rows) = (Vec::new(), Vec::new());
        for (server, client_of) in
            [("openssl", "openssl"), ("openssl", "rustls"), ("s2n", "s2n"), ("s2n", "openssl")]
        {
            for id in POLICIES {
                let policy = all.iter().find(|policy| policy.id == id).expect("it is one of AWS's");
                let fitted =
                    fit(&*self.stacks[server], policy, &identities).0.expect("it has something of it");
                let server_end =
                    self.stacks[server].prepare(Role::Server, &fitted.spec).expect("it was fitted");
                let client_end = self.stacks[client_of].prepare(Role::Client, &client).expect("defaults");
                let (end, proposal) =
                    Ends::new(client_end, server_end).expect("a strong client completes it");
                let suite = suite(proposal.suite)
                    .map_or_else(|| format!("{:?}", proposal.suite), |facts| facts.name.to_string());
                let group = proposal.group.map_or_else(|| "-".to_owned(), |group| group.to_string());
                rows.push((
                    format!("{server} for {client_of}, `{id}`"),
                    format!("{} {group} {suite}", proposal.version),
                ));
                ends.push((
                    format!("{server} for {client_of}: {}", id.trim_start_matches("elb/ELBSecurityPolicy-")),
                    end,
                ));
            }
        }
        let entries: Vec<Entry<'_>> = ends
            .iter()
            .map(|(name, end)| Entry {
                name: name.clone(),
                once: Box::new(move || {
                    let cost = end.measure(&clock).expect("it was completed a moment ago");
                    Spent { client: cost.client, server: cost.server }
                }),
            })
            .collect();
        let measured = measure(&entries, self.pace);
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .zip(&measured)
            .enumerate()
            .map(|(at, ((name, what), one))| {
                let first = &measured[at / POLICIES.len() * POLICIES.len()];
                vec![
                    name,
                    with_spread(&one.client),
                    with_spread(&one.server),
                    format!("{:.2}", ratio(&one.both(), &first.both())),
                    what,
                ]
            })
            .collect();
        section(
            out,
            "The cost of a policy",
            "What two stacks come to with policies of Elastic Load Balancing, for clients with their libraries' own defaults. ECDSA \
             P-256. The ratio is that of both ends to `ELBSecurityPolicy-2016-08`, which has no TLS 1.3.",
        );
        table(out, &["server, client, policy", "client µs", "server µs", "ratio", "negotiated"], &rows);
        self.plot(out, "policies.svg", "The cost of a policy", &measured);
    }

    pub fn refusals(&self, out: &mut String) {
        let full = Cell {
            version: ProtocolVersion::TLS1_3,
            exchange: Exchange::X25519,
            certificate: CertificateKind::EcdsaP256,
            kind: Kind::Full,
        };
        let pairs = self.pairs(&[full]);
        let mut refusals = Vec::new();
        for (id, stack) in &self.stacks {
            for reason in Reason::ALL {
                let refusal = Refusal::prepare(&**stack, &*self.stacks["openssl"], reason, &self.keys);
                refusals.push((*id, reason, refusal.expect("every stack refuses for every reason")));
            }
        }
        let mut entries: Vec<Entry<'_>> =
            pairs.iter().map(|(name, pair)| Entry::of_pair(name, pair)).collect();
        for (id, reason, refusal) in &refusals {
            let once = move || {
                let cost = refusal.measure(&clock).expect("it was refused when it was prepared");
                // Of the side that refuses alone.
                match reason.side() {
                    Role::Client => Spent { client: cost.client, server: 0 },
                    Role::Server => Spent { client: 0, server: cost.server },
                }
            };
            entries.push(Entry { name: format!("{id}/refusal/{reason}"), once: Box::new(once) });
        }
        let measured = measure(&entries, self.pace);
        let (fulls, refused) = measured.split_at(pairs.len());
        let rows: Vec<Vec<String>> = refusals
            .iter()
            .zip(refused)
            .map(|((id, reason, refusal), one)| {
                let whole = fulls.iter().find(|full| full.name.starts_with(*id)).expect("every stack has it");
                let (side, own, whole) = match reason.side() {
                    Role::Client => ("client", &one.client, &whole.client),
                    Role::Server => ("server", &one.server, &whole.server),
                };
                let cost = refusal.measure(&clock).expect("it was refused when it was prepared");
                vec![
                    format!("`{id}/{reason}`"),
                    side.to_owned(),
                    with_spread(own),
                    figure(median(whole)),
                    format!("{:.3}", ratio(own, whole)),
                    cost.flights.to_string(),
                    (cost.to_client + cost.to_server).to_string(),
                ]
            })
            .collect();
        section(
            out,
            "The price of a refusal",
            "Time of the side that refuses, from opening its end to its last word, beside the same side's time in a full handshake \
             (TLS 1.3, X25519, ECDSA P-256) of the same run. The alert of each is asserted.",
        );
        let columns = ["refusal", "side", "µs", "full handshake µs", "ratio", "flights", "bytes"];
        table(out, &columns, &rows);
    }
}
