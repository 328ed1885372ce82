//! Figures.

use super::{TROUBLE, open, open_script, pictures};

#[test]
fn pictures_of_figures() {
    pictures("stats", open("chat-node-ws.pcapng").press("5"));
    pictures("stats_findings", open_script(TROUBLE).press("5"));
}
