//! A client's end of TLS, by rustls.

use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// TLS with `localhost`, which has this certificate.
pub(crate) fn client(
    certificate: &CertificateDer<'static>,
    socket: TcpStream,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(versions.with_root_certificates(roots).with_no_client_auth());
    StreamOwned::new(ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap(), socket)
}
