//! A server by its address, and its name.

use std::net::IpAddr;
use std::str::FromStr;

/// `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "allowed: HOST:PORT, such as localhost:4433 or [::1]:4433".to_owned();
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let port: u16 = port.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(address) if address.parse::<std::net::Ipv6Addr>().is_ok() => address,
            Some(_) => return Err(bad()),
            // An IPv6 address without brackets swallows the port.
            None if host.is_empty() || host.contains(':') => return Err(bad()),
            None => host,
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl Target {
    /// RFC 6066 3: no addresses.
    pub(super) fn server_name(&self) -> Option<String> {
        let is_address = self.host.parse::<IpAddr>().is_ok();
        (!is_address).then(|| self.host.trim_end_matches('.').to_owned()).filter(|name| !name.is_empty())
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// A host's name as RFC 6066 3 has it in `server_name`: no address, no dot at its end.
pub(super) fn server_name(text: &str) -> Result<String, String> {
    // RFC 1035 2.3.4; beside letters, digits and hyphens (RFC 1123 2.1) some names in use have underscores.
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let is_name = text.len() <= 253 && text.split('.').all(is_label) && text.parse::<IpAddr>().is_err();
    let bad =
        "allowed: a host name such as a.example, in ASCII, without a port, no address and no dot at its end";
    is_name.then(|| text.to_owned()).ok_or_else(|| bad.to_owned())
}
