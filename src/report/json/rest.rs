//! Connections, findings and ends as lines: with short connections there are as many of them as of messages.

use std::net::IpAddr;

use super::{CONNECTION, END, FINDING, finish};
use crate::event::{Closing, Connection, Event, How, Totals};
use crate::http::upgrade::{Handshake, Headers};
use crate::item::{At, Dir, End};
use crate::observe::{Buffer, Outbox};
use crate::packet::segment::Endpoint;
use crate::report::convert::tcp_end;
use crate::report::handshake::{self, words};
use crate::report::line::{Clock, Line};
use crate::report::output::Span;
use crate::report::serial::string;
use crate::rules::Finding;

/// Writes the lines of one observer.
pub(super) struct Rest<'a> {
    pub(super) number: Option<u32>,
    pub(super) clock: &'a mut Clock,
    pub(super) out: &'a mut Outbox<Span>,
}

impl Rest<'_> {
    /// Of messages and frames nothing is written.
    pub(super) fn write(mut self, conn: &Connection, event: Event<'_>, reveal: bool) {
        let start = self.out.bytes.len();
        let head = match event {
            Event::Opened => {
                self.connection(conn, reveal);
                CONNECTION.len()
            }
            Event::Finding(finding) => {
                self.finding(finding);
                FINDING.len()
            }
            Event::Closed(closing) => {
                self.end(closing);
                END.len()
            }
            Event::Frame(_) | Event::Message(_) | Event::Reaction(_) => return,
        };
        finish(self.number, start, head, self.out);
    }

    fn connection(&mut self, conn: &Connection, reveal: bool) {
        let (clock, out) = (&mut *self.clock, &mut self.out.bytes);
        Line::append(out, |line| {
            line.put(CONNECTION);
            if let Some(number) = self.number {
                line.number(number.into());
            }
            line.put(b",\"time\":\"");
            line.time(conn.opened.time, clock);
            line.put(b"\",\"packet\":");
            line.number(conn.opened.packet);
            line.put(b",\"client\":");
            endpoint(conn.client, line);
            line.put(b",\"server\":");
            endpoint(conn.server, line);
            line.put(b",\"transport\":\"");
            line.put_slice(conn.transport.name().as_bytes());
            line.put(b"\"");
        });
        if let Some(shake) = conn.handshake.as_deref() {
            if let Some(url) = handshake::url(shake, reveal) {
                out.extend_from_slice(b",\"url\":");
                string(&url, out);
            }
            if let Some(subprotocol) = shake.subprotocol() {
                out.extend_from_slice(b",\"subprotocol\":");
                string(&subprotocol, out);
            }
            let extensions = shake.extensions();
            for (n, extension) in extensions.iter().enumerate() {
                out.extend_from_slice(if n == 0 { b",\"extensions\":[" } else { b"," });
                string(extension, out);
            }
            if !extensions.is_empty() {
                out.push(b']');
            }
            heads(shake, reveal, out);
        }
        out.extend_from_slice(b"}\n");
    }

    fn finding(&mut self, finding: &Finding) {
        let (clock, out) = (&mut *self.clock, &mut self.out.bytes);
        Line::append(out, |line| {
            line.put(FINDING);
            if let Some(number) = self.number {
                line.number(number.into());
            }
            if let Some(dir) = finding.dir {
                line.put(b",\"dir\":\"");
                line.put_slice(dir.name().as_bytes());
                line.put(b"\"");
            }
            line.put(b",\"code\":\"");
            line.put_slice(finding.rule.code.as_bytes());
            line.put(b"\",\"name\":\"");
            line.put_slice(finding.rule.name.as_bytes());
            line.put(b"\",\"level\":\"");
            line.put_slice(finding.rule.level.name().as_bytes());
            line.put(b"\"");
            if let Some(At { packet, time }) = finding.at {
                line.put(b",\"time\":\"");
                line.time(time, clock);
                line.put(b"\",\"packet\":");
                line.number(packet);
            }
            for (key, number) in [
                (&b",\"frame\":"[..], finding.frame),
                (b",\"message\":", finding.message),
                (b",\"offset\":", finding.offset),
                (b",\"more\":", Some(finding.more).filter(|more| *more > 0)),
            ] {
                if let Some(number) = number {
                    line.put_slice(key);
                    line.number(number);
                }
            }
            line.put(b",\"text\":");
        });
        string(&finding.text, out);
        out.extend_from_slice(b",\"source\":");
        string(finding.rule.source, out);
        out.extend_from_slice(b"}\n");
    }

    fn end(&mut self, closing: &Closing) {
        let (clock, out) = (&mut *self.clock, &mut self.out.bytes);
        Line::append(out, |line| {
            line.put(END);
            if let Some(number) = self.number {
                line.number(number.into());
            }
            line.put(b",\"time\":\"");
            line.time(closing.at.time, clock);
            line.put(b"\",\"packet\":");
            line.number(closing.at.packet);
            if let Some(how) = closing.how.map(How::name) {
                line.put(b",\"how\":\"");
                line.put_slice(how.as_bytes());
                line.put(b"\"");
            }
        });
        for dir in Dir::BOTH {
            half(closing, dir, out);
        }
        Line::append(out, |line| {
            line.put(b",\"totals\":{\"c2s\":");
            totals(&closing.totals[0], line);
            line.put(b",\"s2c\":");
            totals(&closing.totals[1], line);
            line.put(b"}}\n");
        });
    }
}

fn endpoint(endpoint: Endpoint, line: &mut Line<'_>) {
    line.put(b"{\"ip\":\"");
    match endpoint.ip() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            line.number(a.into());
            for octet in [b, c, d] {
                line.put(b".");
                line.number(octet.into());
            }
        }
        IpAddr::V6(ip) => line.put_slice(ip.to_string().as_bytes()),
    }
    line.put(b"\",\"port\":");
    line.number(endpoint.port().into());
    line.put(b"}");
}

/// The opening handshake, where a part of it was captured.
fn heads(shake: &Handshake, reveal: bool, out: &mut Buffer) {
    let (request, response) = (shake.request.as_ref(), shake.response.as_ref());
    let Some(first) = request.map(|head| head.first).or(response.map(|head| head.first)) else { return };
    let last = response.map(|head| head.last).or(request.map(|head| head.last)).unwrap_or_default();
    Line::append(out, |line| {
        line.put(b",\"handshake\":{\"packet\":[");
        line.number(first.packet);
        line.put(b",");
        line.number(last.packet);
        line.put(b"]");
    });
    if let Some(request) = request {
        out.extend_from_slice(b",\"request\":{\"method\":");
        string(&words(request.method()), out);
        out.extend_from_slice(b",\"target\":");
        string(&handshake::target(request, reveal), out);
        fields(request.version(), request.headers(), out);
    }
    if let Some(response) = response {
        Line::append(out, |line| {
            line.put(b",\"response\":{\"status\":");
            line.number(response.status.into());
            line.put(b",\"reason\":");
        });
        string(&words(response.reason()), out);
        fields(response.version(), response.headers(), out);
    }
    if let Some(accept) = handshake::accept(shake) {
        let mut begin: &[u8] = b",\"accept\":{";
        for (key, value) in [
            (&b"\"key\":"[..], &accept.key),
            (b"\"expected\":", &accept.expected),
            (b"\"actual\":", &accept.actual),
        ] {
            if let Some(value) = value {
                out.extend_from_slice(begin);
                out.extend_from_slice(key);
                string(value, out);
                begin = b",";
            }
        }
        out.extend_from_slice(begin);
        out.extend_from_slice(if accept.valid { b"\"valid\":true}" } else { b"\"valid\":false}" });
    }
    out.push(b'}');
}

/// The version and the header fields of a head, and its end.
fn fields(version: &[u8], headers: Headers<'_>, out: &mut Buffer) {
    out.extend_from_slice(b",\"version\":");
    string(&words(version), out);
    out.extend_from_slice(b",\"headers\":[");
    for (n, header) in headers.iter().enumerate() {
        out.extend_from_slice(if n == 0 { b"[" } else { b",[" });
        string(&words(header.name), out);
        out.push(b',');
        string(&words(header.value), out);
        out.push(b']');
    }
    out.extend_from_slice(b"]}");
}

/// How one direction ended.
fn half(closing: &Closing, dir: Dir, out: &mut Buffer) {
    let close = closing.close[dir.index()].as_ref();
    let tcp = closing.tcp[dir.index()].map(|end: End| tcp_end(end));
    Line::append(out, |line| {
        line.put(if dir == Dir::C2s { b",\"c2s\":{" } else { b",\"s2c\":{" });
        if let Some(close) = close {
            line.put(b"\"close\":{");
            if let Some(code) = close.code {
                line.put(b"\"code\":");
                line.number(code.into());
            }
        }
    });
    if let Some(close) = close {
        if !close.reason.is_empty() {
            out.extend_from_slice(if close.code.is_some() { b",\"reason\":" } else { b"\"reason\":" });
            string(&close.reason, out);
        }
        out.push(b'}');
    }
    if let Some(tcp) = tcp {
        out.extend_from_slice(if close.is_some() { b",\"tcp\":\"" } else { b"\"tcp\":\"" });
        out.extend_from_slice(tcp.as_bytes());
        out.push(b'"');
    }
    out.push(b'}');
}

fn totals(totals: &Totals, line: &mut Line<'_>) {
    line.put(b"{\"frames\":");
    line.number(totals.frames);
    line.put(b",\"messages\":");
    line.number(totals.messages);
    line.put(b",\"bytes\":");
    line.number(totals.bytes);
    line.put(b",\"payload\":");
    line.number(totals.payload);
    line.put(b"}");
}
