//! Fixtures of rule 1: each form in which the pure core could name what it must not.

use crate::fixtures::{fires, is_silent, places};
use crate::rules;

/// Sources of which the pure core's `wire/mod.rs` breaks rule 1 in its last line.
#[track_caller]
fn impure(text: &str) {
    let place = format!("wire/mod.rs:{}", text.lines().count());
    let places = places(rules::pure_core, &[("wire/mod.rs", text)]);
    assert!(places.contains(&place), "{places:?} for {text}");
}

#[test]
fn the_pure_core_is_seen_to_name_io_in_every_form() {
    for text in [
        "use std::io;",
        "use std::io::Read;",
        "use std::{fmt, io::{self, Read as _}};",
        "use ::std::fs::File;",
        "pub(crate) use std::net::TcpStream as Nothing;",
        "fn f() { std::process::exit(1) }",
        "fn f() -> ::std::io::Result<()> { todo!() }",
        "fn f() -> Result<(), std::io::Error> { todo!() }",
        "fn f<T: std::io::Read>(t: T) {}",
        "fn f(r: &mut dyn std::io::Read) {}",
        "fn f<T>(t: T) where T: Sized + std::io::Write {}",
        "fn f() { <Vec<u8> as std::io::Write>::flush(&mut vec![]); }",
        "fn f() { let x = Vec::<std::io::Error>::new(); }",
        "impl From<std::io::Error> for E { fn from(_: std::io::Error) -> E { E } }",
        "struct S { inner: std::fs::File }",
        "enum E { V(std::net::IpAddr) }",
        "type T = std::io::Error;",
        "const C: fn() -> std::env::Args = std::env::args;",
        "static S: std::sync::Mutex<Option<std::fs::File>> = todo!();",
        "fn f(x: u8) { match x { _ if std::env::var(\"A\").is_ok() => (), _ => () } }",
        "fn f() { use std::fs; }",
        "mod inner { mod deeper { fn f() { std::fs::read(\"a\"); } } }",
        "use std::os::fd::AsRawFd;",
        "use r#std::io;",
        "#[cfg(test)] mod tests { use std::fs; }",
        "#[cfg(feature = \"x\")] use std::fs;",
        "#[derive(Debug)] #[thing(from = std::io::Error)] struct S;",
        "#[cfg_attr(a, derive(std::io::Sneaky))] struct S;",
    ] {
        impure(text);
    }
}

#[test]
fn the_pure_core_is_seen_to_name_io_through_names_of_its_own() {
    for text in [
        "use std as s;\nfn f() { s::fs::read(\"a\"); }",
        "use std::{self as s};\nfn f() { s::fs::read(\"a\"); }",
        "extern crate std as s;\nfn f() { s::fs::read(\"a\"); }",
        "use std::time as t;\nfn f() { t::Instant::now(); }",
        "use std::time;\nmod m {\n    use super::time as later;\n    fn f() { later::SystemTime::now(); } }",
        "mod m { pub use std as x; }\nuse m::x as y;\nfn f() { y::env::args(); }",
        "mod m { pub use std as x; }\nfn f() { self::m::x::env::args(); }",
        "mod m { pub use std as x; }\nmod n { use super::*;\n fn f() { m::x::env::args(); } }",
        "mod m { pub use std as x; }\nmod n { use crate::wire::m::*;\n fn f() { x::env::args(); } }",
        "fn f() { use std as s;\n s::env::args(); }",
        "use std::*;",
        "use std::time::*;",
    ] {
        impure(text);
    }
}

#[test]
fn the_pure_core_is_seen_to_name_io_inside_macros() {
    for text in [
        "fn f() { assert!(std::env::var(\"A\").is_ok()); }",
        "fn f() { vec![(1, [std::fs::read(\"a\")])]; }",
        "macro_rules! m { () => { std::fs::read(\"a\") }; }",
        "macro_rules! m { ($x:expr) => { mod n { use std::{fmt, fs}; } }; }",
        "macro_rules! m { () => { pub use std::net::*; }; }",
        "declare! { std::{fmt, io} }",
        "fn f() { std::println!(\"a\"); }",
        "fn f() { println!(\"a\"); }",
        "fn f() { assert!({ eprintln!(\"a\"); true }); }",
        "fn f() { dbg!(1); }",
    ] {
        impure(text);
    }
}

#[test]
fn the_pure_core_is_seen_to_name_clocks_randomness_tokio_and_tls_libraries() {
    for text in [
        "use std::time::Instant;",
        "fn f() { std::time::SystemTime::now(); }",
        "fn f() { std::time::UNIX_EPOCH; }",
        "use jiff::Timestamp;",
        "fn f() -> u8 { rand::random() }",
        "use getrandom;",
        "use std::hash::RandomState;",
        "fn f() { std::collections::hash_map::RandomState::new(); }",
        "#[tokio::test] async fn f() {}",
        "use tokio::io::AsyncRead;",
        "use openssl::ssl::Ssl;",
        "fn f() { unsafe { openssl_sys::ERR_clear_error() } }",
        "use rustls;",
        "use s2n_tls::config::Config;",
        "use aws_lc_rs::digest;",
        "use ring::digest;",
        "extern crate openssl;",
    ] {
        impure(text);
    }
}

#[test]
fn every_module_of_the_pure_core_is_held() {
    for module in ["wire", "registry", "policy", "edit", "oracle", "judge", "scenario"] {
        for file in ["mod.rs", "deep/er.rs"] {
            let path = format!("{module}/{file}");
            fires(rules::pure_core, &[&format!("{path}:2")], &[(&path, "//! Doc.\nuse std::fs;")]);
        }
        let path = format!("{module}.rs");
        fires(rules::pure_core, &[&format!("{path}:1")], &[(&path, "use std::fs;")]);
    }
}

#[test]
fn a_re_export_does_not_launder_io() {
    let user = |text: &'static str| ("wire/mod.rs", text);
    let sources: [(&str, &str); 8] = [
        ("pub use std::net::TcpStream as Bytes;", "use crate::observe::Bytes;"),
        ("pub use std::net;", "fn f(b: crate::observe::net::TcpStream) {}"),
        ("pub use std::net::*;", "use crate::observe::TcpStream;"),
        ("pub type Bytes = std::net::TcpStream;", "use crate::observe::Bytes;"),
        ("pub type R<T = ()> = std::io::Result<T>;", "fn f() -> crate::observe::R { Ok(()) }"),
        (
            "mod a { pub use super::b::B as A; } mod b { pub use std::fs::File as B; } pub use a::A;",
            "use super::observe::A;",
        ),
        ("pub mod prelude { pub use std::fs::File; }", "use crate::observe::prelude::*; type T = File;"),
        ("pub use std as core_types;", "use crate::observe::core_types as c; fn f() { c::fs::read(\"\"); }"),
    ];
    for (exporter, text) in sources {
        fires(rules::pure_core, &["wire/mod.rs:1"], &[("observe/mod.rs", exporter), user(text)]);
        // The same in a file of its own: which file comes first must not matter.
        fires(rules::pure_core, &["wire/mod.rs:1"], &[user(text), ("observe/mod.rs", exporter)]);
    }
    // Through the root of the crate.
    let root = ("lib.rs", "pub mod observe; pub mod wire; pub use observe::Bytes;");
    let exporter = ("observe/mod.rs", "pub use std::net::TcpStream as Bytes;");
    fires(rules::pure_core, &["wire/mod.rs:1"], &[root, exporter, user("use crate::Bytes;")]);
    fires(rules::pure_core, &["wire/mod.rs:1"], &[root, exporter, user("use shakedown::Bytes;")]);
}

#[test]
fn what_only_looks_impure_is_left_alone() {
    is_silent(
        rules::pure_core,
        &[
            (
                "wire/mod.rs",
                r##"
                //! Documentation may say std::io::Read and tokio.
                use std::collections::{BTreeMap, HashMap};
                use std::{fmt, time::Duration};
                use core::net::IpAddr;
                mod io;
                mod process { pub struct Env; }
                use io::Reader;
                use self::process::Env as Process;
                pub mod openssl { pub fn version() {} }
                /// [`std::fs::File`]
                fn f(time: u8, io: u8, rustls: u8) -> impl Iterator<Item = u8> + use<'static> {
                    // std::fs::read("a")
                    let s = "std::fs::read and println!";
                    let t = r#"tokio::spawn"#;
                    let fs = io + time.env + rustls;
                    assert_eq!(fs, rustls);
                    println != io;
                    openssl::version();
                    io::Reader::new();
                    let x = Vec::<u8>::new();
                    let y = <u8>::from_str;
                    'tokio: loop { break 'tokio; }
                    let d = Duration::from_secs(1);
                    write!(s, "{io}")
                }
                const TEXT: &str = include_str!("data.csv");
                #[cfg(test)]
                mod tests {
                    use super::*;
                    const TEXT: &str = include_str!("../data.csv");
                    fn g() { io::Reader::new(); openssl::version(); }
                }
                "##,
            ),
            ("wire/io.rs", "pub struct Reader; impl Reader { pub fn new() {} }"),
            // Impure modules may, and a pure one may name what they declare.
            ("observe/mod.rs", "use std::fs::File; use std::io; pub struct Tap(File); pub enum Reach { A }"),
            (
                "judge/mod.rs",
                "use crate::observe::{Reach, Tap}; use crate::observe::*; fn f(io: Tap) { io; }",
            ),
            ("net/mod.rs", "use tokio::net::TcpListener; use std::time::Instant; fn f() { println!(); }"),
        ],
    );
}
