//! A server that wants to use up the scanner's memory.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use shakedown::registry::{CipherSuite, ProtocolVersion};
use shakedown::wire::handshake::Certificate;
use shakedown::wire::record::write_records;
use shakedown::wire::{
    ClientHello, ContentType, Context, Handshake, HandshakeDeframer, RecordDeframer, ServerHello,
};

use crate::memory::every_suite;
use crate::port::liar;

/// Resident memory that a scan may take at its peak: a plain one takes 20 to 30 MiB.
const MOST_KIB: u64 = 80 * 1024;
/// Just below what `wire` takes of a handshake message, 256 KiB.
const CHAIN: usize = 250 * 1024;

fn read_hello(stream: &mut TcpStream) -> Option<ClientHello> {
    let (mut records, mut messages, mut buffer) =
        (RecordDeframer::new(), HandshakeDeframer::new(), [0; 16 * 1024]);
    loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        records.push(&buffer[..count]);
        while let Some(record) = records.next().unwrap() {
            messages.push(&record.payload);
        }
        if let Some((typ, body)) = messages.next().unwrap() {
            match Handshake::decode(typ, &body, &Context::new(ProtocolVersion::TLS1_2)).unwrap() {
                Handshake::ClientHello(hello) => return Some(hello),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Takes these suites in TLS 1.2 and shows that chain.
fn accept(mut stream: TcpStream, accepted: &[CipherSuite], chain: Vec<Vec<u8>>) {
    let Some(hello) = read_hello(&mut stream) else { return };
    let is_tls12 = hello.legacy_version == ProtocolVersion::TLS1_2 && hello.supported_versions().is_none();
    let Some(suite) = hello.cipher_suites.iter().find(|suite| is_tls12 && accepted.contains(suite)) else {
        let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 70]);
        return;
    };
    let messages = [
        Handshake::ServerHello(ServerHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: [1; 32],
            session_id: Vec::new(),
            cipher_suite: *suite,
            compression_method: 0,
            extensions: None,
        }),
        Handshake::Certificate(Certificate::Legacy(chain)),
        Handshake::ServerHelloDone,
    ];
    let (mut payload, mut bytes) = (Vec::new(), Vec::new());
    messages.iter().for_each(|message| message.encode_message(&mut payload));
    write_records(ContentType::HANDSHAKE, ProtocolVersion::TLS1_2, &payload, &mut bytes);
    let _ = stream.write_all(&bytes);
    // Until the scanner has read it.
    let _ = stream.read(&mut [0]);
}

/// The peak of the scan's resident memory, and what it printed.
fn scanned(address: &str) -> (u64, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .args(["scan", address, "--json", "--suites-only"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut output = child.stdout.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).unwrap();
        text
    });
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.split_whitespace().next()) {
            peak = kib.parse().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    (peak, serde_json::from_str(&reading.join().unwrap()).unwrap())
}

#[test]
fn huge_chains_of_a_server_that_accepts_everything_are_not_kept() {
    let one_large = |name: u8| vec![vec![name; CHAIN]];
    let many_small = |name: u8| vec![vec![name]; CHAIN / 4];
    type Row = (fn(u8) -> Vec<Vec<u8>>, usize);
    // Many small ones take the longer to write and read.
    let rows: [Row; 2] = [(one_large, every_suite().len()), (many_small, 48)];
    for (shape, count) in rows {
        let accepted = every_suite()[..count].to_vec();
        let address = liar(move |stream| accept(stream, &accepted, shape(fastrand::u8(..))));
        let (peak, found) = scanned(&address);
        let versions = found["versions"].as_array().unwrap();
        let tls12 = versions.iter().find(|version| version["version"] == "TLSv1.2").unwrap();
        assert_eq!(tls12["suites"].as_array().map(Vec::len), Some(count), "{found}");
        println!("{peak} KiB at the peak");
        assert!((1..=MOST_KIB).contains(&peak), "{peak} KiB");
    }
}
