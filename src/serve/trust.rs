//! TLS as a client speaks it: whom it trusts.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, Connection, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::tls::{Secrets, TlsError, chain};

/// Which server is trusted, and why.
#[derive(Debug)]
pub struct Trust {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    secrets: Arc<Secrets>,
}

impl Trust {
    /// Trusts the server of this name (or IP address) by the certificates of a PEM file, or those of the system;
    /// `insecure` = by none at all: anybody may be in between.
    ///
    /// # Errors
    /// Where there are no such certificates, or the name is none.
    pub fn new(host: &str, ca: Option<&Path>, insecure: bool) -> Result<Self, TlsError> {
        let unusable = |why: String| TlsError::Unusable(why);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| unusable(format!("`{host}` is no name that one could be for")))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?;
        let mut config = if insecure {
            let anybody = Arc::new(Anybody(provider));
            builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth()
        } else {
            let mut roots = RootCertStore::empty();
            match ca {
                Some(path) => {
                    for certificate in chain(path)? {
                        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
                    }
                }
                None => {
                    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                }
            }
            if roots.is_empty() {
                return Err(unusable("this system has no certificates to trust; use --ca".to_owned()));
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        };
        let secrets = Arc::new(Secrets::to_be_taken());
        config.key_log = Arc::<Secrets>::clone(&secrets);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), name, secrets })
    }

    /// A connection that begins, and where its secrets come out.
    pub(super) fn connection(&self) -> io::Result<(Connection, Arc<Secrets>)> {
        let connection = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        Ok((connection.map_err(io::Error::other)?.into(), Arc::clone(&self.secrets)))
    }
}

/// Takes any certificate, though only from who has its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
