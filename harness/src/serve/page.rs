//! The page that every request gets: what was negotiated, what the hello offered, what the floor says of it.

use std::convert::Infallible;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::Serialize;

use crate::judge::{Finding, Verdict};
use crate::net::TappedStream;
use crate::observe::Reach;
use crate::oracle::Proposal;

use super::judged::Judged;
use super::line::Offers;
use super::server::Staged;

/// Bytes of a request's body that are read; a longer one is answered with 413.
const BODY_LIMIT: usize = 1024 * 1024;

#[derive(Serialize)]
struct Page {
    shakedown: &'static str,
    policy: String,
    negotiated: Option<Negotiated>,
    offers: Option<Offers>,
    floor: FloorName,
    verdict: Option<Verdict>,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Negotiated {
    version: String,
    suite: String,
    group: Option<String>,
    scheme: Option<String>,
}

#[derive(Serialize)]
struct FloorName {
    id: String,
    title: String,
    page: String,
    date: String,
}

impl From<&Proposal> for Negotiated {
    fn from(proposal: &Proposal) -> Self {
        Self {
            version: proposal.version.to_string(),
            suite: proposal.suite.to_string(),
            group: proposal.group.map(|group| group.to_string()),
            scheme: proposal.scheme.map(|scheme| scheme.to_string()),
        }
    }
}

impl Page {
    /// The page of a connection.
    fn of(staged: &Staged, stream: &TappedStream) -> Self {
        stream.with_tapped(|tapped| {
            let (offer, proposal) = (tapped.offer(), tapped.proposal());
            let floor = &staged.floor;
            // A request is data: the client has accepted the session.
            let judged = Judged::of(floor, Reach::Data, offer, proposal, staged.has_bad_certificate());
            Self {
                shakedown: env!("CARGO_PKG_VERSION"),
                policy: staged.stage.policy.id.clone(),
                negotiated: proposal.map(Negotiated::from),
                offers: offer.map(|offer| Offers::of(offer, tapped.client_hello().as_ref())),
                floor: FloorName {
                    id: floor.id.clone(),
                    title: floor.title.clone(),
                    page: floor.source.page.clone(),
                    date: floor.source.date.clone(),
                },
                verdict: judged.verdict,
                findings: judged.findings,
            }
        })
    }
}

/// Answers any request, once its body has been read.
pub(super) async fn answer(
    staged: &Staged,
    stream: &TappedStream,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_head = request.method() == Method::HEAD;
    let (status, text) = match read(request.into_body()).await {
        BodyRead::Whole => (StatusCode::OK, page_text(&Page::of(staged, stream))),
        BodyRead::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, error("a body of at most 1 MiB is read")),
        BodyRead::Broken => (StatusCode::BAD_REQUEST, error("the body breaks off, or its framing is broken")),
    };
    let mut response = Response::new(Full::new(if is_head { Bytes::new() } else { Bytes::from(text) }));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    stream.mark_answered();
    Ok(response)
}

enum BodyRead {
    Whole,
    TooLong,
    Broken,
}

/// Reads a body to its end and keeps nothing of it.
async fn read(mut body: Incoming) -> BodyRead {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return BodyRead::Broken };
        length += frame.data_ref().map_or(0, Bytes::len);
        if length > BODY_LIMIT {
            return BodyRead::TooLong;
        }
    }
    BodyRead::Whole
}

fn error(why: &str) -> String {
    format!("{{\"error\":{why:?}}}\n")
}

fn page_text(page: &Page) -> String {
    // Text and numbers only: there is nothing that could not be written.
    let mut text = serde_json::to_string_pretty(page).unwrap_or_default();
    text.push('\n');
    text
}
