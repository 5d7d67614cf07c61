//! The reader, the writer and the error that all of `wire` is built from.

use std::fmt;

use super::bounds::{Bound, Prefix};
use crate::faults::{Fault, is_planted};
use crate::registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

/// Why bytes are not what they should be. `what` names the element, as in `client_hello.session_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends inside an element.
    #[error("{what}: {missing} more bytes expected")]
    Truncated { what: &'static str, missing: usize },
    /// The element is complete, but its container goes on.
    #[error("{what}: {extra} bytes left over")]
    Trailing { what: &'static str, extra: usize },
    /// A stated length, or an amount of buffered input, is above its cap.
    #[error("{what}: {len} bytes, at most {max} allowed")]
    TooLong { what: &'static str, len: usize, max: usize },
    /// A vector is shorter than its grammar allows.
    #[error("{what}: {len} bytes, at least {min} required")]
    TooShort { what: &'static str, len: usize, min: usize },
    /// A list of fixed-size elements whose length is no multiple of that size.
    #[error("{what}: {len} bytes are no whole number of {unit}-byte elements")]
    Misaligned { what: &'static str, len: usize, unit: usize },
    /// The stream is no TLS: plain HTTP, for example.
    #[error("not a TLS record: the input begins with {start}")]
    NotTls { start: Start },
    /// The stream begins with a ClientHello in SSL 2 framing (RFC 5246 E.2), which names this version.
    #[error("a ClientHello in SSL 2 framing, version {version:#06X}")]
    Sslv2ClientHello { version: u16 },
}

/// The first bytes of something that is no TLS record, for an error message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    bytes: [u8; Self::LEN],
    len: usize,
}

impl Start {
    const LEN: usize = 16;

    /// Keeps at most the first sixteen bytes.
    pub fn of(input: &[u8]) -> Self {
        let mut bytes = [0; Self::LEN];
        let len = input.len().min(Self::LEN);
        bytes[..len].copy_from_slice(&input[..len]);
        Self { bytes, len }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// Something with a byte form.
pub trait Encode {
    /// Appends the byte form to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// Something that can be read without knowing what surrounds it.
pub trait Decode: Sized {
    /// Reads one value from the front of `r`.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Reads one value that must fill `bytes`.
    fn decode_all(bytes: &[u8], what: &'static str) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let value = Self::decode(&mut r)?;
        r.finish(what)?;
        Ok(value)
    }
}

/// A view of bytes that only moves forward.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(n)
            .ok_or(DecodeError::Truncated { what, missing: n.saturating_sub(self.rest.len()) })?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes by value.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(DecodeError::Truncated { what, missing: N.saturating_sub(self.rest.len()) })?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        self.array(what).map(u16::from_be_bytes)
    }

    /// A `uint24` (RFC 8446 3.3).
    pub fn u24(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.array(what).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// The content of a length-prefixed vector (RFC 8446 3.4), after its length passed `bound`.
    pub fn vector(&mut self, bound: &Bound) -> Result<&'a [u8], DecodeError> {
        let len = match bound.prefix {
            Prefix::U8 => usize::from(self.u8(bound.what)?),
            Prefix::U16 => usize::from(self.u16(bound.what)?),
            // Lossless: a uint24 fits usize wherever std has 32-bit pointers or wider.
            Prefix::U24 => self.u24(bound.what)? as usize,
        };
        bound.check(len)?;
        self.take(len, bound.what)
    }

    /// [`vector`](Self::vector), as owned bytes.
    pub fn bytes(&mut self, bound: &Bound) -> Result<Vec<u8>, DecodeError> {
        self.vector(bound).map(<[u8]>::to_vec)
    }

    /// [`vector`](Self::vector), as a list of elements that fill it.
    pub fn list<T: Decode>(&mut self, bound: &Bound) -> Result<Vec<T>, DecodeError> {
        self.list_with(bound, T::decode)
    }

    /// [`vector`](Self::vector), as a list of elements that fill it, each read by `element`.
    pub fn list_with<T>(
        &mut self,
        bound: &Bound,
        element: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut inner = Self::new(self.vector(bound)?);
        let mut items = Vec::new();
        while !inner.is_empty() {
            items.push(element(&mut inner)?);
        }
        Ok(items)
    }

    /// That nothing is left.
    pub fn finish(&self, what: &'static str) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            3 if what == "client_hello" && is_planted(Fault::TrailingBytes) => Ok(()),
            extra => Err(DecodeError::Trailing { what, extra }),
        }
    }
}

/// Writes what `body` appends, behind its length in the bound's prefix.
///
/// A body that is longer than the prefix can say is written whole behind the largest length: nothing is lost and
/// nobody can take it for a valid message.
pub fn put_vector(out: &mut Vec<u8>, bound: &Bound, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.resize(start + bound.prefix.width(), 0);
    body(out);
    let len = (out.len() - start - bound.prefix.width()).min(bound.prefix.largest());
    let len = len.to_be_bytes();
    let digits = &len[len.len() - bound.prefix.width()..];
    out[start..start + digits.len()].copy_from_slice(digits);
}

/// Writes `bytes` behind their length.
pub fn put_bytes(out: &mut Vec<u8>, bound: &Bound, bytes: &[u8]) {
    put_vector(out, bound, |out| out.extend_from_slice(bytes));
}

/// Writes `items` one after another behind their length in bytes.
pub fn put_list<T: Encode>(out: &mut Vec<u8>, bound: &Bound, items: &[T]) {
    put_vector(out, bound, |out| items.iter().for_each(|item| item.encode(out)));
}

/// Writes byte strings, each behind its own length, behind their common length.
pub fn put_nested(out: &mut Vec<u8>, list: &Bound, item: &Bound, items: &[Vec<u8>]) {
    put_vector(out, list, |out| items.iter().for_each(|bytes| put_bytes(out, item, bytes)));
}

/// Writes a `uint24`; a larger value is written as the largest.
pub fn put_u24(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.min(0x00FF_FFFF).to_be_bytes()[1..]);
}

/// The byte form of code points: big-endian, as wide as the number inside.
macro_rules! code_point_codec {
    ($($name:ident($width:ident) $what:literal,)*) => {$(
        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0.to_be_bytes());
            }
        }

        impl Decode for $name {
            fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                r.$width($what).map(Self)
            }
        }
    )*};
}
pub(crate) use code_point_codec;

code_point_codec! {
    ProtocolVersion(u16) "protocol version",
    CipherSuite(u16) "cipher suite",
    NamedGroup(u16) "named group",
    SignatureScheme(u16) "signature scheme",
    AlertDescription(u8) "alert description",
}

impl Encode for u16 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
}

impl Decode for u16 {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.u16("uint16")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: Bound = Bound::of(Prefix::U8, 2, 4, "pairs").unit(2);

    #[test]
    fn a_vector_is_read_up_to_its_end_and_not_beyond() {
        let mut r = Reader::new(&[2, 0xAA, 0xBB, 0xCC]);
        assert_eq!(r.vector(&PAIRS), Ok(&[0xAA, 0xBB][..]));
        assert_eq!(r.finish("rest"), Err(DecodeError::Trailing { what: "rest", extra: 1 }));
        assert_eq!(r.rest(), [0xCC]);
        assert!(r.is_empty());
    }

    #[test]
    fn a_vector_outside_its_bound_is_refused_before_its_content_is_looked_at() {
        let read = |bytes: &[u8]| Reader::new(bytes).vector(&PAIRS).map(<[u8]>::to_vec);
        assert_eq!(read(&[6]), Err(DecodeError::TooLong { what: "pairs", len: 6, max: 4 }));
        assert_eq!(read(&[0]), Err(DecodeError::TooShort { what: "pairs", len: 0, min: 2 }));
        assert_eq!(read(&[3]), Err(DecodeError::Misaligned { what: "pairs", len: 3, unit: 2 }));
        assert_eq!(read(&[4, 1]), Err(DecodeError::Truncated { what: "pairs", missing: 3 }));
        assert_eq!(read(&[]), Err(DecodeError::Truncated { what: "pairs", missing: 1 }));
    }

    #[test]
    fn a_body_too_long_for_its_prefix_is_written_whole_behind_the_largest_length() {
        let mut out = vec![0x99];
        put_bytes(&mut out, &PAIRS, &[7; 300]);
        assert_eq!(out.len(), 1 + 1 + 300);
        assert_eq!(out[..3], [0x99, 0xFF, 7]);
    }

    #[test]
    fn numbers_are_big_endian() {
        let mut r = Reader::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(r.u8("a"), Ok(0x01));
        assert_eq!(r.u16("b"), Ok(0x0203));
        assert_eq!(r.u24("c"), Ok(0x0004_0506));
        assert_eq!(r.u32("d"), Ok(0x0708_090A));
        let mut out = Vec::new();
        put_u24(&mut out, 0x0004_0506);
        put_u24(&mut out, u32::MAX);
        assert_eq!(out, [4, 5, 6, 0xFF, 0xFF, 0xFF]);
    }

    #[test]
    fn an_error_says_what_is_wrong_and_where() {
        let error = DecodeError::NotTls { start: Start::of(b"GET / HTTP/1.1\r\nHost: x") };
        assert_eq!(error.to_string(), "not a TLS record: the input begins with \"GET / HTTP/1.1\\r\\n\"");
        let error = DecodeError::TooLong { what: "client_hello.session_id", len: 33, max: 32 };
        assert_eq!(error.to_string(), "client_hello.session_id: 33 bytes, at most 32 allowed");
    }
}
