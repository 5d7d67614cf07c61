//! From `--client` and `-- COMMAND` to clients.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::client::{Adapter, Detected, detect, placeholder};
use crate::engine::Backend;
use crate::registry::{ranked, shortened};
use crate::run::catalogue::Catalogue;
use crate::run::client::Client;

use super::exit::Exit;

/// How many names an error suggests.
const SUGGESTIONS: usize = 3;

/// Every in-process client and adapter, looked for at the same time.
pub struct Found {
    pub adapters: Vec<(Adapter, Vec<Detected>)>,
}

impl Found {
    pub async fn look(adapters: &[Adapter]) -> Self {
        let mut searches = JoinSet::new();
        for (i, adapter) in adapters.iter().cloned().enumerate() {
            searches.spawn(async move {
                let detected = detect(&adapter).await;
                (i, adapter, detected)
            });
        }
        let mut found: Vec<(usize, Adapter, Vec<Detected>)> = Vec::new();
        while let Some(done) = searches.join_next().await {
            found.extend(done);
        }
        found.sort_by_key(|(i, ..)| *i);
        Self { adapters: found.into_iter().map(|(_, adapter, detected)| (adapter, detected)).collect() }
    }

    /// The names of what was found, in-process rustls first.
    pub fn names(&self) -> Vec<String> {
        let installed =
            self.adapters.iter().flat_map(|(_, detected)| detected.iter().map(|d| d.name.clone()));
        std::iter::once("rustls".to_owned()).chain(installed).collect()
    }
}

/// The backends and files that clients are made from.
pub struct Makers {
    pub rustls: Arc<dyn Backend>,
    pub openssl: Arc<dyn Backend>,
    pub ca: Arc<Vec<u8>>,
    pub adapter_folder: PathBuf,
}

impl Makers {
    /// All that `survey` takes: rustls, everything found, and what is missing.
    pub fn all(&self, found: &Found) -> Vec<Client> {
        let mut clients = vec![Client::rustls(Arc::clone(&self.rustls), Arc::clone(&self.ca))];
        for (adapter, detected) in &found.adapters {
            clients.extend(
                detected.iter().map(|d| Client::adapted(adapter, d, &self.adapter_folder, Vec::new())),
            );
        }
        for (adapter, _) in found.adapters.iter().filter(|(_, detected)| detected.is_empty()) {
            clients.push(Client::not_installed(adapter));
        }
        clients
    }

    /// One `--client`: an in-process client, a known adapter, or an adapter file.
    pub async fn named(&self, name: &str, catalogue: &Catalogue) -> Result<Client, Exit> {
        match name {
            "rustls" => return Ok(Client::rustls(Arc::clone(&self.rustls), Arc::clone(&self.ca))),
            "openssl" => return Ok(Client::canary(Arc::clone(&self.openssl))),
            _ => {}
        }
        let (adapter, folder) = if Path::new(name).extension().is_some_and(|e| e == "toml") {
            let text =
                fs::read_to_string(name).map_err(|e| Exit::usage(format!("cannot read {name}: {e}")))?;
            let adapter = Adapter::parse(name, &text).map_err(|e| Exit::usage(e.to_string()))?;
            let folder = fs::canonicalize(
                Path::new(name).parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")),
            );
            (adapter, folder.map_err(|e| Exit::usage(format!("{name}: {e}")))?)
        } else {
            let own = name.split(':').next().unwrap_or(name);
            let adapter = catalogue.adapters.iter().find(|a| a.name == own).cloned();
            (adapter.ok_or_else(|| unknown(name, catalogue))?, self.adapter_folder.clone())
        };
        let detected = detect(&adapter).await;
        let wanted = if name.contains(':') { name } else { adapter.name.as_str() };
        let found = detected.iter().find(|d| d.name == wanted);
        let found = found.ok_or_else(|| {
            let others: Vec<&str> = detected.iter().map(|d| d.name.as_str()).collect();
            let hint = if others.is_empty() {
                adapter.install.clone()
            } else {
                format!("found: {}", others.join(", "))
            };
            Exit::usage(format!("{name} is not installed; {hint}"))
        })?;
        Ok(Client::adapted(&adapter, found, &folder, Vec::new()))
    }
}

fn unknown(name: &str, catalogue: &Catalogue) -> Exit {
    let mut known: Vec<&str> = ["rustls", "openssl"].into_iter().collect();
    known.extend(catalogue.adapters.iter().map(|a| a.name.as_str()));
    let near = nearest(name, &known);
    let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
    Exit::usage(format!(
        "unknown client {:?}{hint}\nknown: {}\nor an adapter file of yours: ./my.toml",
        shortened(name),
        known.join(", ")
    ))
}

/// The names that are near enough to be meant.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let mut near = ranked(name, known.iter().map(|k| (*k, *k)));
    near.retain(|(distance, k)| *distance <= 1 + k.len() / 3);
    near.into_iter().take(SUGGESTIONS).map(|(_, k)| k).collect()
}

/// `-- COMMAND ...`.
pub fn command(words: &[String]) -> Result<Client, Exit> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Exit::usage("no command behind --"));
    };
    placeholder::check(arguments, &placeholder::USER).map_err(|e| Exit::usage(e.to_string()))?;
    let path = detect::on_path(program)
        .ok_or_else(|| Exit::usage(format!("{program} is not an executable on PATH")))?;
    Ok(Client::command(path, arguments.to_vec()))
}
