//! Certificates, keys, and the log of secrets.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How `wss://` is spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// A certificate chain and its key, in PEM files; without them, a certificate is made that nobody vouches for.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The secrets of each connection are appended here, as `SSLKEYLOGFILE` has them.
    pub key_log: Option<PathBuf>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("cannot {verb} {}: {source}", path.display())]
    File {
        /// Read or write.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds no certificate, or no key.
    #[error("{} holds no {what} in PEM form{detail}", path.display())]
    Pem {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with what it holds, if anything.
        detail: String,
    },
    /// The certificate and the key do not do.
    #[error("the certificate cannot be used: {0}")]
    Unusable(String),
}

/// The secrets that were logged and not yet taken, and the file that they go to.
#[derive(Default)]
pub(super) struct Secrets {
    file: Option<Mutex<File>>,
    /// Only where somebody takes them.
    pending: Option<Mutex<Vec<u8>>>,
}

impl Tls {
    /// What rustls needs, for a server at `address`. `take` = the secrets will be taken, too.
    pub(super) fn config(
        &self,
        address: SocketAddr,
        take: bool,
    ) -> Result<(Arc<ServerConfig>, Arc<Secrets>), TlsError> {
        let (chain, key) = match &self.certificate {
            Some((certificate, key)) => (chain(certificate)?, private_key(key)?),
            None => self_signed(address)?,
        };
        let file = self.key_log.as_deref().map(key_log).transpose()?;
        let secrets = Arc::new(Secrets { file, pending: take.then(Mutex::default) });
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| {
                TlsError::Unusable(match error {
                    rustls::Error::InconsistentKeys(_) => "the key belongs to another certificate".to_owned(),
                    error => error.to_string(),
                })
            });
        let mut config = config?;
        config.key_log = Arc::<Secrets>::clone(&secrets);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok((Arc::new(config), secrets))
    }
}

impl Secrets {
    /// For somebody who takes them.
    pub(super) fn to_be_taken() -> Self {
        Self { file: None, pending: Some(Mutex::default()) }
    }

    /// The lines that came since the last call.
    pub(super) fn take(&self) -> Vec<u8> {
        let pending =
            self.pending.as_ref().map(|pending| pending.lock().unwrap_or_else(PoisonError::into_inner));
        pending.map(|mut pending| std::mem::take(&mut *pending)).unwrap_or_default()
    }
}

impl fmt::Debug for Secrets {
    /// None of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl rustls::KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = format!("{label} ");
        for (bytes, end) in [(client_random, ' '), (secret, '\n')] {
            line.extend(bytes.iter().map(|byte| format!("{byte:02x}")));
            line.push(end);
        }
        if let Some(pending) = &self.pending {
            pending.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(line.as_bytes());
        }
        if let Some(file) = &self.file {
            // A connection is worth more than a line of the log.
            let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
    }
}

fn key_log(path: &Path) -> Result<Mutex<File>, TlsError> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    // Who reads it reads the traffic.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path);
    file.map(Mutex::new).map_err(|source| TlsError::File { verb: "write", path: path.to_owned(), source })
}

pub(super) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match found {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(no_pem("certificate", path, None)),
        Err(error) => Err(no_pem("certificate", path, Some(error))),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| no_pem("private key", path, Some(error)))
}

fn no_pem(what: &'static str, path: &Path, error: Option<pem::Error>) -> TlsError {
    let path = path.to_owned();
    match error {
        Some(pem::Error::Io(source)) => TlsError::File { verb: "read", path, source },
        None | Some(pem::Error::NoItemsFound) => TlsError::Pem { what, path, detail: String::new() },
        Some(error) => TlsError::Pem { what, path, detail: format!(" ({error})") },
    }
}

/// A certificate for this machine's own names and the address.
fn self_signed(
    address: SocketAddr,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let ip: IpAddr = address.ip();
    if !ip.is_unspecified() && !names.contains(&ip.to_string()) {
        names.push(ip.to_string());
    }
    let made =
        rcgen::generate_simple_self_signed(names).map_err(|error| TlsError::Unusable(error.to_string()))?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der());
    Ok((vec![made.cert.der().clone()], key.map_err(|error| TlsError::Unusable(error.to_owned()))?))
}
