//! The physical floor: what signing, verifying and agreeing on a secret take by themselves, beside whole handshakes of the same
//! library. `make bench-floor`; a word on the command line keeps the cells whose names have it.
//!
//! Per cell in alternating rounds of one run: the time of a handshake, of its primitives alone, and the share of the latter.
//! Counted are both ends: two key pairs and two agreements, one signature and its verification, the verification of the
//! certificate's signature by the CA's P-256 key; and for a client's certificate all but the first once more. Hashing, key
//! schedule and records are not: that is what a library adds.

mod aws_lc;
mod openssl;

use std::sync::Arc;
use std::time::{Duration, Instant};

use shakedown::bench::{Cell, Exchange, Keys, Kind, Pair, median};
use shakedown::engine::backends;
use shakedown::pki::{CertificateKind, Identity};

const ROUND: Duration = Duration::from_millis(20);
const ROUNDS: usize = 5;

/// Something that is done once.
type Work = Box<dyn Fn()>;

/// A library's primitives, keys ready. `None` for what it has not, or does not hand out.
trait Primitives {
    /// Both ends.
    fn exchange(&self, exchange: Exchange, server: &Identity) -> Option<Work>;
    fn sign(&self, identity: &Identity) -> Option<Work>;
    fn verify(&self, identity: &Identity) -> Option<Work>;
}

fn floor(primitives: &dyn Primitives, cell: Cell, keys: &Keys) -> Option<Vec<Work>> {
    let identity: Arc<Identity> = keys.identity(cell.certificate)?;
    // The CA's key is not in the repository: any P-256 key verifies in the same time.
    let by_ca = keys.identity(CertificateKind::EcdsaP256)?;
    let mut work = Vec::new();
    if cell.has_exchange() {
        work.push(primitives.exchange(cell.exchange, &identity)?);
    }
    let signatures = match cell.kind {
        Kind::Resumed => 0,
        Kind::Full => 1,
        Kind::Mutual => 2,
    };
    for _ in 0..signatures {
        work.push(primitives.verify(&by_ca)?);
        if cell.exchange != Exchange::Rsa {
            work.push(primitives.sign(&identity)?);
            work.push(primitives.verify(&identity)?);
        }
    }
    Some(work)
}

fn main() {
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let is_test = has("--test") || !has("--bench");
    let (round, rounds) = if is_test { (Duration::ZERO, 1) } else { (ROUND, ROUNDS) };
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let (stacks, keys) = (backends(), Keys::fixed());
    let mut without = 0;
    println!("{:<46} {:>12} {:>10} {:>6}", "handshake", "µs", "floor µs", "share");
    for stack in stacks.values() {
        let primitives: &dyn Primitives =
            if stack.id() == "openssl" { &openssl::OpenSsl } else { &aws_lc::AwsLc };
        for cell in Cell::all() {
            let name = format!("{}/{cell}", stack.id());
            if !name.contains(&filter) {
                continue;
            }
            let Ok(pair) = Pair::prepare(&**stack, &*stacks["openssl"], cell, &keys) else { continue };
            if !pair.has_own_client() {
                continue;
            }
            let Some(work) = floor(primitives, cell, &keys).filter(|work| !work.is_empty()) else {
                without += 1;
                continue;
            };
            let whole = || {
                pair.handshake().expect("it was completed a moment ago");
            };
            let parts = || work.iter().for_each(|once| once());
            let (mut wholes, mut floors, mut shares) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..rounds {
                let (a, b) = (micros(&whole, round), micros(&parts, round));
                wholes.push(a);
                floors.push(b);
                shares.push(b / a);
            }
            println!(
                "{name:<46} {:>12.1} {:>10.1} {:>6.2}",
                median(&wholes),
                median(&floors),
                median(&shares)
            );
        }
    }
    println!(
        "{without} more without a floor: no key exchange and no signature, or the library does not hand it out"
    );
}

fn micros(once: &dyn Fn(), round: Duration) -> f64 {
    let (began, mut count) = (Instant::now(), 0_u32);
    while count == 0 || began.elapsed() < round {
        once();
        count += 1;
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(count)
}
