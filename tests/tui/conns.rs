//! The list of connections.

use super::{open, pictures};

#[test]
fn pictures_of_connections() {
    pictures("conns", &mut open("chat-node-ws.pcapng"));
}
