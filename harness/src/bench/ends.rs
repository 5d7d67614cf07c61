//! Any two ends that complete a handshake: what a policy's server costs, say.

use crate::engine::{CannotPlay, Prepared, Status};
use crate::observe::Tap;
use crate::oracle::Proposal;

use super::drive::{Cost, Meter, clock, drive};

/// Two ends that were seen to complete a handshake.
pub struct Ends {
    client: Box<dyn Prepared>,
    server: Box<dyn Prepared>,
}

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
pub enum NoHandshake {
    #[error(transparent)]
    CannotPlay(#[from] CannotPlay),
    #[error("not completed: client {client:?}, server {server:?}")]
    Incomplete { client: Status, server: Status },
    #[error("completed without a ServerHello that could be read")]
    Unseen,
}

fn incomplete((client, server): (Status, Status)) -> NoHandshake {
    NoHandshake::Incomplete { client, server }
}

impl Ends {
    /// With what the two come to, as it is read from the wire.
    ///
    /// # Errors
    /// If they do not complete a handshake.
    pub fn new(
        client: Box<dyn Prepared>,
        server: Box<dyn Prepared>,
    ) -> Result<(Self, Proposal), NoHandshake> {
        let mut tap = Tap::new();
        let ended = drive(&*client, &*server, &clock, |is_clients, bytes| {
            if is_clients { tap.from_client(bytes) } else { tap.from_server(bytes) }
        })?;
        ended.completed().map_err(incomplete)?;
        let proposal = tap.proposal.ok_or(NoHandshake::Unseen)?;
        Ok((Self { client, server }, proposal))
    }

    /// One handshake.
    ///
    /// # Errors
    /// If it is not completed.
    pub fn measure(&self, meter: Meter) -> Result<Cost, NoHandshake> {
        drive(&*self.client, &*self.server, meter, |_, _| ())?.completed().map_err(incomplete)
    }
}
