//! A capture for Wireshark: a packet for each message, at the nanosecond of simulated time at which it was handed to the network.
//!
//! The addresses are made up: node 0 is 10.0.0.1, and a table of names says who is who. What the message says, as text, is the payload
//! of a UDP packet from port 49200 to 49200 (between nodes of a service), 49201 (requests) or 49202 (answers). A packet that did not
//! arrive has a comment that says what became of it, and so has a copy that the network made.
//!
//! Written by hand after draft-ietf-opsawg-pcapng: it is four kinds of blocks, of which each ends with its length again.

use super::loss;
use sim_core::{
    protocol::NodeId,
    run::Run,
    trace::{Kind, Packet, Trace},
};
use std::io;

/// Blocks: section header, interface, names, packet.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const NAMES: u32 = 4;
const PACKET: u32 = 6;
/// Options: the end of them, a comment, and of an interface the resolution of its clock.
const END: u16 = 0;
const COMMENT: u16 = 1;
const RESOLUTION: u16 = 9;
/// Packets begin with an IPv4 header.
const IPV4: u16 = 228;
/// So much of a text goes into a packet, whose length has 16 bits.
const TEXT_MAX: usize = 60_000;

pub(super) fn write(run: &Run, trace: &Trace, to: &mut dyn io::Write) -> io::Result<usize> {
    let mut section = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
    section.extend([1, 0, 0, 0]);
    section.extend(u64::MAX.to_le_bytes());
    block(to, SECTION, &section)?;
    let mut interface = [IPV4.to_le_bytes(), [0; 2]].concat();
    interface.extend(0_u32.to_le_bytes());
    // Ten to the minus ninth of a second.
    option(&mut interface, RESOLUTION, &[9]);
    option(&mut interface, END, &[]);
    block(to, INTERFACE, &interface)?;
    block(to, NAMES, &names(run))?;
    let mut order: Vec<_> = trace.packets().map(|packet| (packet.sent, packet.id)).collect();
    order.sort();
    for (_, id) in &order {
        block(to, PACKET, &captured(&trace.packet(*id)))?;
    }
    Ok(order.len())
}

fn block(to: &mut dyn io::Write, kind: u32, body: &[u8]) -> io::Result<()> {
    let length = (body.len() as u32 + 12).to_le_bytes();
    to.write_all(&kind.to_le_bytes())?;
    to.write_all(&length)?;
    to.write_all(body)?;
    to.write_all(&length)
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    padded(body, value);
}

/// Values begin at multiples of four bytes.
fn padded(body: &mut Vec<u8>, value: &[u8]) {
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// The address of every node.
fn names(run: &Run) -> Vec<u8> {
    let mut body = Vec::new();
    for node in run.services.iter().flat_map(|service| service.ids()) {
        let record = [&address(node), run.name(node).as_bytes(), &[0]].concat();
        option(&mut body, 1, &record);
    }
    option(&mut body, END, &[]);
    body
}

fn address(node: NodeId) -> [u8; 4] {
    let [_, a, b, c] = (node.0 + 1).to_be_bytes();
    [10, a, b, c]
}

fn captured(packet: &Packet<'_>) -> Vec<u8> {
    let data = datagram(packet);
    let (at, length) = (packet.sent.0, data.len() as u32);
    let mut body = Vec::with_capacity(data.len() + 64);
    for word in [0, (at >> 32) as u32, at as u32, length, length] {
        body.extend(word.to_le_bytes());
    }
    padded(&mut body, &data);
    let copy = packet.copy_of.map(|_| "a copy that the network made");
    let remarks: Vec<&str> = copy.into_iter().chain(loss(packet)).collect();
    if !remarks.is_empty() {
        option(&mut body, COMMENT, remarks.join("; ").as_bytes());
        option(&mut body, END, &[]);
    }
    body
}

/// An IPv4 packet with a UDP packet in it, whose checksum of zero means that it has none.
fn datagram(packet: &Packet<'_>) -> Vec<u8> {
    let text = &packet.text.as_bytes()[..packet.text.len().min(TEXT_MAX)];
    let port: u16 = match packet.kind {
        Kind::Request => 49_201,
        Kind::Response => 49_202,
        Kind::Deliver | Kind::Boot | Kind::Crash | Kind::Pause | Kind::Resume | Kind::Timeout => 49_200,
    };
    let [total, inner] = [28, 8].map(|header| (text.len() as u16 + header).to_be_bytes());
    let mut header = [[0x45, 0], total, [0; 2], [0; 2], [64, 17], [0; 2]].concat();
    header.extend(address(packet.from));
    header.extend(address(packet.to));
    let sum = checksum(&header).to_be_bytes();
    header[10..12].copy_from_slice(&sum);
    [
        header,
        49_200_u16.to_be_bytes().into(),
        port.to_be_bytes().into(),
        inner.into(),
        vec![0, 0],
        text.into(),
    ]
    .concat()
}

/// The sum of RFC 1071.
fn checksum(header: &[u8]) -> u16 {
    let sum: u32 = header.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}
