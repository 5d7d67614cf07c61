//! Over loopback: what a new connection costs `serve`, nginx and `openssl s_server`.

use std::time::Duration;

use shakedown::bench::{Cell, Exchange, Keys, Kind, Pair, median};
use shakedown::engine::backends;
use shakedown::pki::CertificateKind;
use shakedown::registry::ProtocolVersion;

use super::page::{section, table};
use super::peers::{Load, Server, load, version};
use super::plot::{Bar, Plots};
use super::rounds::{Entry, Pace, measure, ratio, with_spread};

/// All of them have what is compared here.
pub const BACKENDS: [&str; 3] = ["openssl", "rustls", "s2n"];
/// Of a server that has just started; in no round.
const WARM_UP: Duration = Duration::from_millis(200);

/// Rounds, and how long a server is loaded in each of a round's two parts.
#[derive(Clone, Copy)]
pub struct Weight {
    pub rounds: usize,
    pub time: Duration,
}

/// What the rounds of one server came to.
#[derive(Default)]
struct Rounds {
    server: Vec<f64>,
    rate: Vec<f64>,
    /// At half of what one processor makes.
    p99: Vec<f64>,
}

pub fn servers(out: &mut String, plots: &Plots, weight: Weight, pace: Pace) {
    section(
        out,
        "New connections over loopback",
        "TLS 1.3, X25519, TLS_AES_128_GCM_SHA256, one request, as its client a `shakedown load` that offers what OpenSSL offers. \
         Each server has one processor, `load` the other one, and its certificate is one of the same kind, minted by the same code. \
         *Per core*: completed handshakes per second of the server's processor time, user and system, as the system accounts it; \
         the request, the answer and, with `serve`, judging the connection and its line of JSON are in it. *In memory*: the same \
         stack's server alone, without sockets and without tickets; the share is how much of that rate `serve` reaches. *p99*: of \
         the client's handshake, open loop, at half of the rate that the first server's core would make, or its own if that is slower.",
    );
    let keys = Keys::fixed();
    for kind in [CertificateKind::EcdsaP256, CertificateKind::Rsa2048] {
        one_kind(out, plots, weight, pace, kind, &keys);
    }
    out.push_str(
        "Run as `shakedown load 127.0.0.1:PORT --server-name localhost --rate max --connections 8 --version 1.3 --insecure \
         --server-pid PID` for the processor time, and with half of that rate and `--connections 256` for the p99; under \
         `taskset -c`. `openssl s_server` serves one connection after the other, so that its p99 is that of a queue.\n\n",
    );
}

fn one_kind(out: &mut String, plots: &Plots, weight: Weight, pace: Pace, kind: CertificateKind, keys: &Keys) {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let identity = keys.identity(kind).expect("every kind has a key");
    let peers = [
        ("nginx", Server::nginx(&identity, folders[0].path())),
        ("`openssl s_server`", Server::s_server(&identity, folders[1].path())),
    ];
    let absent: Vec<&str> =
        peers.iter().filter(|(_, server)| server.is_none()).map(|(name, _)| *name).collect();
    let mut servers: Vec<Server> = peers.into_iter().filter_map(|(_, server)| server).collect();
    servers.extend(BACKENDS.map(|backend| Server::serve(backend, kind.as_str(), &[])));

    let mut all: Vec<Rounds> = servers.iter().map(|_| Rounds::default()).collect();
    for server in &servers {
        load(server, None, WARM_UP);
    }
    let pairs = pairs(kind, keys);
    let entries: Vec<Entry<'_>> = pairs.iter().map(|pair| Entry::of_pair("in memory", pair)).collect();
    let mut in_memory = BACKENDS.map(|_| Vec::new());
    for _ in 0..weight.rounds {
        for (one, micros) in measure(&entries, Pace { rounds: 1, ..pace }).iter().zip(&mut in_memory) {
            micros.extend(&one.server);
        }
        for (server, rounds) in servers.iter().zip(&mut all) {
            let Load { server: micros, rate, .. } = load(server, None, weight.time);
            rounds.server.push(micros);
            rounds.rate.push(rate);
        }
        let most = 0.5e6 / median(&all[0].server);
        for (server, rounds) in servers.iter().zip(&mut all) {
            // The same for all, so that `load` has the same to do; a slower one gets half of its own.
            let half = most.min(0.5e6 / median(&rounds.server));
            rounds.p99.push(load(server, Some(half), weight.time).p99);
        }
    }

    let first = &all[0];
    let mut rows = Vec::new();
    for (server, rounds) in servers.iter().zip(&all) {
        let alone =
            BACKENDS.iter().position(|id| server.name.ends_with(&format!("{id}`"))).map(|at| &in_memory[at]);
        let own = median(&rounds.server);
        rows.push(vec![
            server.name.clone(),
            with_spread(&rounds.server),
            format!("{:.0}", 1e6 / own),
            format!("{:.2}", ratio(&first.server, &rounds.server)),
            alone.map_or_else(|| "-".to_owned(), |alone| with_spread(alone)),
            alone.map_or_else(|| "-".to_owned(), |alone| format!("{:.2}", ratio(alone, &rounds.server))),
            with_spread(&rounds.p99),
            format!("{:.2}", ratio(&rounds.p99, &first.p99)),
            format!("{:.0}", median(&rounds.rate)),
        ]);
    }
    let first = &servers[0].name;
    out.push_str(&format!("### {}\n\n", kind.as_str()));
    let columns = [
        "server",
        "processor µs",
        "per core, 1/s",
        &format!("rate to {first}"),
        "in memory µs",
        "share",
        "p99 at half load, ms",
        &format!("p99 to {first}"),
        "`load` came to, 1/s",
    ];
    table(out, &columns, &rows);
    if !absent.is_empty() {
        out.push_str(&format!("Absent on this machine: {}.\n\n", absent.join(", ")));
    }
    let bars: Vec<Bar> = servers
        .iter()
        .zip(&all)
        .map(|(server, rounds)| Bar {
            name: server.name.replace('`', ""),
            client: 0.0,
            server: median(&rounds.server),
        })
        .collect();
    let title = format!("Processor time of a new connection, {}", kind.as_str());
    plots.bars(out, &format!("servers-{}.svg", kind.as_str()), &title, "µs", ["", "server"], &bars);
}

/// A full TLS 1.3 handshake with X25519 for each of [`BACKENDS`].
pub fn pairs(kind: CertificateKind, keys: &Keys) -> Vec<Pair> {
    let stacks = backends();
    let cell = Cell {
        version: ProtocolVersion::TLS1_3,
        exchange: Exchange::X25519,
        certificate: kind,
        kind: Kind::Full,
    };
    let pair =
        |id: &&str| Pair::prepare(&*stacks[*id], &*stacks["openssl"], cell, keys).expect("all have it");
    BACKENDS.iter().map(pair).collect()
}

/// Name and version of what was there to compare with.
pub fn peers() -> Vec<Vec<String>> {
    [("nginx", "-v"), ("openssl", "version")]
        .into_iter()
        .map(|(program, argument)| {
            vec![
                format!("{program} (program)"),
                version(program, argument).unwrap_or_else(|| "absent".to_owned()),
            ]
        })
        .collect()
}
