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
        let (at_client, at_server) = (ended.client.status(), ended.server.status());
        match tap.proposal {
            Some(proposal) if at_client == Status::Done && at_server == Status::Done => {
                Ok((Self { client, server }, proposal))
            }
            _ => Err(NoHandshake::Incomplete { client: at_client, server: at_server }),
        }
    }

    /// One handshake.
    ///
    /// # Errors
    /// If it is not completed.
    pub fn measure(&self, meter: Meter) -> Result<Cost, NoHandshake> {
        let ended = drive(&*self.client, &*self.server, meter, |_, _| ())?;
        let (client, server) = (ended.client.status(), ended.server.status());
        if client != Status::Done || server != Status::Done {
            return Err(NoHandshake::Incomplete { client, server });
        }
        Ok(ended.cost)
    }
}
