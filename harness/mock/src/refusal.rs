//! Whether one connection is a refusal of the client's.

use crate::builder::Certificate;
use crate::finished::Finished;
use crate::lines::{Connection, Outcome, Reach, Side};
use crate::unmet::Reason;

/// Alerts about the certificate (RFC 5246 7.2.2, RFC 8446 6.2).
const CERTIFICATE_ALERTS: [&str; 6] = [
    "bad_certificate",
    "unsupported_certificate",
    "certificate_revoked",
    "certificate_expired",
    "certificate_unknown",
    "unknown_ca",
];

/// Of a client that trusts the CA of another server. All of them have the same name, so some find the wrong one (rustls) and
/// miss no CA, but say that the signature is wrong.
const CA_ALERTS: [&str; 2] = ["unknown_ca", "decrypt_error"];

/// Alerts about version and parameters: a client that sends one has not come to the certificate.
const PARAMETER_ALERTS: [&str; 4] =
    ["handshake_failure", "protocol_version", "insufficient_security", "illegal_parameter"];

/// Alerts that give no reason: RFC 8446 6.1.
const SILENT_ALERTS: [&str; 2] = ["close_notify", "user_canceled"];

/// `Err`: why it is none, or why nobody can tell.
pub fn judge(seen: &Finished, connection: &Connection) -> Result<(), (Reason, String)> {
    use Reason::{Broken, Unproven};
    let broken = |why: &str| Err((Broken, why.to_owned()));
    let unproven = |why: &str| Err((Unproven, why.to_owned()));
    let reach = connection.reach.unwrap_or(Reach::Connected);

    if connection.outcome == Outcome::Completed || reach == Reach::Data {
        return broken("it sent its request");
    }
    if seen.wrong_certificate.is_none() {
        if connection.outcome == Outcome::Closed || reach >= Reach::Finished {
            return broken("it finished the handshake");
        }
        if reach >= Reach::Committed {
            return broken("it answered the server's flight");
        }
    }
    let alert = connection.alert.as_deref().filter(|_| connection.alert_by == Some(Side::Client));
    match connection.outcome {
        Outcome::RefusedByClient if reach < Reach::Proposed => {
            unproven("the client was gone before it had the server's flight")
        }
        // Every server has a CA of its own: who keeps another one says so, whatever host and date are.
        Outcome::RefusedByClient
            if seen.wrong_certificate.is_some_and(|wrong| wrong != Certificate::UntrustedIssuer)
                && alert.is_some_and(|alert| CA_ALERTS.contains(&alert)) =>
        {
            unproven(
                "it does not know the CA, and that is not what is wrong with the certificate: give it the CA of this server \
                 (`ca_pem`, `ca_pem_path`)",
            )
        }
        // A refusal proves neither of two faults, unless it says which one it is about.
        Outcome::RefusedByClient
            if seen.has_second_fault && !alert.is_some_and(|alert| CERTIFICATE_ALERTS.contains(&alert)) =>
        {
            unproven(
                "its certificate may not be all that the client minds: the wrong certificate goes with another policy than \
                 the control's, or with a forced session, and no alert about the certificate came",
            )
        }
        Outcome::RefusedByClient if seen.wrong_certificate.is_some() => match alert {
            Some(alert) if PARAMETER_ALERTS.contains(&alert) => {
                unproven("it refused for another reason than the certificate")
            }
            None if reach >= Reach::Finished => unproven("it finished the handshake and left without a word"),
            _ => Ok(()),
        },
        Outcome::RefusedByClient => match alert {
            Some(alert) if CERTIFICATE_ALERTS.contains(&alert) || CA_ALERTS.contains(&alert) => unproven(
                "it refused the certificate, which is right: give it the CA of this server (`ca_pem`, `ca_pem_path`)",
            ),
            _ => Ok(()),
        },
        Outcome::RefusedByServer => refused_by_server(seen, connection),
        Outcome::Closed => unproven("it finished the handshake and left without a request"),
        Outcome::NotTls => unproven("what arrived was no TLS"),
        Outcome::Timeout => unproven("a deadline of the server's passed"),
        Outcome::Disconnected => unproven("the client was gone before it had the server's flight"),
        Outcome::Failed => unproven("the server's own stack failed"),
        Outcome::HarnessPanic => unproven("the program that plays the server failed"),
        Outcome::Unserved => unproven("the server stopped before it could be served"),
        Outcome::Completed => broken("it sent its request"),
    }
}

/// The client never offered it, if the server could do nothing but refuse.
fn refused_by_server(seen: &Finished, connection: &Connection) -> Result<(), (Reason, String)> {
    let unproven = |why: String| Err((Reason::Unproven, why));
    if seen.forced.is_some() || seen.wrong_certificate.is_some() {
        return unproven("the server ended it, and not the client".to_owned());
    }
    let Some(offers) = &connection.offers else {
        return unproven("the server ended it, and there was no ClientHello".to_owned());
    };
    match &seen.accepted {
        Ok(accepted) if accepted.has_nothing_in_common(offers) => Ok(()),
        Ok(_) => unproven(
            "the server ended it, although the client offered something that the policy has: certificate, group or \
             signature scheme may not fit"
                .to_owned(),
        ),
        Err(why) => unproven(format!("the server ended it, and what its policy accepts is not known: {why}")),
    }
}

/// Whether the client gave no reason, so that only the same end a second time is worth something.
pub fn is_silent(connection: &Connection) -> bool {
    let alert = connection.alert.as_deref().filter(|_| connection.alert_by == Some(Side::Client));
    connection.outcome == Outcome::RefusedByClient && alert.is_none_or(|alert| SILENT_ALERTS.contains(&alert))
}
