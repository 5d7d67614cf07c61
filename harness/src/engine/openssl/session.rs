//! Coming back with an earlier session. `unsafe`: the binding leaves it to the caller that session and connection belong
//! to one context.
#![expect(unsafe_code, reason = "SSL_set_session has no safe form")]

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslSession, SslStream};

/// A session with the context that it was made in.
pub(super) struct Kept {
    context: SslContext,
    /// In its own encoding. Every connection gets a copy: the library marks a session as not resumable when one connection
    /// with it ends badly, and the others would then come back without it.
    session: Vec<u8>,
}

impl Kept {
    /// The session of a connection, and that connection's own context: no others can be put together.
    pub(super) fn of<S>(stream: &SslStream<S>) -> Option<Self> {
        let ssl = stream.ssl();
        Some(Self { context: ssl.ssl_context().to_owned(), session: ssl.session()?.to_der().ok()? })
    }

    /// A new connection that asks to resume the session.
    pub(super) fn resuming(&self) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        let session = SslSession::from_der(&self.session)?;
        // SAFETY: the connection is of the very context that the session was made in, and takes a reference of its
        // own to the session.
        unsafe { ssl.set_session(&session)? };
        Ok(ssl)
    }
}
