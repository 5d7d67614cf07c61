//! Drives two ends in memory and reads a meter around what each of them does.

use std::sync::OnceLock;
use std::time::Instant;

use crate::engine::{CannotPlay, Engine, Prepared, Status};

/// Flights that a handshake can need, and then some.
const FLIGHTS: u32 = 16;

/// A meter that never falls: of time, of allocations.
pub type Meter<'a> = &'a dyn Fn() -> u64;

/// Nanoseconds since it was first asked.
pub fn clock() -> u64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    u64::try_from(BEGAN.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// What one handshake took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// From opening the client to its last step, in the meter's unit.
    pub client: u64,
    pub server: u64,
    /// How often the direction changed.
    pub flights: u32,
    pub records: u32,
    /// Bytes on the wire.
    pub to_server: usize,
    pub to_client: usize,
}

/// Both ends behind a handshake.
pub(super) struct Ended {
    pub(super) client: Box<dyn Engine>,
    pub(super) server: Box<dyn Engine>,
    pub(super) cost: Cost,
}

impl Ended {
    /// What it cost if both ends are done; else how they stand, client first.
    pub(super) fn completed(&self) -> Result<Cost, (Status, Status)> {
        match (self.client.status(), self.server.status()) {
            (Status::Done, Status::Done) => Ok(self.cost),
            statuses => Err(statuses),
        }
    }
}

impl Drop for Ended {
    /// OpenSSL gives up the session of a connection that ends without a close_notify (RFC 5246 7.2.1), and the next handshake
    /// is to resume it.
    fn drop(&mut self) {
        self.client.close();
    }
}

/// From the client's first byte until neither says anything more. Each flight, and whether it is the client's, passes
/// `way`, which may change it.
pub(super) fn drive(
    client: &dyn Prepared,
    server: &dyn Prepared,
    meter: Meter,
    mut way: impl FnMut(bool, &mut Vec<u8>),
) -> Result<Ended, CannotPlay> {
    let mut cost = Cost::default();
    // Before the meter is read: what is ours costs neither side.
    let mut bytes = Vec::with_capacity(16_384);
    let began = meter();
    let mut client = client.open()?;
    client.drain(&mut bytes);
    cost.client += meter() - began;
    let began = meter();
    let mut server = server.open()?;
    cost.server += meter() - began;
    let mut is_clients = true;
    while !bytes.is_empty() && cost.flights < FLIGHTS {
        cost.flights += 1;
        way(is_clients, &mut bytes);
        cost.records += records(&bytes);
        let (end, spent, crossed) = if is_clients {
            (&mut server, &mut cost.server, &mut cost.to_server)
        } else {
            (&mut client, &mut cost.client, &mut cost.to_client)
        };
        *crossed += bytes.len();
        let began = meter();
        end.feed(&bytes);
        bytes.clear();
        end.drain(&mut bytes);
        *spent += meter() - began;
        is_clients = !is_clients;
    }
    Ok(Ended { client, server, cost })
}

/// Whole ones: an engine drains no less.
fn records(mut bytes: &[u8]) -> u32 {
    let mut count = 0;
    while let [_, _, _, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        bytes = rest.get(length..).unwrap_or_default();
        count += 1;
    }
    count
}
