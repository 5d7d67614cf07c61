//! Clients that speak only HTTP/2 are controlled and judged like any other.

use crate::support::*;

const ECDHE: &str = "client/cipher/ecdhe@TLSv1.2+TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256+natural";

fn curl(filter: &str, backend: &str, protocol: &str) -> Vec<serde_json::Value> {
    let arguments =
        ["check", "--tier", "full", "--report", "json", "--filter", filter, "--backend", backend, "--"];
    let client = ["curl", "-q", protocol, "-sSf", "-o", "/dev/null", "--cacert", "{ca_pem}", "{url}"];
    run(arguments.iter().chain(&client)).cases()
}

#[test]
fn a_client_that_speaks_only_http_2_gets_its_answer_from_every_stack() {
    if !installed("curl") {
        return;
    }
    for backend in ["openssl", "rustls", "s2n"] {
        for protocol in ["--http2-prior-knowledge", "--http1.1"] {
            let cases = curl(ECDHE, backend, protocol);
            let [case] = &cases[..] else { panic!("{cases:?}") };
            assert_eq!((&case["verdict"], &case["reach"]), (&"pass".into(), &"data".into()), "{case}");
            assert_eq!(codes(case), Vec::<&str>::new(), "{backend} {protocol}: curl called it a success");
        }
    }
    let cases = curl(STATIC_RSA, "openssl", "--http2-prior-knowledge");
    assert_eq!(codes(&cases[0]), ["no-forward-secrecy"], "{cases:?}");
}
