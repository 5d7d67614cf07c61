//! What a case's server answers to a request: one small page, over HTTP/1.1 or, to clients that speak nothing else,
//! over HTTP/2. Just enough of either for a client to call it a success.

/// Request bytes looked at; a longer request is answered at once.
const REQUEST_LIMIT: usize = 64 * 1024;

const HTTP1: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

/// How every HTTP/2 connection begins (RFC 9113 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Frame types and flags of RFC 9113 6.
mod h2 {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const GOAWAY: u8 = 7;
    pub(super) const CONTINUATION: u8 = 9;
    pub(super) const END_STREAM: u8 = 1;
    pub(super) const ACK: u8 = 1;
    pub(super) const END_HEADERS: u8 = 4;
    /// Type, flags and stream behind the length (RFC 9113 4.1).
    pub(super) const HEADER: usize = 9;
    /// `:status 200`, the eighth entry of the static table (RFC 7541 A), as an indexed field.
    pub(super) const STATUS_200: u8 = 0x88;
}

/// What is to be done about a request so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Wait,
    /// Say this and wait on.
    Say(Vec<u8>),
    /// Say this and good-bye.
    Last(Vec<u8>),
}

/// A request that is coming in.
#[derive(Debug, Default)]
pub(super) struct Answering {
    pub(super) request: Vec<u8>,
    greeted: bool,
    answered: bool,
}

impl Answering {
    pub(super) const fn is_answered(&self) -> bool {
        self.answered
    }

    /// To be asked whenever [`Self::request`] has grown.
    pub(super) fn step(&mut self) -> Step {
        self.request.truncate(REQUEST_LIMIT);
        if self.answered || self.request.is_empty() {
            return Step::Wait;
        }
        if !self.request.starts_with(PREFACE) {
            let is_short = PREFACE.starts_with(&self.request);
            let is_whole =
                self.request.len() >= REQUEST_LIMIT || self.request.windows(4).any(|w| w == b"\r\n\r\n");
            if is_short || !is_whole {
                return Step::Wait;
            }
            self.answered = true;
            return Step::Last(HTTP1.to_vec());
        }
        let mut said = Vec::new();
        if !self.greeted {
            self.greeted = true;
            // RFC 9113 3.4: the server's SETTINGS come first; some clients wait for them. Empty: all defaults.
            said = frame(h2::SETTINGS, 0, 0, &[]);
        }
        match requested_stream(&self.request[PREFACE.len()..]) {
            Some(stream) => {
                self.answered = true;
                said.extend(frame(h2::SETTINGS, h2::ACK, 0, &[]));
                said.extend(frame(h2::HEADERS, h2::END_HEADERS, stream, &[h2::STATUS_200]));
                said.extend(frame(h2::DATA, h2::END_STREAM, stream, b"ok\n"));
                // The last stream that was dealt with, and NO_ERROR (RFC 9113 6.8).
                let last = [stream.to_be_bytes(), [0; 4]].concat();
                said.extend(frame(h2::GOAWAY, 0, 0, &last));
                Step::Last(said)
            }
            None if self.request.len() >= REQUEST_LIMIT => {
                self.answered = true;
                said.extend(frame(h2::GOAWAY, 0, 0, &[0; 8]));
                Step::Last(said)
            }
            None if said.is_empty() => Step::Wait,
            None => Step::Say(said),
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    // Ours have a few bytes.
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The stream of the first request whose headers have come in whole.
fn requested_stream(mut frames: &[u8]) -> Option<u32> {
    while let Some((header, rest)) = frames.split_at_checked(h2::HEADER) {
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let (_, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let (kind, flags) = (header[3], header[4]);
        let stream = u32::from_be_bytes([header[5], header[6], header[7], header[8]]) & 0x7FFF_FFFF;
        if matches!(kind, h2::HEADERS | h2::CONTINUATION) && flags & h2::END_HEADERS != 0 {
            return Some(stream);
        }
        frames = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(parts: &[&[u8]]) -> Vec<Step> {
        let mut answering = Answering::default();
        parts
            .iter()
            .map(|part| {
                answering.request.extend_from_slice(part);
                answering.step()
            })
            .collect()
    }

    #[test]
    fn http_1_1_is_answered_when_the_head_is_whole_and_once() {
        let steps = asked(&[b"GET / HT", b"TP/1.1\r\nHost: x\r\n\r", b"\n", b"more\r\n\r\n"]);
        assert_eq!(steps, [Step::Wait, Step::Wait, Step::Last(HTTP1.to_vec()), Step::Wait]);
        // POST and PATCH begin like the preface.
        assert_eq!(asked(&[b"P", b"OST / HTTP/1.1\r\n\r\n"])[1], Step::Last(HTTP1.to_vec()));
    }

    #[test]
    fn http_2_is_greeted_after_its_preface_and_answered_after_its_headers() {
        let settings = frame(h2::SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]);
        let headers = frame(h2::HEADERS, h2::END_HEADERS | h2::END_STREAM, 1, &[0x82, 0x84, 0x87]);
        let greeting = frame(h2::SETTINGS, 0, 0, &[]);
        let steps = asked(&[&PREFACE[..20], &PREFACE[20..], &settings, &headers[..11], &headers[11..]]);
        assert_eq!(steps[..4], [Step::Wait, Step::Say(greeting.clone()), Step::Wait, Step::Wait]);
        let Step::Last(answer) = &steps[4] else { panic!("{:?}", steps[4]) };
        let kinds: Vec<(u8, u8, u8)> = {
            let mut rest = &answer[..];
            let mut found = Vec::new();
            while let [_, _, length, kind, flags, _, _, _, stream, behind @ ..] = rest {
                found.push((*kind, *flags, *stream));
                rest = &behind[usize::from(*length)..];
            }
            found
        };
        // RFC 9113: SETTINGS ACK, HEADERS with END_HEADERS, DATA with END_STREAM, GOAWAY.
        assert_eq!(kinds, [(4, 1, 0), (1, 4, 1), (0, 1, 1), (7, 0, 0)]);
        // All at once: the greeting comes before everything else.
        let all = [PREFACE, &settings, &headers].concat();
        let [Step::Last(at_once)] = &asked(&[&all])[..] else { panic!() };
        assert!(at_once.starts_with(&greeting));
        assert_eq!(&at_once[greeting.len()..], &answer[..]);
    }

    #[test]
    fn headers_in_two_frames_are_awaited_and_endless_ones_are_given_up() {
        let first = frame(h2::HEADERS, h2::END_STREAM, 3, &[0x82]);
        let second = frame(h2::CONTINUATION, h2::END_HEADERS, 3, &[0x84]);
        let steps = asked(&[&[PREFACE, &first].concat(), &second]);
        assert!(matches!(steps[0], Step::Say(_)) && matches!(steps[1], Step::Last(_)), "{steps:?}");
        let endless = [PREFACE, &frame(h2::CONTINUATION, 0, 3, &[0; 200]).repeat(400)].concat();
        let [Step::Last(bye)] = &asked(&[&endless])[..] else { panic!() };
        assert_eq!(bye[h2::HEADER + 3], h2::GOAWAY);
        // An HTTP/1.1 head without an end, too.
        assert_eq!(asked(&[&vec![b'x'; REQUEST_LIMIT]]), [Step::Last(HTTP1.to_vec())]);
    }
}
