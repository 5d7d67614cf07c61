//! Seeds made by the project itself: no binary file by hand, and a test sees when the committed ones are not current.

use std::collections::BTreeSet;

use crate::scenario::embedded;

/// A name and an input. Names are file names.
pub type Seed = (String, Vec<u8>);

/// One data file of every folder, behind the byte that says of what kind it is: the others are like it.
pub(super) fn files() -> Vec<Seed> {
    let kinds = [("policies", 0), ("floors", 1), ("client", 2), ("server", 2), ("adapters", 4)];
    let mut seeds: Vec<Seed> = Vec::new();
    for (folder, kind) in kinds {
        let mut folders = BTreeSet::new();
        for (path, text) in embedded::files_below(folder) {
            if !path.ends_with(".toml")
                || !folders.insert(path.rsplit_once('/').map_or("", |(before, _)| before))
            {
                continue;
            }
            seeds.push((path.replace('/', "_"), [&[kind], text.as_bytes()].concat()));
        }
    }
    // Longer ones are longer than the target reads.
    seeds.retain(|(_, seed)| seed.len() <= 4096);
    let edits = "[[edit]]\nat = \"server-hello\"\nchange = \"set-version\"\nvalue = \"TLSv1.0\"\n";
    seeds.push(("edits".to_owned(), [&[3], edits.as_bytes()].concat()));
    let saved = format!("client = \"openssl\"\npolicy = \"elb/ELBSecurityPolicy-2016-08\"\n\n{edits}");
    seeds.push(("saved".to_owned(), [&[6], saved.as_bytes()].concat()));
    seeds.push(("version".to_owned(), b"\x05TLSv1.2".to_vec()));
    seeds
}

/// Messages, records and extensions as the samples of the codecs have them.
pub(super) fn wire() -> Vec<Seed> {
    use crate::wire::record::write_records;
    use crate::wire::samples::{extensions, messages};
    let mut seeds: Vec<Seed> = Vec::new();
    for (at, sample) in messages().into_iter().enumerate() {
        for (which, context) in sample.contexts().enumerate() {
            let settings = super::codec::settings(&context);
            let message = sample.message.to_message_bytes();
            let name = format!("message-{at}-{which}");
            seeds.push((name, [&[1, settings], &message[..]].concat()));
            let mut records = vec![0, settings];
            write_records(crate::wire::ContentType::HANDSHAKE, context.version, &message, &mut records);
            seeds.push((format!("records-{at}-{which}"), records));
        }
    }
    for (at, sample) in extensions().into_iter().enumerate() {
        let typ = sample.typ.0;
        let Some(place) = crate::wire::ExtensionContext::ALL.iter().position(|one| *one == sample.context)
        else {
            continue;
        };
        let place = u8::try_from(place).unwrap_or(0);
        seeds.push((format!("extension-{at}"), [&[2, place], &typ.to_le_bytes()[..], &sample.body].concat()));
    }
    seeds.push(("alert".to_owned(), vec![3, 0, 2, 40]));
    seeds.extend(real(&[("stream", &[0, 3])]));
    seeds
}

/// Hellos of real clients and flights of real handshakes, as the tests of the codecs have them.
const REAL: [(&str, &str); 9] = [
    ("curl", include_str!("../wire/testdata/curl-default.hex")),
    ("java", include_str!("../wire/testdata/java-default.hex")),
    ("node", include_str!("../wire/testdata/node-default.hex")),
    ("openssl", include_str!("../wire/testdata/openssl-default.hex")),
    ("openssl-alpn-status", include_str!("../wire/testdata/openssl-tls12-alpn-status.hex")),
    ("openssl-tls10", include_str!("../wire/testdata/openssl-tls10.hex")),
    ("openssl-tls13-resume", include_str!("../wire/testdata/openssl-tls13-resume.client.hex")),
    ("python", include_str!("../wire/testdata/python-default.hex")),
    ("wget", include_str!("../wire/testdata/wget-default.hex")),
];

/// Those, each behind every one of these prefixes.
pub(super) fn real(prefixes: &[(&str, &[u8])]) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, text) in REAL {
        // Lines that begin with # say where it is from.
        let digits = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::chars);
        let digits: Vec<u8> =
            digits.filter_map(|c| c.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok()).collect();
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        for (what, prefix) in prefixes {
            seeds.push((format!("real-{name}-{what}"), [prefix, &bytes[..]].concat()));
        }
    }
    seeds
}
