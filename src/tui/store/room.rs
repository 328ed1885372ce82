//! Making room: where a capture has no end, the oldest goes.
//!
//! First connections that have ended, in the order of their ends; those that somebody marked after all others. Where that is not
//! enough, the oldest messages of those that go on: what remains of these is the handshake and what came later.

use std::collections::HashSet;

use super::{Conn, Packets, Row, Store};

/// Messages by which those behind a gap are recognised.
const KNOWN: usize = 64;

/// What went to make room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Connections, with all that was of them.
    pub conns: u64,
    /// Messages, those of connections that stay too.
    pub messages: u64,
    /// Findings.
    pub findings: u64,
}

impl Store {
    /// From now on, the oldest may go.
    #[must_use]
    pub fn in_ring(mut self) -> Self {
        self.ring = Some(Box::default());
        self
    }

    /// What went so far.
    #[must_use]
    pub fn gone(&self) -> Gone {
        self.ring.as_ref().map_or(Gone::default(), |ring| ring.gone)
    }

    /// A connection of this number was there, and is gone.
    #[must_use]
    pub fn is_gone(&self, conn: u32) -> bool {
        self.conn(conn).is_none() && (1..=self.conns.len()).contains(&(conn as usize))
    }

    /// Bytes of rows and places in memory, and of the packets that they are of.
    pub(crate) fn taken(&self) -> (u64, u64) {
        self.ring.as_ref().map_or((0, 0), |ring| (ring.memory, ring.packets))
    }

    /// The number of the last packet of which all is known.
    pub(crate) fn decided(&self) -> u64 {
        self.ring.as_ref().map_or(0, |ring| ring.decided)
    }

    /// The places of all packets that are needed, by flow.
    pub(crate) fn needed(&self) -> Vec<Vec<u8>> {
        self.flows.values().map(super::Heaps::all).collect()
    }

    /// Lets the oldest go until what is left, rows, places and packets, has no more than so many bytes. Connections that are
    /// `marked` are the last of those that have ended. Returns the places of the packets that went.
    pub(crate) fn make_room(&mut self, left: u64, marked: &HashSet<u32>) -> Vec<Vec<u8>> {
        let Some(mut ring) = self.ring.take() else { return Vec::new() };
        let mut went = Vec::new();
        let mut taken = ring.memory + ring.packets;
        let mut going = HashSet::new();
        for of_marked in [false, true] {
            ring.closed.retain(|number| {
                if taken <= left || marked.contains(number) != of_marked {
                    return true;
                }
                taken = taken.saturating_sub(self.taken_by(*number));
                going.insert(*number);
                false
            });
        }
        if !going.is_empty() {
            self.let_conns_go(&going, &mut ring.gone, &mut went);
        }
        if taken > left {
            self.let_messages_go(taken - left, &mut ring.gone, &mut went);
        }
        ring.memory = self.bytes() as u64;
        ring.packets = self.flows.values().map(|heaps| heaps.packets).sum();
        self.ring = Some(ring);
        went
    }

    /// What a connection takes, about.
    fn taken_by(&self, number: u32) -> u64 {
        let Some(conn) = self.conn(number) else { return 0 };
        // Packets of a flow go with the last of its connections.
        let flow = self.flows.get(&conn.id.packet).filter(|heaps| heaps.conns <= 1);
        let packets = flow.map_or(0, |heaps| heaps.packets + heaps.bytes() as u64);
        let rows = conn.messages.count() * (size_of::<Row>() + super::PREVIEW / 2);
        packets + (rows + size_of::<Conn>() + conn.owned()) as u64
    }

    fn let_conns_go(&mut self, going: &HashSet<u32>, gone: &mut Gone, went: &mut Vec<Vec<u8>>) {
        let before = (self.conns.count(), self.messages.count(), self.findings.count());
        for number in going {
            let Some(flow) = self.conn(*number).map(|conn| conn.id.packet) else { continue };
            if let Some(heaps) = self.flows.get_mut(&flow) {
                heaps.conns = heaps.conns.saturating_sub(1);
                if heaps.conns == 0 {
                    went.extend(self.flows.remove(&flow).map(|heaps| heaps.all()));
                }
            }
        }
        self.conns.retain(|_, conn| !going.contains(&conn.number), |_, ()| {});
        let mut data = 0;
        let stays = |row: &Row| !going.contains(&row.conn);
        self.messages.retain(
            |_, row| {
                let stays = stays(row);
                data += u64::from(!stays && row.kind.is_data());
                stays
            },
            pack,
        );
        self.data -= data;
        let stays = |conn: Option<u32>| conn.is_none_or(|conn| !going.contains(&conn));
        self.findings.retain(|_, found| stays(found.conn), |_, ()| {});
        gone.conns += (before.0 - self.conns.count()) as u64;
        gone.messages += (before.1 - self.messages.count()) as u64;
        gone.findings += (before.2 - self.findings.count()) as u64;
        self.flows.shrink_to_fit();
    }

    /// Lets the oldest messages of connections that stay go until that frees so many bytes.
    fn let_messages_go(&mut self, bytes: u64, gone: &mut Gone, went: &mut Vec<Vec<u8>>) {
        let (mut freed, mut end) = (0, 0);
        // What packets take is shared among the messages by their bytes.
        let rows = |store: &Self| store.messages.iter().map(|row| row.wire_len + OVERHEAD).sum::<u64>();
        let packets: u64 = self.flows.values().map(|heaps| heaps.packets + heaps.bytes() as u64).sum();
        let all = rows(self).max(1);
        for (place, row) in self.messages.since(0) {
            if freed >= bytes {
                break;
            }
            let of_packets = u128::from(row.wire_len + OVERHEAD) * u128::from(packets) / u128::from(all);
            freed += of_packets as u64 + (size_of::<Row>() + usize::from(row.text_len)) as u64;
            end = place + 1;
        }
        let before = self.messages.count();
        let mut data = 0;
        self.messages.retain(
            |place, row| {
                let stays = place >= end;
                data += u64::from(!stays && row.kind.is_data());
                stays
            },
            pack,
        );
        self.data -= data;
        gone.messages += (before - self.messages.count()) as u64;
        let Self { conns, messages, flows, .. } = self;
        let there: Vec<usize> = conns.since(0).map(|(place, _)| place).collect();
        for place in there {
            let Some(conn) = conns.get_mut(place) else { continue };
            let first = conn.messages.iter().next().copied();
            if first.is_none_or(|first| first as usize >= end) {
                continue;
            }
            let head = *conn.head.get_or_insert(conn.first_packet);
            conn.messages.retain(|_, place| *place as usize >= end, |_, ()| {});
            let next = conn.messages.iter().next().and_then(|place| messages.get(*place as usize));
            let from = next.map_or(conn.last().packet, |row| row.first_packet);
            if let Some(heaps) = flows.get_mut(&conn.id.packet) {
                went.push(heaps.trim(head, from));
            }
        }
    }

    /// The first messages of a connection behind what is gone of it; `None` = nothing is.
    pub(super) fn behind(&self, conn: &Conn) -> Option<Box<[Row]>> {
        conn.head?;
        let places = conn.messages.iter().take(KNOWN);
        Some(places.filter_map(|place| self.messages.get(*place as usize).copied()).collect())
    }
}

/// What a message's packets have besides its payload, about.
const OVERHEAD: u64 = 150;

impl Packets {
    /// Something between the handshake and what is left is gone.
    pub(crate) const fn has_gap(&self) -> bool {
        self.behind.is_some()
    }
}

/// Previews without those of rows that are gone.
fn pack(rows: &mut [Row], shared: &mut String) {
    let before = std::mem::take(shared);
    for row in rows {
        let preview = row.preview(&before);
        let text = shared.len() as u32;
        shared.push_str(preview);
        row.text = text;
    }
    shared.shrink_to_fit();
}
