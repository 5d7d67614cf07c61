//! One direction: bytes to records, runs of handshake messages through their edits, records through theirs.

use crate::registry::ProtocolVersion;
use crate::wire::ContentType;
use crate::wire::handshake::{HANDSHAKE_HEADER_LEN, MAX_HANDSHAKE_BODY};
use crate::wire::record::{MAX_PLAINTEXT, MAX_RECORD_PAYLOAD, RECORD_HEADER_LEN};

use super::editor::{Fate, Shared};
use super::messages::{self, Waiting};
use super::records::{Piece, Pieces};
use super::{Change, Place, Sender};

/// Records of one run of handshake messages. A peer that cuts its flight into single bytes needs thousands.
const MAX_RUN_RECORDS: usize = 16 * 1024;
/// Bytes of one run: the longest message, and what shares its records.
const MAX_RUN: usize = 2 * MAX_HANDSHAKE_BODY;

#[derive(Debug)]
pub(super) struct Lane {
    sender: Sender,
    /// What is no whole record yet.
    buffer: Vec<u8>,
    /// Records so far.
    count: u32,
    run: Run,
    waiting: Waiting,
    held: Option<Held>,
    /// Keys are in use, or no message can be read any more.
    protected: bool,
    /// This is no stream of records: all passes.
    raw: bool,
}

/// Handshake records in the clear up to the next place where a message and a record end together.
#[derive(Debug)]
struct Run {
    records: Vec<(u32, Piece)>,
    payload: Vec<u8>,
    /// Where the first message that is not whole begins.
    whole: usize,
}

impl Run {
    const NONE: Self = Self { records: Vec::new(), payload: Vec::new(), whole: 0 };
}

/// Records that wait for the next one.
#[derive(Debug)]
enum Held {
    /// To be sent behind it.
    Swapped(Vec<Piece>),
    /// To be joined with it.
    Merged { record: Piece, edit: usize },
}

impl Lane {
    pub const fn new(sender: Sender) -> Self {
        Self {
            sender,
            buffer: Vec::new(),
            count: 0,
            run: Run::NONE,
            waiting: Waiting { bytes: Vec::new(), edit: 0, version: ProtocolVersion::TLS1_2 },
            held: None,
            protected: false,
            raw: false,
        }
    }

    pub const fn is_protected(&self) -> bool {
        self.protected
    }

    pub const fn is_holding(&self) -> bool {
        !self.buffer.is_empty() || !self.is_empty()
    }

    const fn is_empty(&self) -> bool {
        self.run.records.is_empty() && self.waiting.bytes.is_empty() && self.held.is_none()
    }

    /// Nothing is left to be done in this direction.
    fn is_idle(&self, shared: &Shared) -> bool {
        self.raw
            || (self.is_empty()
                && (self.protected || !shared.waits_for_messages())
                && !shared.waits_for_records(self.sender))
    }

    pub fn pass(&mut self, bytes: &[u8], shared: &mut Shared, out: &mut Vec<u8>) {
        if self.buffer.is_empty() && self.is_idle(shared) {
            out.extend_from_slice(bytes);
            return;
        }
        self.buffer.extend_from_slice(bytes);
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut used = 0;
        while !self.is_idle(shared) {
            let Some(&[typ, major, minor, high, low]) = buffer[used..].first_chunk::<RECORD_HEADER_LEN>()
            else {
                break;
            };
            let length = usize::from(u16::from_be_bytes([high, low]));
            if major != 3 || length > MAX_RECORD_PAYLOAD {
                self.give_up(shared, out);
                self.raw = true;
                break;
            }
            let start = used + RECORD_HEADER_LEN;
            let Some(payload) = buffer.get(start..start + length) else { break };
            used = start + length;
            let version = ProtocolVersion(u16::from_be_bytes([major, minor]));
            let record = Piece { content_type: ContentType(typ), version, payload: payload.to_vec() };
            self.count = self.count.saturating_add(1);
            self.record(record, shared, out);
        }
        if self.is_idle(shared) {
            out.extend_from_slice(&buffer[used..]);
        } else {
            buffer.drain(..used);
            self.buffer = buffer;
        }
    }

    fn record(&mut self, record: Piece, shared: &mut Shared, out: &mut Vec<u8>) {
        let is_clear_handshake = record.content_type == ContentType::HANDSHAKE && !self.protected;
        let is_run =
            !self.run.records.is_empty() || !self.waiting.bytes.is_empty() || shared.waits_for_messages();
        if is_clear_handshake && is_run {
            self.join(record, shared, out);
            return;
        }
        self.end_run(shared, out);
        self.protected |= match record.content_type {
            ContentType::APPLICATION_DATA => true,
            ContentType::CHANGE_CIPHER_SPEC => !shared.is_tls13_to(self.sender),
            _ => false,
        };
        self.emit(self.count, record, shared, out);
    }

    /// One more record of a run; the run's messages, if it is whole now.
    fn join(&mut self, record: Piece, shared: &mut Shared, out: &mut Vec<u8>) {
        let run = &mut self.run;
        run.payload.extend_from_slice(&record.payload);
        run.records.push((self.count, record));
        let mut is_readable = run.payload.len() <= MAX_RUN && run.records.len() <= MAX_RUN_RECORDS;
        while let Some((_, length)) = messages::header(&run.payload[run.whole..]) {
            if run.payload.len() - run.whole < length {
                is_readable &= length <= HANDSHAKE_HEADER_LEN + MAX_HANDSHAKE_BODY;
                break;
            }
            run.whole += length;
        }
        if run.whole == run.payload.len() {
            let run = std::mem::replace(run, Run::NONE);
            self.edit_run(run, shared, out);
        } else if !is_readable {
            // What it promises is never waited for.
            self.end_run(shared, out);
            self.protected = true;
        }
    }

    fn edit_run(&mut self, run: Run, shared: &mut Shared, out: &mut Vec<u8>) {
        let (mut edited, mut at) = (Vec::new(), 0);
        let mut version = None;
        if let Some((_, first)) = run.records.first() {
            self.waiting.version = first.version;
        }
        while let Some((typ, length)) = messages::header(&run.payload[at..]) {
            let message = &run.payload[at..at + length];
            at += length;
            let asked = messages::pass(message, typ, self.sender, shared, &mut self.waiting, &mut edited);
            version = asked.or(version);
        }
        if edited == run.payload && version.is_none() {
            for (number, record) in run.records {
                self.emit(number, record, shared, out);
            }
            return;
        }
        self.cut_again(run.records, &edited, version, shared, out);
    }

    /// Puts an edited run into records of the sizes that it came in; the last takes what is left, or more.
    fn cut_again(
        &mut self,
        records: Vec<(u32, Piece)>,
        edited: &[u8],
        version: Option<ProtocolVersion>,
        shared: &mut Shared,
        out: &mut Vec<u8>,
    ) {
        let (mut rest, count) = (edited, records.len());
        for (at, (number, record)) in records.into_iter().enumerate() {
            let is_last = at + 1 == count;
            let size = if is_last { rest.len() } else { record.payload.len().min(rest.len()) };
            let (part, behind) = rest.split_at(size);
            rest = behind;
            let version = version.unwrap_or(record.version);
            let mut parts = part.chunks(MAX_PLAINTEXT);
            let Some(first) = parts.next() else {
                // A record without anything in it is no handshake record (RFC 8446 5.1): its edits go with it.
                for edit in shared.edits_at(Place::record(self.sender, number)) {
                    shared.decide(edit, Fate::NoEffect);
                }
                continue;
            };
            self.emit(number, Piece { version, payload: first.to_vec(), ..record }, shared, out);
            for more in parts {
                let content_type = ContentType::HANDSHAKE;
                let line = vec![Piece { content_type, version, payload: more.to_vec() }];
                self.send(line, (None, None), shared, out);
            }
        }
    }

    /// Something else came than the rest of a message: what is held goes its way unchanged.
    fn end_run(&mut self, shared: &mut Shared, out: &mut Vec<u8>) {
        let run = std::mem::replace(&mut self.run, Run::NONE);
        for (number, record) in run.records {
            self.emit(number, record, shared, out);
        }
        let waiting = self.waiting.take();
        if !waiting.bytes.is_empty() {
            // Nothing in the clear followed.
            shared.decide(waiting.edit, Fate::NoEffect);
            let pieces = waiting.bytes.chunks(MAX_PLAINTEXT).map(|part| Piece {
                content_type: ContentType::HANDSHAKE,
                version: waiting.version,
                payload: part.to_vec(),
            });
            self.send(pieces.collect(), (None, None), shared, out);
        }
    }

    /// Passes on all that is held.
    fn give_up(&mut self, shared: &mut Shared, out: &mut Vec<u8>) {
        self.end_run(shared, out);
        match self.held.take() {
            Some(Held::Swapped(records)) => records.iter().for_each(|record| record.write(out)),
            Some(Held::Merged { record, edit }) => {
                shared.decide(edit, Fate::NoEffect);
                record.write(out);
            }
            None => {}
        }
    }

    /// A record through its edits.
    fn emit(&mut self, number: u32, record: Piece, shared: &mut Shared, out: &mut Vec<u8>) {
        let (mut pieces, mut swap, mut merge) = (Pieces::of(record), None, None);
        for edit in shared.edits_at(Place::record(self.sender, number)) {
            let is_applied = match shared.change(edit) {
                Change::Swap => swap.replace(edit).is_none(),
                Change::Merge => merge.replace(edit).is_none(),
                change => pieces.change(change),
            };
            shared.decide(edit, if is_applied { Fate::Applied } else { Fate::NoEffect });
        }
        self.send(pieces.into_line(), (swap, merge), shared, out);
    }

    /// Passes records on, unless the edits let them wait for the next one.
    fn send(
        &mut self,
        mut line: Vec<Piece>,
        (swap, merge): (Option<usize>, Option<usize>),
        shared: &mut Shared,
        out: &mut Vec<u8>,
    ) {
        let Some(first) = line.first_mut() else {
            // Dropped: what waits goes on waiting.
            swap.into_iter().chain(merge).for_each(|edit| shared.decide(edit, Fate::NoEffect));
            return;
        };
        match self.held.take() {
            Some(Held::Merged { mut record, edit }) => {
                let fits = record.payload.len() + first.payload.len() <= usize::from(u16::MAX);
                if fits && record.content_type == first.content_type {
                    record.payload.append(&mut first.payload);
                    *first = record;
                } else {
                    shared.decide(edit, Fate::NoEffect);
                    line.insert(0, record);
                }
            }
            Some(Held::Swapped(mut earlier)) => line.append(&mut earlier),
            None => {}
        }
        if swap.is_some() {
            merge.into_iter().for_each(|edit| shared.decide(edit, Fate::NoEffect));
            self.held = Some(Held::Swapped(line));
            return;
        }
        if let Some(edit) = merge {
            self.held = line.pop().map(|record| Held::Merged { record, edit });
        }
        line.iter().for_each(|record| record.write(out));
    }
}
