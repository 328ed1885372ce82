#!/usr/bin/env python3
"""Compares what wscope and tshark see in captures: every WebSocket frame and every message, per TCP connection and direction.

    compare_tshark.py --wscope target/release/wscope CAPTURE...
    compare_tshark.py --ndjson export.ndjson CAPTURE

Neither is the truth: this prints where they differ, a person looks why. Differences that follow from a known fault of tshark are counted
apart (`--all` prints them too). Exit code: 0 nothing unexplained, 1 differences, 2 something could not be run.

Frames are compared by opcode, FIN, RSV, mask, masking key and payload length; messages by their unmasked, joined, inflated payload, as far
as tshark shows it. For TLS give tshark its keys with `--tshark-arg=-o --tshark-arg=tls.keylog_file:FILE`, wscope with `--wscope-arg`.
"""

import argparse
import base64
import collections
import difflib
import functools
import html
import json
import re
import subprocess
import sys
import tempfile

OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
TAG = re.compile(r'<(proto|field) name="([^"]*)"([^>]*)>')
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
LARGEST = 2**53 - 1  # what the export says of larger lengths: more is no exact number in JSON
LOUD = 12  # lines of detail for each direction, without --all


class Frame:
    """One frame of either tool. `payload` is what the tool shows at this frame, or None."""

    def __init__(self, packet, fin, rsv, opcode, masked, key, length):
        self.packet, self.fin, self.rsv, self.opcode = packet, fin, rsv, opcode
        self.masked, self.key, self.length = masked, key, min(length, LARGEST)
        self.payload = None
        self.whole = True  # False: `payload` is only this fragment

    def same(self):
        return (self.opcode, self.fin, self.rsv, self.masked, self.key, self.length)

    def __str__(self):
        kind = OPCODES.get(self.opcode, f"opcode {self.opcode}")
        bits = ("FIN" if self.fin else "   ") + (f" RSV{self.rsv:03b}" if self.rsv else "")
        return f"{kind:12} {bits:10} {self.length:>8} bytes, mask {self.key or 'no'}, packet {self.packet}"


def number(text):
    return int(text, 16) if text.startswith("0x") else int(text)


def truth(text):
    return text in ("1", "True", "true")


@functools.cache
def knows(tool, preference):
    done = subprocess.run([tool, "-G", "currentprefs"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")
    return preference + ":" in done.stdout


def tshark(capture, tool, ports, more):
    """The frames by (from, to, HTTP/2 stream), in tshark's order."""
    command = [tool, "-n", "-r", capture, "-2", "-o", "tcp.reassemble_out_of_order:TRUE"]
    if knows(tool, "websocket.max_unmasked_len"):  # newer tsharks: masked frames above 256 KiB
        command += ["-o", "websocket.max_unmasked_len:1073741824"]
    for port in sorted(ports):
        command += ["-d", f"tcp.port=={port},http"]
    command += [*more, "-Y", "websocket", "-T", "pdml", "-J", "ip ipv6 tcp http2 websocket data"]
    flows = collections.defaultdict(list)
    complaints = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True, encoding="utf-8", errors="replace")
    packet = []
    for line in process.stdout:
        if line.startswith("<packet>"):
            packet = []
        elif line.startswith("</packet>"):
            one_packet("".join(packet), flows)
        else:
            packet.append(line)
    if process.wait():
        complaints.seek(0)
        text = [line for line in complaints.read().splitlines() if "Running as user" not in line]
        if not any("cut short" in line for line in text):
            raise SystemExit(f"compare_tshark: {' '.join(command)}: exit code {process.returncode}\n" + "\n".join(text))
    return flows


def one_packet(text, flows):
    at = {}
    stream = None
    frame = None
    counter = None
    proto = ""
    for kind, name, rest in TAG.findall(text):
        if kind == "proto":
            proto = name
            if name == "websocket":
                frame = None
            continue
        value = dict(ATTRIBUTE.findall(rest))
        show, raw = html.unescape(value.get("show", "")), value.get("value", "")
        if name == "num":
            counter = int(show)
        elif name in ("ip.src", "ipv6.src", "ip.dst", "ipv6.dst"):
            at[name[-3:]] = show
        elif name in ("tcp.srcport", "tcp.dstport"):
            at[name[4:]] = int(show)
        elif name == "http2.streamid":
            stream = int(show)
        elif name == "websocket.fin":
            frame = Frame(counter, truth(show), 0, 0, False, "", 0)
            flows[(at.get("src"), at.get("srcport")), (at.get("dst"), at.get("dstport")), stream].append(frame)
        elif frame is None:
            continue
        elif name == "websocket.rsv":
            frame.rsv = number(show)
        elif name == "websocket.opcode":
            frame.opcode = number(show)
        elif name == "websocket.mask":
            frame.masked = truth(show)
        elif name in ("websocket.payload_length", "websocket.payload_length_ext_16", "websocket.payload_length_ext_64"):
            frame.length = min(number(show), LARGEST)
        elif name == "websocket.masking_key":
            frame.key = raw
        elif re.fullmatch(r"[0-9a-fA-F]+", raw) and len(raw) % 2 == 0:
            data = bytes.fromhex(raw)
            if name in ("websocket.payload.text", "websocket.payload.ping", "websocket.payload.pong", "websocket.payload.binary",
                        "websocket.payload.close.status_code"):
                frame.payload = data
            elif name == "websocket.payload.text_mask":
                continue
            elif name == "websocket.payload.close.reason":
                frame.payload = (frame.payload or b"") + data
            elif name == "websocket.payload.continue":
                frame.payload, frame.whole = data, False
            elif name in ("data", "data.data") and frame.payload is None and proto != "websocket":
                frame.payload = data


def wscope_records(capture, args):
    if args.ndjson:
        with open(args.ndjson, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.strip()]
    command = [args.wscope, "export", *args.wscope_arg, "--records", "connection,frame,message", capture]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode not in (0, 1):
        raise SystemExit(f"compare_tshark: {' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


class Flow:
    """One direction of a TCP connection (or of an HTTP/2 stream), as wscope sees it."""

    def __init__(self):
        self.frames, self.names, self.messages = [], [], []
        self.transport, self.accepted, self.cut = "none", 0, False


def wscope(records):
    flows, ends, about, place, ports = collections.OrderedDict(), {}, {}, {}, set()
    for record in records:
        if record["type"] == "connection":
            client = (record["client"]["ip"], record["client"]["port"])
            server = (record["server"]["ip"], record["server"]["port"])
            stream = record.get("stream")
            about[record["conn"]] = (record.get("transport", "none"), record.get("handshake", {}).get("packet", [0])[-1])
            ends[record["conn"]] = {"c2s": (client, server, stream), "s2c": (server, client, stream)}
            if record.get("transport") == "http/1.1" and "tls" not in record:
                ports.add(server[1])
        elif record["type"] == "frame":
            flow = flows.setdefault(ends[record["conn"]][record["dir"]], Flow())
            flow.transport, flow.accepted = about[record["conn"]]
            flow.cut |= record.get("seen", record["len"]) < record["len"]
            place[record["conn"], record["n"]] = len(flow.frames)
            flow.frames.append(Frame(record["packet"], record["fin"], record["rsv"], record["opcode"], record["masked"],
                                     record.get("mask", ""), record["len"]))
            flow.names.append(f"{record['conn']}.f{record['n']}")
        elif record["type"] == "message":
            flow = flows.setdefault(ends[record["conn"]][record["dir"]], Flow())
            flow.messages.append(record)
    for flow in flows.values():
        for message in flow.messages:
            message["last"] = last_frame(flow, message, place)
    return flows, ports


def last_frame(flow, message, place):
    """The index of the frame in which a message ends: from its first frame over its continuations."""
    at = place.get((message["conn"], message.get("first_frame")))
    if at is None:
        return None
    left = message.get("frames", 1)
    while left > 1 and at + 1 < len(flow.frames):
        at += 1
        if flow.frames[at].opcode == 0:
            left -= 1
    return at if left <= 1 else None


def payload_of(message):
    if "text" in message:
        return message["text"].encode("utf-8", "surrogatepass")
    if "base64" in message:
        return base64.b64decode(message["base64"])
    if message["kind"] == "close" and "code" in message:
        return message["code"].to_bytes(2, "big") + message.get("reason", "").encode()
    return b"" if message.get("len") == 0 else None


def excuse(ends, flow, other, message, theirs):
    """A fault of tshark that explains why it shows another payload for this message, or None."""
    last = flow.frames[message["last"]]
    if message.get("frames", 1) > 1 and last.length == 0:
        return "an empty final fragment does not end the message in tshark"
    if message.get("compressed") and message.get("frames", 1) > 1 and theirs is not None:
        if abs(len(theirs) - message["wire_len"]) <= 8:
            return "tshark joins the fragments of a compressed message, and does not inflate it"
    if message.get("frames", 1) > 1 and message["packet"][0] == message["packet"][-1] and theirs is None:
        return "tshark does not join fragments that come in one packet"
    if message["kind"] == "close" and message["wire_len"] == 1 and theirs is None:
        return "tshark does not show a Close of one byte"
    fragmented = any(not frame.fin or frame.opcode == 0 for frame in flow.frames)
    if fragmented and message["kind"] in ("text", "binary") and ends[0][0] == ends[1][0] and last.opcode == 0:
        return "tshark joins the fragments of both directions on loopback"
    if any(frame.opcode == 0 and frame.fin and frame.length == 0 for frame in flow.frames[: message["last"]]):
        return "after an empty final fragment tshark joins messages wrongly, and its inflater is out of step"
    if last.masked and last.length > 262144 and theirs is None:
        return "tshark shows no masked frame above 256 KiB"
    if message.get("compressed") and theirs is None:
        return "tshark did not inflate it"
    if message.get("compressed") and theirs == b"\0" and message["len"] == 0:
        return "tshark shows the one byte of an empty compressed message"
    if message.get("compressed") and message.get("frames", 1) > 1:
        raw = abs(len(theirs) - message["wire_len"]) <= 8 if message["kind"] == "binary" else not is_text(theirs)
        if raw:
            return "tshark did not inflate a message in fragments"
    if last.masked and len(theirs or b"") == 262144 < last.length:
        return "tshark cuts masked frames at 256 KiB"
    return None


def is_text(data):
    try:
        data.decode()
        return True
    except UnicodeDecodeError:
        return False


def shorten(data):
    if data is None:
        return "nothing"
    try:
        text = data.decode()
        shown = text if text.isprintable() else repr(text)[1:-1]
    except UnicodeDecodeError:
        shown = data.hex(" ")
    return f"{len(data)} bytes: " + (shown if len(shown) <= 70 else shown[:67] + "...")


class Report:
    def __init__(self, all_):
        self.all, self.differences, self.known = all_, 0, collections.Counter()
        self.lines = []

    def head(self, text):
        self.lines.append(text)
        self.room = LOUD

    def line(self, text):
        self.differences += 1
        if self.all or self.room > 0:
            self.lines.append("    " + text)
        elif self.room == 0:
            self.lines.append("    ... (--all prints the rest)")
        self.room -= 1

    def note(self, why, text):
        self.known[why] += 1
        self.lines.append(f"    {text}")

    def excused(self, why, text):
        self.known[why] += 1
        if self.all:
            self.lines.append(f"    [{why}] {text}")


def name(ends):
    (a, ap), (b, bp), stream = ends
    return f"{a}:{ap} -> {b}:{bp}" + (f" stream {stream}" if stream is not None else "")


def align(ours, theirs):
    """Pairs of indices of equal frames, and the stretches where they differ."""
    a, b = [f.same() for f in ours], [f.same() for f in theirs]
    if a == b:
        return [(i, i) for i in range(len(a))], []
    pairs, changes = [], []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs += zip(range(i1, i2), range(j1, j2))
        else:
            changes.append((i1, i2, j1, j2))
    return pairs, changes


def compare(capture, args):
    records = wscope_records(capture, args)
    ours, ports = wscope(records)
    theirs = tshark(capture, args.tshark, ports | set(args.port), args.tshark_arg)
    report = Report(args.all)
    frames = messages = checked = 0
    for ends in [*ours, *(e for e in theirs if e not in ours)]:
        flow, other = ours.get(ends, Flow()), theirs.get(ends, [])
        frames += len(flow.frames)
        messages += len(flow.messages)
        back = (ends[1], ends[0], ends[2])
        report.head(f"  {name(ends)}: wscope {len(flow.frames)} frames, tshark {len(other)}")
        mark = len(report.lines)
        pairs, changes = align(flow.frames, other)
        if flow.frames and not other and not theirs.get(back):
            text = f"tshark shows no WebSocket on this connection at all: {len(flow.frames)} frames"
            if flow.transport == "none":
                report.note("tshark shows no WebSocket without a handshake", text)
            elif flow.transport == "h2":
                report.note("tshark (before 4.4) shows no WebSocket over HTTP/2", text)
            elif flow.cut or ours.get(back, Flow()).cut:
                report.note("tshark shows no WebSocket where the handshake is cut", text)
            else:
                report.line(text)
            changes = []
        for i1, i2, j1, j2 in changes:
            # a frame in the same place with other contents: say what differs
            while i1 < i2 and j1 < j2:
                report.line(f"differs  wscope {flow.names[i1]:8} {flow.frames[i1]}")
                report.line(f"         tshark          {other[j1]}")
                i1, j1 = i1 + 1, j1 + 1
            for i in range(i1, i2):
                if flow.frames[i].packet < flow.accepted and not other[:j1]:
                    report.excused("tshark loses what the client sends before the 101", str(flow.frames[i]))
                    continue
                report.line(f"only     wscope {flow.names[i]:8} {flow.frames[i]}")
            for j in range(j1, j2):
                report.line(f"only     tshark          {other[j]}")
        to = dict(pairs)
        for message in flow.messages:
            mine = payload_of(message)
            if message["last"] is None or message["last"] not in to or mine is None or message.get("cut") or not message.get("complete", True):
                continue
            frame = other[to[message["last"]]]
            seen = frame.payload
            if seen is not None and not frame.whole and message.get("frames", 1) > 1:
                seen = None
            if seen is None and not mine:
                continue
            checked += 1
            if seen == mine:
                continue
            why = excuse(ends, flow, other, message, seen)
            label = f"{message['conn']}.m{message['n']} ({message['kind']}, packets {message['packet'][0]}-{message['packet'][-1]})"
            if why is None and seen is None and not args.all:
                why = "tshark shows no payload for this message"
            text = f"payload  {label}: wscope {shorten(mine)}"
            if why:
                report.excused(why, f"{text} | tshark {shorten(seen)}")
            else:
                report.line(text)
                report.line(f"         tshark {shorten(seen)}")
        if len(report.lines) == mark:
            report.lines.pop()
    verdict = "same" if not report.differences and not report.known else "DIFFERENT" if report.differences else "same but for known faults"
    print(f"{capture}: {verdict}: {frames} frames, {messages} messages, {checked} payloads compared")
    for text in report.lines:
        print(text)
    for why, count in report.known.items():
        print(f"  known: {count} x {why}")
    sys.stdout.flush()
    return report.differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captures", nargs="+")
    parser.add_argument("--wscope", default="target/release/wscope", metavar="PATH")
    parser.add_argument("--tshark", default="tshark", metavar="PATH")
    parser.add_argument("--ndjson", metavar="FILE", help="read this export instead of running wscope")
    parser.add_argument("--port", type=int, action="append", default=[], help="tell tshark that this port is HTTP (the ports wscope found are told anyway)")
    parser.add_argument("--wscope-arg", action="append", default=[], metavar="ARG")
    parser.add_argument("--tshark-arg", action="append", default=[], metavar="ARG")
    parser.add_argument("--all", action="store_true", help="print every difference, the known ones too")
    args = parser.parse_args()
    total, failed = 0, []
    for capture in args.captures:
        try:
            total += compare(capture, args)
        except (SystemExit, OSError, ValueError, KeyError) as error:
            print(f"{capture}: could not be compared: {type(error).__name__} {error}")
            failed.append(capture)
    if len(args.captures) > 1:
        print(f"{len(args.captures)} captures, {total} differences, {len(failed)} could not be compared")
    return 2 if failed else 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
