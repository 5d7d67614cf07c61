//! The rules that keep a refusal honest, seen on real clients.

use std::process::Command;

use shakedown::client::Adapter;

use crate::stand::*;

const SIGN_ONLY: &str = r#"title = "The server has a key for signatures only, and picks RSA key transport"
why = "What a refusal looks like that says nothing about forward secrecy."
checks = ["C-CIP-06"]
line = "committed"
control = "own"
tier = "core"
[matrix]
version = ["TLSv1.2"]
suite = { name = ["TLS_RSA_WITH_AES_128_GCM_SHA256"] }
certificate = ["rsa2048-sign-only"]
pick = ["natural"]
"#;

/// Design 1, rule 9: with a leaf for digitalSignature alone, Java and GnuTLS refuse the very suite that they complete
/// with our leaf. A harness with such a certificate would call them good.
#[test]
fn a_certificate_for_signatures_only_would_forge_a_pass() {
    let stand = Stand::new(&[("client/guard/sign-only.toml", SIGN_ONLY)]);
    let normal = "client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural";
    let guard = "client/guard/sign-only@*";
    for adapter in ["java", "gnutls-cli"] {
        for found in some_of(adapter).into_iter().take(1) {
            let told =
                block_on(stand.play(stand.adapter(adapter), found, &[], stand.cases(&[normal, guard])));
            let reach = |id: &str| told.cases[id].reach.map(|r| r.as_str());
            if reach(normal) != Some("data") {
                println!("{} {:?} has no static RSA: nothing to forge", found.name, found.version);
                continue;
            }
            let (id, forged) = told.cases.iter().find(|(id, _)| id.starts_with("client/guard/")).unwrap();
            println!("{} {:?}: {:?} by {:?}", found.name, found.version, forged.alert, forged.alert_by);
            assert_eq!(reach(id), Some("proposed"), "{forged:?}");
        }
    }
}

/// A client that takes its time.
const SLOW: &str = r#"title = "slow"
detect = ["curl", "--version"]
version = 'curl (\S+)'
install = "x"
[command]
argv = ["sh", "-c", 'sleep 0.4; exec curl -sS --cacert "$0" "$1"', "{ca_pem}", "{url}"]
"#;

#[test]
fn the_end_of_a_run_ends_no_client_of_a_run_beside_it() {
    let Some(curl) = found()["curl"].first() else {
        println!("skipped: curl not installed");
        return;
    };
    let stand = Stand::new(&[]);
    let slow = Adapter::parse("slow.toml", SLOW).unwrap();
    let cases = || stand.cases(&["client/version/tls13@TLSv1.3+TLS_AES_128_GCM_SHA256+natural"]);
    let told = block_on(async {
        let beside = async {
            for _ in 0..4 {
                stand.play(stand.adapter("curl"), curl, &[], cases()).await;
            }
        };
        tokio::join!(stand.play(&slow, curl, &[], cases()), beside).0
    });
    assert!(told.has_good_controls(), "{:?}", told.controls);
    assert!(told.findings().is_empty(), "{:?}", told.findings());
}

/// A client that gets its CA as a Java user would give it.
const TRUSTING: &str = r#"import java.net.URI;
import javax.net.ssl.HttpsURLConnection;

public class Trusting {
    public static void main(String[] arguments) throws Exception {
        HttpsURLConnection connection = (HttpsURLConnection) URI.create(arguments[0]).toURL().openConnection();
        connection.setConnectTimeout(10_000);
        connection.setReadTimeout(10_000);
        System.out.println(connection.getResponseCode());
        connection.disconnect();
    }
}
"#;

#[test]
fn a_java_program_trusts_the_harness_by_the_pkcs12_store() {
    let Some(java) = found()["java"].first() else {
        println!("skipped: java not installed");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("Trusting.java");
    std::fs::write(&source, TRUSTING).unwrap();
    // Compiled once, started ten times.
    let compiler = ["-m", "jdk.compiler/com.sun.tools.javac.Main", "-d"];
    let compiled = Command::new(&java.program).args(compiler).arg(folder.path()).arg(&source).status();
    assert!(compiled.unwrap().success());
    let controls = |store: &str, password: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_shakedown"))
            .args(["check", "--report", "json", "--filter"])
            .arg("client/version/tls13@TLSv1.3+TLS_AES_128_GCM_SHA256+natural")
            .args(["--", &java.program.display().to_string()])
            .arg(format!("-Djavax.net.ssl.trustStore={store}"))
            .arg(format!("-Djavax.net.ssl.trustStorePassword={password}"))
            .arg("-cp")
            .arg(folder.path())
            .args(["Trusting", "{url}"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let client = lines.into_iter().find(|line| line["type"] == "client");
        let client = client.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        client["controls"]["rsa2048"].as_str().unwrap().to_owned()
    };
    assert_eq!(controls("{ca_p12}", "shakedown"), "completed");
    // An empty store trusts nobody: what is seen above is the store's doing.
    assert_ne!(controls("/dev/null", "shakedown"), "completed");
}
