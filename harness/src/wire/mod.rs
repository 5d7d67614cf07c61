//! Bytes to TLS records, handshake messages, alerts and extensions, and back, for SSL 3 and TLS 1.0 to 1.3.
//!
//! Three properties hold for everything here, and the tests drive them from the tables in [`samples`]:
//!
//! * **Total.** No input panics. Every length that a peer states is checked against a named
//!   [`Bound`](bounds::Bound) before anything is kept.
//! * **Exact.** What decodes, encodes to the same bytes. Values without a name are kept as they came:
//!   unknown message types, extensions, suites, groups and GREASE.
//! * **Complete.** A message ends where its grammar ends. Bytes missing or left over are errors that name
//!   the element.
//!
//! Encoding is infallible and does not check bounds, because a server that lies must be able to write what no
//! honest one may. Cryptography is elsewhere: encrypted records pass through as [`record::Record`]s.

pub mod alert;
pub mod bounds;
mod buffer;
pub mod codec;
pub mod extension;
pub mod handshake;
pub mod record;
#[doc(hidden)]
pub mod samples;
#[cfg(test)]
mod tests;

pub use alert::{Alert, AlertLevel};
pub use codec::{Decode, DecodeError, Encode, Reader};
pub use extension::{Extension, ExtensionContext, ExtensionType};
pub use handshake::{
    ClientHello, Context, Handshake, HandshakeDeframer, HandshakeType, KeyExchangeShape, ServerHello,
};
pub use record::{ContentType, Record, RecordDeframer};
