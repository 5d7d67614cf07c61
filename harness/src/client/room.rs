//! The clean room that a client runs in: a cleared environment with an allow list, fresh folders (design 1, rule 10).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::pki::{MintError, Pki, ca_p12, ca_pem};

/// What is kept of the user's environment. Everything else (CA bundles, proxies, OPENSSL_CONF, JAVA_TOOL_OPTIONS,
/// session caches below HOME) could change a verdict.
const KEPT: [&str; 2] = ["PATH", "LANG"];

/// The mark by which processes that left their group are found again.
pub(super) const CASE_MARK: &str = "SHAKEDOWN_CASE";

#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot make a temporary folder: {0}")]
    Folder(#[source] io::Error),
    #[error("cannot mint the CA files: {0}")]
    Mint(#[from] MintError),
}

/// The temporary folder of a run: CA files, extracted adapters, one folder per case. Removed at the end.
pub struct Room {
    root: TempDir,
    ca_pem: PathBuf,
    ca_p12: PathBuf,
    ca_der: Vec<u8>,
    /// Whether the trust store was written; most clients have no use for it.
    p12: OnceLock<bool>,
    inherit_env: bool,
}

impl Room {
    /// Writes the CA's PEM file. `inherit_env` keeps the user's environment (`--inherit-env`).
    pub fn new(pki: &Pki, inherit_env: bool) -> Result<Self, RoomError> {
        let root = tempfile::Builder::new().prefix("shakedown-").tempdir().map_err(RoomError::Folder)?;
        let pem_path = root.path().join("ca.pem");
        let p12_path = root.path().join("ca.p12");
        write(&pem_path, ca_pem(pki).as_bytes())?;
        let ca_der = pki.ca_der().to_vec();
        Ok(Self { root, ca_pem: pem_path, ca_p12: p12_path, ca_der, p12: OnceLock::new(), inherit_env })
    }

    /// Writes the embedded adapter files, so that workers can be started from them.
    pub fn extract_adapters<'a>(
        &self,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<PathBuf, RoomError> {
        let folder = self.root.path().join("adapters");
        make(&folder)?;
        for (name, text) in files {
            write(&folder.join(name), text.as_bytes())?;
        }
        Ok(folder)
    }

    /// Where everything of this room is; what is marked with a folder below belongs to it.
    pub(super) fn folder(&self) -> &Path {
        self.root.path()
    }

    /// A fresh folder for a case, with HOME and TMPDIR inside.
    pub fn case_folder(&self, index: u64) -> Result<PathBuf, RoomError> {
        let folder = self.root.path().join(format!("case-{index}"));
        for part in ["home", "tmp"] {
            make(&folder.join(part))?;
        }
        Ok(folder)
    }

    /// Removes a case's folder; what cannot be removed goes with the room.
    pub fn leave(&self, folder: &Path) {
        let _ = fs::remove_dir_all(folder);
    }

    pub fn address(&self, case: &str, port: u16, workdir: PathBuf) -> CaseAddress {
        CaseAddress {
            case: case.to_owned(),
            host: "localhost".to_owned(),
            port,
            url: format!("https://localhost:{port}/"),
            ca_pem: self.ca_pem.clone(),
            ca_p12: self.ca_p12.clone(),
            workdir,
        }
    }

    /// Writes the PKCS #12 trust store, once: making it costs milliseconds. `false` when it cannot be written.
    pub(super) fn write_p12(&self) -> bool {
        *self.p12.get_or_init(|| {
            ca_p12(&self.ca_der).ok().is_some_and(|bytes| write(&self.ca_p12, &bytes).is_ok())
        })
    }

    /// Whether clients get the user's environment.
    pub const fn inherits_env(&self) -> bool {
        self.inherit_env
    }

    /// The environment of a client whose folder is `workdir`.
    pub(super) fn environment(
        &self,
        workdir: &Path,
        mark: &str,
        extra: &BTreeMap<String, String>,
    ) -> BTreeMap<OsString, OsString> {
        let mut env = BTreeMap::new();
        if self.inherit_env {
            env.extend(std::env::vars_os());
        } else {
            for name in KEPT {
                if let Some(value) = std::env::var_os(name) {
                    env.insert(name.into(), value);
                }
            }
            let home = workdir.join("home");
            for (name, folder) in [
                ("HOME", home.clone()),
                ("XDG_CONFIG_HOME", home.join(".config")),
                ("XDG_CACHE_HOME", home.join(".cache")),
                ("XDG_DATA_HOME", home.join(".local/share")),
                ("XDG_STATE_HOME", home.join(".local/state")),
                ("XDG_RUNTIME_DIR", workdir.join("tmp")),
                ("TMPDIR", workdir.join("tmp")),
            ] {
                env.insert(name.into(), folder.into_os_string());
            }
            env.insert("NO_PROXY".into(), "*".into());
            env.insert("no_proxy".into(), "*".into());
        }
        env.extend(extra.iter().map(|(k, v)| (k.into(), v.into())));
        env.insert(CASE_MARK.into(), mark.into());
        env
    }
}

/// Where a client finds its case, and the files it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseAddress {
    pub case: String,
    pub host: String,
    pub port: u16,
    pub url: String,
    pub ca_pem: PathBuf,
    pub ca_p12: PathBuf,
    pub workdir: PathBuf,
}

impl CaseAddress {
    /// The values of the placeholders of a command line.
    pub fn values(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("host", self.host.clone()),
            ("port", self.port.to_string()),
            ("url", self.url.clone()),
            ("ca_pem", self.ca_pem.display().to_string()),
            ("ca_p12", self.ca_p12.display().to_string()),
            ("workdir", self.workdir.display().to_string()),
        ])
    }
}

fn make(folder: &Path) -> Result<(), RoomError> {
    fs::create_dir_all(folder).map_err(|source| RoomError::Write { path: folder.to_owned(), source })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), RoomError> {
    fs::write(path, bytes).map_err(|source| RoomError::Write { path: path.to_owned(), source })
}
