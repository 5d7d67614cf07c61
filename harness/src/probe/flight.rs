//! Reading what a server sends after one ClientHello, as far as it is in the clear.

use crate::registry::{self, ProtocolVersion};
use crate::wire::handshake::{Certificate, NewSessionTicket, ServerKeyExchange};
use crate::wire::record::{Record, RecordDeframer};
use crate::wire::{
    Alert, AlertLevel, ContentType, Context, DecodeError, Handshake, HandshakeDeframer, HandshakeType,
    KeyExchangeShape, ServerHello,
};

/// A server's first flight. In TLS 1.3 the ServerHello is all of it that is in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flight {
    /// Or the HelloRetryRequest.
    pub hello: ServerHello,
    /// Leaf first, DER.
    pub chain: Option<Vec<Vec<u8>>>,
    pub key_exchange: Option<ServerKeyExchange>,
    /// The server said that it is done (RFC 5246 7.4.5).
    pub is_done: bool,
    /// A ticket came, which is later than the first flight and up to TLS 1.2 in the clear (RFC 5077 3.3).
    pub has_ticket: bool,
}

/// Takes a server's bytes as they come.
#[derive(Debug, Default)]
pub struct FlightReader {
    records: RecordDeframer,
    messages: HandshakeDeframer,
    flight: Option<Flight>,
    alert: Option<Alert>,
    went_on: bool,
    is_encrypted: bool,
    error: Option<FlightError>,
}

/// Why bytes are no first flight.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlightError {
    #[error(transparent)]
    Record(DecodeError),
    #[error("{typ}: {error}")]
    Message { typ: HandshakeType, error: DecodeError },
    #[error("{0} before a ServerHello")]
    TooEarly(HandshakeType),
}

impl FlightReader {
    pub fn new() -> Self {
        Self::default()
    }

    /// After an error nothing more is read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.records.push(bytes);
        while self.error.is_none() {
            match self.records.next() {
                Ok(Some(record)) => self.record(&record),
                Ok(None) => return,
                Err(error) => self.error = Some(FlightError::Record(error)),
            }
        }
    }

    fn record(&mut self, record: &Record) {
        // Behind its ChangeCipherSpec a server encrypts, up to TLS 1.2 under the same content types.
        if self.is_encrypted {
            return;
        }
        self.went_on |= self.alert.is_some();
        match record.content_type {
            ContentType::CHANGE_CIPHER_SPEC => {
                self.is_encrypted =
                    self.flight.as_ref().is_some_and(|flight| flight.version() < ProtocolVersion::TLS1_3);
            }
            ContentType::ALERT => match Alert::parse(&record.payload) {
                Ok(alert) => self.alert = Some(alert),
                Err(error) => self.error = Some(FlightError::Record(error)),
            },
            ContentType::HANDSHAKE => {
                self.messages.push(&record.payload);
                if let Err(error) = self.read_messages() {
                    self.error = Some(error);
                }
            }
            // In TLS 1.3 what is encrypted.
            _ => {}
        }
    }

    fn read_messages(&mut self) -> Result<(), FlightError> {
        while let Some((typ, body)) = self.messages.next().map_err(FlightError::Record)? {
            let context = self.flight.as_ref().map_or(Context::new(ProtocolVersion::TLS1_2), Flight::context);
            let message = Handshake::decode(typ, &body, &context);
            match (message.map_err(|error| FlightError::Message { typ, error })?, &mut self.flight) {
                (Handshake::ServerHello(hello), None) => {
                    self.flight = Some(Flight {
                        hello,
                        chain: None,
                        key_exchange: None,
                        is_done: false,
                        has_ticket: false,
                    });
                }
                (Handshake::Certificate(certificate), Some(flight)) => {
                    if let Certificate::Legacy(chain) = certificate {
                        flight.chain = Some(chain);
                    }
                }
                (Handshake::ServerKeyExchange(exchange), Some(flight)) => {
                    flight.key_exchange = Some(exchange)
                }
                (Handshake::NewSessionTicket(NewSessionTicket::Legacy { ticket, .. }), Some(flight)) => {
                    // An empty one says that there is none (RFC 5077 3.3).
                    flight.has_ticket = !ticket.is_empty();
                }
                (Handshake::ServerHelloDone, Some(flight)) => flight.is_done = true,
                (_, Some(_)) => {}
                (_, None) => return Err(FlightError::TooEarly(typ)),
            }
        }
        Ok(())
    }

    /// What has been read so far; also what came before an error or an alert.
    pub const fn flight(&self) -> Option<&Flight> {
        self.flight.as_ref()
    }

    pub fn into_flight(self) -> Option<Flight> {
        self.flight
    }

    /// The last alert.
    pub const fn alert(&self) -> Option<Alert> {
        self.alert
    }

    /// Whether more records came behind an alert.
    pub const fn went_on(&self) -> bool {
        self.went_on
    }

    pub const fn error(&self) -> Option<&FlightError> {
        self.error.as_ref()
    }

    /// Whether the bytes end inside a record or message.
    pub fn is_cut(&self) -> bool {
        !self.records.pending().is_empty() || !self.messages.pending().is_empty()
    }

    /// Whether there is nothing in the clear to wait for: the flight is there, the server gave up, or these are
    /// no first flight's bytes.
    pub fn is_over(&self) -> bool {
        let is_whole = |flight: &Flight| flight.is_done || flight.version() >= ProtocolVersion::TLS1_3;
        self.error.is_some()
            || self.alert.is_some_and(|alert| alert.level != AlertLevel::WARNING)
            || self.flight.as_ref().is_some_and(is_whole)
    }
}

impl Flight {
    pub fn version(&self) -> ProtocolVersion {
        self.hello.negotiated_version()
    }

    /// How the messages behind the ServerHello are to be read.
    fn context(&self) -> Context {
        let facts = registry::suite(self.hello.cipher_suite);
        let shape = facts.map_or(KeyExchangeShape::Other, |facts| KeyExchangeShape::of(facts.key_exchange));
        Context::new(self.version()).with_key_exchange(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{AlertDescription, CipherSuite};
    use crate::wire::record::write_records;

    const FATAL: &[u8] = &[21, 3, 1, 0, 2, 2, 40];
    const WARNING: &[u8] = &[21, 3, 1, 0, 2, 1, 112];

    /// ServerHello, Certificate and ServerHelloDone in one record.
    fn static_rsa() -> Vec<u8> {
        let hello = ServerHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: [1; 32],
            session_id: Vec::new(),
            cipher_suite: CipherSuite(0x002F),
            compression_method: 0,
            extensions: None,
        };
        let messages = [
            Handshake::ServerHello(hello),
            Handshake::Certificate(Certificate::Legacy(vec![vec![7; 9]])),
            Handshake::ServerHelloDone,
        ];
        let mut payload = Vec::new();
        messages.iter().for_each(|message| message.encode_message(&mut payload));
        let mut bytes = Vec::new();
        write_records(ContentType::HANDSHAKE, ProtocolVersion::TLS1_2, &payload, &mut bytes);
        bytes
    }

    #[test]
    fn a_flight_is_over_with_its_last_byte_however_it_is_cut() {
        let bytes = static_rsa();
        for at in 0..bytes.len() {
            let mut reader = FlightReader::new();
            reader.push(&bytes[..at]);
            assert!(!reader.is_over(), "{at}");
            assert_eq!(reader.is_cut(), at > 0, "{at}");
            reader.push(&bytes[at..]);
            assert!(reader.is_over() && !reader.is_cut(), "{at}");
            assert_eq!(reader.into_flight().unwrap().chain, Some(vec![vec![7; 9]]), "{at}");
        }
    }

    #[test]
    fn a_warning_is_not_the_end_and_a_fatal_alert_is() {
        let mut reader = FlightReader::new();
        reader.push(WARNING);
        assert!(!reader.is_over());
        assert_eq!(reader.alert(), Some(Alert::warning(AlertDescription(112))));
        reader.push(FATAL);
        assert!(reader.is_over() && reader.went_on());
        assert_eq!(reader.alert(), Some(Alert::fatal(AlertDescription::HANDSHAKE_FAILURE)));
    }

    #[test]
    fn what_is_no_first_flight_is_an_error() {
        let early = [&[22, 3, 3, 0, 4, 14, 0, 0, 0][..], &static_rsa()].concat();
        for bytes in [b"HTTP/1.1 400 Bad Request\r\n".as_slice(), &early, &[21, 3, 3, 0, 1, 2]] {
            let mut reader = FlightReader::new();
            reader.push(bytes);
            assert!(reader.error().is_some() && reader.is_over(), "{bytes:?}");
            assert_eq!(reader.flight(), None);
        }
    }
}
