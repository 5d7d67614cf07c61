//! Coming back with an earlier session. `unsafe`: the binding leaves it to the caller that session and connection belong
//! to one context.
#![expect(unsafe_code, reason = "SSL_set_session has no safe form")]

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslSession};

/// A session with the context that it was made in.
pub(super) struct Kept {
    context: SslContext,
    session: SslSession,
}

impl Kept {
    /// `session` is of a connection of this context.
    pub(super) const fn new(context: SslContext, session: SslSession) -> Self {
        Self { context, session }
    }

    /// A new connection that asks to resume the session.
    pub(super) fn resuming(&self) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        // SAFETY: the connection is of the very context that the session was made in, and takes a reference of its
        // own to the session.
        unsafe { ssl.set_session(&self.session)? };
        Ok(ssl)
    }
}
