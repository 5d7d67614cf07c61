//! The library's configuration and connection, owned, with byte queues in the place of a socket.
#![expect(unsafe_code, reason = "s2n is a C library; each block states why it is sound")]

use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;

use s2n_tls_sys as ffi;

use crate::registry::{CipherSuite, ProtocolVersion};

use super::super::Role;
use super::cache::{self, Cache};
use super::sys::{self, Built, SecurityPolicy};

/// What the library says of a call that failed.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) text: String,
    pub(super) kind: FaultKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// More bytes of the peer are needed.
    Blocked,
    /// The peer's close_notify arrived.
    Closed,
    /// The peer's fatal alert arrived.
    Alert,
    Other,
}

/// The fault of the last call on this thread.
fn fault() -> Fault {
    // SAFETY: the error number is the thread's own, and the texts are constants of the library.
    unsafe {
        let number = *ffi::s2n_errno_location();
        let kind = match u32::try_from(ffi::s2n_error_get_type(number)) {
            Ok(ffi::s2n_error_type::BLOCKED) => FaultKind::Blocked,
            Ok(ffi::s2n_error_type::CLOSED) => FaultKind::Closed,
            Ok(ffi::s2n_error_type::ALERT) => FaultKind::Alert,
            _ => FaultKind::Other,
        };
        let text = format!(
            "{} ({})",
            words(ffi::s2n_strerror(number, c"EN".as_ptr())),
            words(ffi::s2n_strerror_name(number))
        );
        Fault { text, kind }
    }
}

/// # Safety
/// A C string or null.
unsafe fn words(text: *const c_char) -> String {
    if text.is_null() {
        return "unknown error".to_owned();
    }
    // SAFETY: the caller's.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

fn check(result: c_int) -> Result<(), Fault> {
    if result < 0 { Err(fault()) } else { Ok(()) }
}

/// Seconds for which a server seals sessions with its key: a month. By default it stops after two hours.
const KEY_LIFETIME: u64 = 30 * 24 * 60 * 60;

/// What a configuration is made from, in the library's forms.
#[derive(Default)]
pub(super) struct Parts {
    /// Chains and keys, PEM.
    pub(super) identities: Vec<(CString, CString)>,
    /// PEM.
    pub(super) dh: Option<CString>,
    pub(super) alpn: Vec<Vec<u8>>,
    /// A server's: sessions are resumed by their ids.
    pub(super) ids: bool,
    /// Sessions are resumed by tickets.
    pub(super) tickets: bool,
    /// A server's, for its tickets and for what it keeps by id.
    pub(super) session_key: Option<[u8; 32]>,
    /// PEM; without it anybody is trusted.
    pub(super) trust: Option<CString>,
    /// A server's: it asks, and whom it trusts it requires.
    pub(super) asks_client: bool,
}

/// A finished configuration: shared, never changed.
pub(super) struct Config {
    raw: NonNull<ffi::s2n_config>,
    /// The configuration points to them; freed after it.
    certificates: Vec<NonNull<ffi::s2n_cert_chain_and_key>>,
    /// The same holds for it.
    cache: Arc<Cache>,
}

// SAFETY: the library lets threads share a configuration that nobody changes, and `new` is the only one who does.
unsafe impl Send for Config {}
// SAFETY: as above.
unsafe impl Sync for Config {}

impl Config {
    pub(super) fn new(parts: &Parts) -> Result<Self, Fault> {
        sys::init();
        // SAFETY: from here on owned, and freed by `drop`. The library copies what the pointers point to, and each is
        // valid for its call. Without verification a client trusts anybody, as the specification says.
        unsafe {
            let raw = NonNull::new(ffi::s2n_config_new_minimal()).ok_or_else(fault)?;
            let mut config = Self { raw, certificates: Vec::new(), cache: Arc::default() };
            let raw = raw.as_ptr();
            // The delay hides at what a server took offence from someone who measures; here it would hold back the
            // alert for half a minute.
            check(ffi::s2n_config_set_max_blinding_delay(raw, 0))?;
            // A warning ends nothing up to TLS 1.2 (RFC 5246 7.2.2). By default the library gives up at one and says so
            // as it does of a fatal alert, and then a client that only said good-bye seems to have refused.
            check(ffi::s2n_config_set_alert_behavior(raw, ffi::s2n_alert_behavior::IGNORE_WARNINGS))?;
            for protocol in &parts.alpn {
                let length = u8::try_from(protocol.len()).unwrap_or(0); // 0 is refused
                check(ffi::s2n_config_append_protocol_preference(raw, protocol.as_ptr(), length))?;
            }
            for (chain, key) in &parts.identities {
                let pair = NonNull::new(ffi::s2n_cert_chain_and_key_new()).ok_or_else(fault)?;
                config.certificates.push(pair);
                check(ffi::s2n_cert_chain_and_key_load_pem(pair.as_ptr(), chain.as_ptr(), key.as_ptr()))?;
                check(ffi::s2n_config_add_cert_chain_and_key_to_store(raw, pair.as_ptr()))?;
            }
            if let Some(dh) = &parts.dh {
                check(ffi::s2n_config_add_dhparams(raw, dh.as_ptr()))?;
            }
            match &parts.trust {
                Some(trust) => check(ffi::s2n_config_add_pem_to_trust_store(raw, trust.as_ptr()))?,
                None => check(ffi::s2n_config_disable_x509_verification(raw))?,
            }
            if parts.asks_client {
                let kind = match parts.trust {
                    Some(_) => ffi::s2n_cert_auth_type::REQUIRED,
                    None => ffi::s2n_cert_auth_type::OPTIONAL,
                };
                check(ffi::s2n_config_set_client_auth_type(raw, kind))?;
                // By default it would have to be the name that the client asked for, as if it were a server's.
                check(ffi::s2n_config_set_verify_host_callback(raw, Some(any_name), ptr::null_mut()))?;
            }
            if parts.tickets {
                check(ffi::s2n_config_set_session_tickets_onoff(raw, 1))?;
            }
            if parts.ids {
                let context = Arc::as_ptr(&config.cache).cast_mut().cast::<c_void>();
                check(ffi::s2n_config_set_cache_store_callback(raw, Some(cache::store), context))?;
                check(ffi::s2n_config_set_cache_retrieve_callback(raw, Some(cache::retrieve), context))?;
                check(ffi::s2n_config_set_cache_delete_callback(raw, Some(cache::delete), context))?;
                check(ffi::s2n_config_set_session_cache_onoff(raw, 1))?;
            }
            if let Some(mut key) = parts.session_key {
                // Behind its time the key would be taken for no more tickets, and nobody adds another one.
                check(ffi::s2n_config_set_ticket_encrypt_decrypt_key_lifetime(raw, KEY_LIFETIME))?;
                let (name, length) = (c"shakedown".to_bytes(), u32::try_from(key.len()).unwrap_or(0)); // 0 is refused
                let name_length = u32::try_from(name.len()).unwrap_or(0); // as above
                let (name, key) = (name.as_ptr(), key.as_mut_ptr());
                check(ffi::s2n_config_add_ticket_crypto_key(raw, name, name_length, key, length, 0))?;
            }
            Ok(config)
        }
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // SAFETY: connections hold the configuration in an `Arc`, so none uses it any more, and nothing but it uses
        // the certificates.
        unsafe {
            ffi::s2n_config_free(self.raw.as_ptr());
            for pair in &self.certificates {
                ffi::s2n_cert_chain_and_key_free(pair.as_ptr());
            }
        }
    }
}

/// The policy of a connection.
pub(super) enum Policy {
    Named(&'static SecurityPolicy),
    Built(Arc<Built>),
}

/// The two byte queues.
#[derive(Default)]
struct Queues {
    incoming: VecDeque<u8>,
    outgoing: Vec<u8>,
}

/// One connection and everything that it points to.
pub(super) struct Connection {
    raw: NonNull<ffi::s2n_connection>,
    /// From `Box::into_raw`: the callbacks reach it through the connection. Freed after the connection.
    queues: NonNull<Queues>,
    _config: Arc<Config>,
    _policy: Policy,
}

// SAFETY: a connection is not bound to a thread, and `&mut self` keeps it to one at a time.
unsafe impl Send for Connection {}

impl Connection {
    /// A client comes back with a `session` of [`Connection::session`].
    pub(super) fn new(
        role: Role,
        config: Arc<Config>,
        policy: Policy,
        server_name: &str,
        session: Option<&[u8]>,
    ) -> Result<Self, Fault> {
        sys::init();
        let mode = match role {
            Role::Client => ffi::s2n_mode::CLIENT,
            Role::Server => ffi::s2n_mode::SERVER,
        };
        // SAFETY: from here on owned, and freed by `drop` before what it points to. Configuration, policy and queues
        // do not move: they are behind an `Arc`, a constant or a box of their own, and a box.
        unsafe {
            let raw = NonNull::new(ffi::s2n_connection_new(mode)).ok_or_else(fault)?;
            let queues = NonNull::from(Box::leak(Box::<Queues>::default()));
            let connection = Self { raw, queues, _config: config, _policy: policy };
            let (raw, context) = (connection.raw.as_ptr(), connection.queues.as_ptr().cast::<c_void>());
            check(ffi::s2n_connection_set_config(raw, connection._config.raw.as_ptr()))?;
            let policy = match &connection._policy {
                Policy::Named(policy) => *policy,
                Policy::Built(built) => built.as_ptr(),
            };
            check(sys::s2n_connection_set_security_policy(raw, policy))?;
            // Otherwise the library sleeps for half a minute after a fault.
            check(ffi::s2n_connection_set_blinding(raw, ffi::s2n_blinding::SELF_SERVICE_BLINDING))?;
            check(ffi::s2n_connection_set_recv_cb(raw, Some(take)))?;
            check(ffi::s2n_connection_set_recv_ctx(raw, context))?;
            check(ffi::s2n_connection_set_send_cb(raw, Some(give)))?;
            check(ffi::s2n_connection_set_send_ctx(raw, context))?;
            if role == Role::Client && !server_name.is_empty() {
                let name = CString::new(server_name)
                    .map_err(|error| Fault { text: error.to_string(), kind: FaultKind::Other })?;
                check(ffi::s2n_set_server_name(raw, name.as_ptr()))?;
            }
            if let Some(session) = session {
                check(ffi::s2n_connection_set_session(raw, session.as_ptr(), session.len()))?;
            }
            Ok(connection)
        }
    }

    fn queues(&mut self) -> &mut Queues {
        // SAFETY: allocated in `new`, freed in `drop`; the callbacks use it only inside a call of the library, and
        // none runs while this borrow lives.
        unsafe { self.queues.as_mut() }
    }

    pub(super) fn feed(&mut self, from_peer: &[u8]) {
        self.queues().incoming.extend(from_peer);
    }

    pub(super) fn drain(&mut self, to_peer: &mut Vec<u8>) {
        to_peer.append(&mut self.queues().outgoing);
    }

    /// Goes on with the handshake; `Ok` once it is done.
    pub(super) fn negotiate(&mut self) -> Result<(), Fault> {
        let mut blocked = 0;
        // SAFETY: a live connection.
        check(unsafe { ffi::s2n_negotiate(self.raw.as_ptr(), &raw mut blocked) })
    }

    /// Reads application data; 0 behind the peer's close_notify.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        let mut blocked = 0;
        // SAFETY: a live connection, and a buffer of that length.
        let read = unsafe {
            let length = buffer.len().cast_signed();
            ffi::s2n_recv(self.raw.as_ptr(), buffer.as_mut_ptr().cast(), length, &raw mut blocked)
        };
        usize::try_from(read).map_err(|_| fault())
    }

    /// Sends application data; the number of bytes taken.
    pub(super) fn send(&mut self, plaintext: &[u8]) -> Result<usize, Fault> {
        let mut blocked = 0;
        // SAFETY: a live connection, and a slice of that length.
        let sent = unsafe {
            let length = plaintext.len().cast_signed();
            ffi::s2n_send(self.raw.as_ptr(), plaintext.as_ptr().cast(), length, &raw mut blocked)
        };
        usize::try_from(sent).map_err(|_| fault())
    }

    /// Sends the alert that waits, or close_notify.
    pub(super) fn shut_down(&mut self) {
        let mut blocked = 0;
        // SAFETY: a live connection. A failure to say good-bye changes nothing that was negotiated.
        unsafe { ffi::s2n_shutdown_send(self.raw.as_ptr(), &raw mut blocked) };
    }

    /// The peer's last alert.
    pub(super) fn alert(&self) -> Option<u8> {
        // SAFETY: a live connection, which is only read.
        u8::try_from(unsafe { ffi::s2n_connection_get_alert(self.raw.as_ptr()) }).ok()
    }

    pub(super) fn negotiated(&self) -> Option<(ProtocolVersion, CipherSuite)> {
        let (mut first, mut second) = (0, 0);
        // SAFETY: a live connection, which is only read, and two bytes to write to.
        let (version, result) = unsafe {
            let raw = self.raw.as_ptr();
            let version = ffi::s2n_connection_get_actual_protocol_version(raw);
            (version, ffi::s2n_connection_get_cipher_iana_value(raw, &raw mut first, &raw mut second))
        };
        let version = sys::version_of(u8::try_from(version).ok()?);
        (result == 0).then_some((version, CipherSuite(u16::from_be_bytes([first, second]))))
    }

    /// What a client can come back with, in the library's form: the newest ticket, or else the session id.
    pub(super) fn session(&self) -> Option<Vec<u8>> {
        let raw = self.raw.as_ptr();
        // SAFETY: a live connection, which is only read.
        let length = usize::try_from(unsafe { ffi::s2n_connection_get_session_length(raw) }).ok()?;
        let mut session = vec![0; length];
        // SAFETY: as above, and a buffer of that length.
        let copied = unsafe { ffi::s2n_connection_get_session(raw, session.as_mut_ptr(), length) };
        (length > 0 && usize::try_from(copied) == Ok(length)).then_some(session)
    }

    /// What the client showed, leaf first, DER.
    pub(super) fn client_chain(&self) -> Vec<Vec<u8>> {
        let (mut list, mut length) = (ptr::null_mut(), 0);
        // SAFETY: a live connection, which is only read. It keeps the list, of that length, longer than this borrow.
        let mut list = unsafe {
            let raw = self.raw.as_ptr();
            let result = ffi::s2n_connection_get_client_cert_chain(raw, &raw mut list, &raw mut length);
            match usize::try_from(length) {
                Ok(length) if result == 0 && !list.is_null() => slice::from_raw_parts(list, length),
                _ => &[],
            }
        };
        let mut chain = Vec::new();
        // As in TLS 1.2 (RFC 5246 7.4.2), in TLS 1.3, too.
        while let [high, middle, low, rest @ ..] = list {
            let length = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
            let Some((certificate, behind)) = rest.split_at_checked(length) else { break };
            chain.push(certificate.to_vec());
            list = behind;
        }
        chain
    }

    pub(super) fn is_resumed(&self) -> bool {
        // SAFETY: a live connection, which is only read.
        unsafe { ffi::s2n_connection_is_session_resumed(self.raw.as_ptr()) == 1 }
    }

    /// The library has it in TLS 1.3 alone.
    pub(super) fn exporter(&self, label: &str) -> Option<[u8; 32]> {
        let mut material = [0; 32];
        let lengths = (u32::try_from(label.len()).ok()?, u32::try_from(material.len()).ok()?);
        // SAFETY: a live connection, which is only read, and slices of those lengths; the context is empty.
        let result = unsafe {
            let (raw, no_context) = (self.raw.as_ptr(), label.as_ptr());
            let out = material.as_mut_ptr();
            ffi::s2n_connection_tls_exporter(raw, label.as_ptr(), lengths.0, no_context, 0, out, lengths.1)
        };
        (result == 0).then_some(material)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: both are owned, and freed here alone: first the one that points to the other.
        unsafe {
            ffi::s2n_connection_free(self.raw.as_ptr());
            drop(Box::from_raw(self.queues.as_ptr()));
        }
    }
}

/// Who signed a client's certificate decides, not what name is in it.
unsafe extern "C" fn any_name(_: *const c_char, _: usize, _: *mut c_void) -> u8 {
    1
}

/// The library reads from the peer. Never 0, which would mean that the peer is gone.
unsafe extern "C" fn take(context: *mut c_void, buffer: *mut u8, length: u32) -> c_int {
    // SAFETY: the context is the connection's queues, which nobody borrows during a call of the library.
    let incoming = unsafe { &mut (*context.cast::<Queues>()).incoming };
    let (front, _) = incoming.as_slices();
    let taken = front.len().min(usize::try_from(length).unwrap_or(0));
    let read = c_int::try_from(taken).unwrap_or(0);
    if read == 0 {
        errno::set_errno(errno::Errno(rustix::io::Errno::WOULDBLOCK.raw_os_error()));
        return -1;
    }
    // SAFETY: the buffer is the library's and at least that long; the queue is ours, so the two are apart.
    unsafe { ptr::copy_nonoverlapping(front.as_ptr(), buffer, taken) };
    incoming.drain(..taken);
    read
}

/// The library writes to the peer. The queue takes everything.
unsafe extern "C" fn give(context: *mut c_void, bytes: *const u8, length: u32) -> c_int {
    let Ok(written) = c_int::try_from(length) else { return -1 };
    // SAFETY: the context is the connection's queues, which nobody borrows during a call of the library; the bytes
    // are the library's, of that length.
    unsafe {
        let bytes = slice::from_raw_parts(bytes, usize::try_from(length).unwrap_or(0));
        (*context.cast::<Queues>()).outgoing.extend_from_slice(bytes);
    }
    written
}
