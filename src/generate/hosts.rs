//! Who talks to whom.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::kind::{Hosts, Kind};
use super::rng::Rng;
use crate::capture::synth::{Ends, Host};

/// The ends of the connection with this number, which no other has at the same time.
pub(super) fn ends(kind: Kind, hosts: Hosts, number: u32, rng: &mut Rng) -> Ends {
    match hosts {
        Hosts::Loopback => {
            let v6 = number % 4 == 3;
            // A machine has one address of its own in IPv6, and a whole network in IPv4.
            let (ip, port) = if v6 {
                (IpAddr::V6(Ipv6Addr::LOCALHOST), FIRST_PORT + (number % PORTS) as u16)
            } else {
                let host = Ipv4Addr::LOCALHOST.to_bits() + number / PORTS % (1 << 23);
                (IpAddr::V4(Ipv4Addr::from_bits(host)), FIRST_PORT + (number % PORTS) as u16)
            };
            let server = if v6 { ip } else { IpAddr::V4(Ipv4Addr::LOCALHOST) };
            let host = Host { mac: [0; 6], ip, port };
            Ends { client: host, server: Host { ip: server, port: 8_080, ..host }, vlan: None }
        }
        Hosts::Private => {
            let dirty = kind == Kind::Dirty;
            let v6 = dirty && number % 8 == 3;
            let server = (number % 4) as u16 + 1;
            // Some 64 connections from a client.
            let client = number / 64 + 2;
            let (client, server) = if v6 {
                let [high, low] = [(client >> 16) as u16, client as u16];
                (
                    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, high, low)),
                    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, server)),
                )
            } else {
                (
                    IpAddr::V4(Ipv4Addr::from_bits(
                        Ipv4Addr::new(10, 0, 0, 0).to_bits() + (client & 0xff_ffff),
                    )),
                    IpAddr::V4(Ipv4Addr::new(192, 168, 7, server as u8)),
                )
            };
            let port = FIRST_PORT + (number % 64) as u16 * 400 + rng.below(400) as u16;
            Ends {
                client: Host { mac: mac(client), ip: client, port },
                server: Host {
                    mac: mac(server),
                    ip: server,
                    port: if number.is_multiple_of(2) { 80 } else { 8_080 },
                },
                vlan: (dirty && number % 16 == 5).then_some(100),
            }
        }
    }
}

/// A locally administered Ethernet address.
fn mac(ip: IpAddr) -> [u8; 6] {
    let [a, b, c, d] = match ip {
        IpAddr::V4(ip) => ip.octets(),
        IpAddr::V6(ip) => (ip.to_bits() as u32).to_be_bytes(),
    };
    [2, 0, a, b, c, d]
}

/// What Linux gives clients, and how many are used.
const FIRST_PORT: u16 = 32_768;
const PORTS: u32 = 28_000;
