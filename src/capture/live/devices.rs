//! The interfaces that there are.

use std::net::IpAddr;

use super::OpenError;

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name, for [`Options::interfaces`](super::Options::interfaces).
    pub name: String,
    /// What it is, where the system tells.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Up, running and so on, in a few words each.
    pub state: Vec<&'static str>,
}

/// Lists the interfaces, those first that are most likely to be meant.
///
/// # Errors
/// Where the system does not tell.
#[cfg(libpcap)]
pub fn devices() -> Result<Vec<Device>, OpenError> {
    use libpcap::ConnectionStatus;

    let other = |error: libpcap::Error| OpenError::Other {
        name: "the interfaces cannot be listed".to_owned(),
        why: error.to_string(),
    };
    let device = |device: libpcap::Device| {
        let flags = &device.flags;
        let connection = match flags.connection_status {
            ConnectionStatus::Connected => Some("connected"),
            ConnectionStatus::Disconnected => Some("disconnected"),
            ConnectionStatus::Unknown | ConnectionStatus::NotApplicable => None,
        };
        let state = [
            Some(if flags.is_up() { "up" } else { "down" }),
            flags.is_running().then_some("running"),
            flags.is_loopback().then_some("loopback"),
            flags.is_wireless().then_some("wireless"),
            connection,
        ];
        Device {
            state: state.into_iter().flatten().collect(),
            addresses: device.addresses.iter().map(|address| address.addr).collect(),
            description: device.desc.filter(|text| !text.is_empty()),
            name: device.name,
        }
    };
    Ok(libpcap::Device::list().map_err(other)?.into_iter().map(device).collect())
}

/// Lists the interfaces, those first that are most likely to be meant.
///
/// # Errors
/// Always, without libpcap.
#[cfg(not(libpcap))]
pub fn devices() -> Result<Vec<Device>, OpenError> {
    Err(OpenError::NotBuilt)
}
