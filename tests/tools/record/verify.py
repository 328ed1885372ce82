#!/usr/bin/env python3
"""Checks the captures of the gallery against their truth files, with a small decoder of its own.

    verify.py [--export] [CAPTURE...]

tshark only takes the packets apart (addresses, sequence numbers, TCP payload); TCP is put together, frames are read, unmasked and
inflated here, in the simplest way that works for these captures. It shares nothing with wscope and judges nothing.
`--export` prints connection, frame and message records as wscope's export does, to try compare_tshark.py.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import zlib

KINDS = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


def segments(path):
    fields = ["frame.number", "tcp.stream", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.len",
              "tcp.payload", "tcp.flags.syn", "tcp.flags.fin", "tcp.flags.reset"]
    command = ["tshark", "-n", "-r", str(path), "-o", "tcp.desegment_tcp_streams:FALSE", "-Y", "tcp", "-T", "fields", "-E", "occurrence=f"]
    for field in fields:
        command += ["-e", field]
    for line in subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.splitlines():
        value = dict(zip(fields, line.split("\t")))
        yield {
            "packet": int(value["frame.number"]), "stream": int(value["tcp.stream"]),
            "from": (value["ip.src"] or value["ipv6.src"], int(value["tcp.srcport"])),
            "to": (value["ip.dst"] or value["ipv6.dst"], int(value["tcp.dstport"])),
            "seq": int(value["tcp.seq_raw"]), "len": int(value["tcp.len"]), "data": bytes.fromhex(value["tcp.payload"].replace(":", "")),
            "syn": value["tcp.flags.syn"] in ("1", "True"), "fin": value["tcp.flags.fin"] in ("1", "True"),
            "rst": value["tcp.flags.reset"] in ("1", "True"),
        }


class Half:
    """One direction: its bytes where the capture has them, and the packet that brought each first."""

    def __init__(self):
        self.base, self.data, self.seen, self.packets, self.ends = None, bytearray(), bytearray(), [], set()
        self.first = 0
        self.resent = 0

    def add(self, segment):
        if self.base is None:
            self.base = segment["seq"] + (1 if segment["syn"] else 0)
        if segment["fin"]:
            self.ends.add("fin")
        if segment["rst"]:
            self.ends.add("rst")
        if not segment["len"]:
            return
        at = (segment["seq"] - self.base + 2**31) % 2**32 - 2**31
        if at < 0:
            return
        end = at + segment["len"]
        if end > len(self.data):
            grow = end - len(self.data)
            self.data += bytes(grow)
            self.seen += bytes(grow)
            self.packets += [0] * grow
        if not self.first:
            self.first = end
        if self.packets[at]:
            self.resent += 1
        for i in range(segment["len"]):
            if not self.packets[at + i]:
                self.packets[at + i] = segment["packet"]
                if i < len(segment["data"]):
                    self.seen[at + i] = 1
                    self.data[at + i] = segment["data"][i]


def frames(half, at, dir):
    offset = at
    while at + 2 <= len(half.data) and all(half.seen[at : at + 2]):
        start, data = at, half.data
        fin, rsv, opcode, masked, length = data[at] >> 7, data[at] >> 4 & 7, data[at] & 15, data[at + 1] >> 7, data[at + 1] & 127
        at += 2
        if length > 125:
            size = 2 if length == 126 else 8
            length = int.from_bytes(data[at : at + size], "big")
            at += size
        key = bytes(data[at : at + 4]) if masked else b""
        at += len(key)
        if at > len(data):
            return
        payload = bytes(data[at : at + length])
        seen = sum(half.seen[at : at + length])
        if masked:
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        at += length
        yield {"type": "frame", "dir": dir, "packet": half.packets[start], "last": half.packets[min(at, len(data)) - 1], "offset": start - offset,
               "fin": bool(fin), "rsv": rsv, "opcode": opcode, "kind": KINDS.get(opcode, f"reserved-{opcode}"), "masked": bool(masked),
               **({"mask": key.hex()} if masked else {}), "header_len": at - length - start, "len": length, "seen": seen, "payload": payload}


def messages(items, inflater, takeover):
    parts, first = [], None
    window = inflater()
    for frame in items:
        if frame["opcode"] >= 8:
            yield make([frame], frame["payload"], False)
            continue
        if frame["opcode"]:
            first, parts = frame, []
        parts.append(frame)
        if frame["fin"]:
            payload = b"".join(part["payload"] for part in parts)
            if first["rsv"] & 4:
                if not takeover:
                    window = inflater()
                payload = window.decompress(payload + b"\x00\x00\xff\xff")
            yield make(parts, payload, bool(first["rsv"] & 4))


def make(parts, payload, compressed):
    first = parts[0]
    out = {"type": "message", "dir": first["dir"], "packet": [first["packet"], parts[-1]["last"]], "kind": first["kind"], "frames": len(parts),
           "first": first, "end": parts[-1], "wire_len": sum(part["len"] for part in parts), "len": len(payload), "compressed": compressed,
           "complete": all(part["seen"] == part["len"] for part in parts), "sha256": hashlib.sha256(payload).hexdigest()}
    try:
        out["text"] = payload.decode() if first["kind"] != "binary" else payload.decode("ascii") and None
    except UnicodeDecodeError:
        pass
    if out.get("text") is None:
        out.pop("text", None)
        out["base64"] = base64.b64encode(payload).decode()
    return out


def decode(path):
    """The WebSocket connections of a capture, by TCP stream: (client, server, frames, messages, notes)."""
    streams = {}
    for segment in segments(path):
        halves = streams.setdefault(segment["stream"], {"halves": {}, "order": []})
        key = (segment["from"], segment["to"])
        if key not in halves["halves"]:
            halves["halves"][key] = Half()
            halves["order"].append(key)
        halves["halves"][key].add(segment)
    for number, stream in streams.items():
        if len(stream["order"]) < 2:
            continue
        client, server = sorted(stream["order"][0], key=lambda end: end[1] < 10000)  # our servers listen on low ports
        up, down = stream["halves"][client, server], stream["halves"][server, client]
        notes = {"c2s_end": sorted(up.ends), "s2c_end": sorted(down.ends), "resent": up.resent + down.resent}
        statuses = [int(s) for s in re.findall(rb"(?:^|\n|\})HTTP/1\.1 (\d\d\d) ", bytes(down.data))]
        starts = {"c2s": 0, "s2c": 0}
        extensions = b""
        if bytes(up.data[:4]) == b"GET ":
            notes["statuses"] = statuses
            if 101 not in statuses:
                yield number, client, server, [], [], notes
                continue
            if b"\r\n\r\n" not in bytes(down.data[: down.first]):
                starts = {"c2s": up.first, "s2c": down.first}  # cut by the snap length
            else:
                for _ in range(statuses.index(101) + 1):
                    starts["c2s"] = up.data.index(b"\r\n\r\n", starts["c2s"]) + 4
                head = down.data.index(b"HTTP/1.1 101 ")
                starts["s2c"] = down.data.index(b"\r\n\r\n", head) + 4
                notes["handshake"] = [up.packets[0], down.packets[starts["s2c"] - 1]]
                found = re.search(rb"(?i)sec-websocket-extensions:([^\r]*)", bytes(down.data[head : starts["s2c"]]))
                extensions = found.group(1) if found else b""
        all_frames, all_messages = [], []
        for direction, half in (("c2s", up), ("s2c", down)):
            side = b"client" if direction == "c2s" else b"server"
            these = list(frames(half, starts[direction], direction))
            all_frames += these
            all_messages += messages(these, lambda: zlib.decompressobj(-15), side + b"_no_context_takeover" not in extensions)
        yield number, client, server, all_frames, all_messages, notes


def export(path):
    """The records that compare_tshark.py reads, in a plausible order."""
    for conn, (_, client, server, all_frames, all_messages, notes) in enumerate(decode(path), 1):
        print(json.dumps({"type": "connection", "conn": conn, "client": {"ip": client[0], "port": client[1]},
                          "server": {"ip": server[0], "port": server[1]}, "transport": "http/1.1" if "statuses" in notes else "none",
                          **({"handshake": {"packet": notes["handshake"]}} if "handshake" in notes else {})}))
        latest = {"c2s": 0, "s2c": 0}
        for frame in all_frames:  # a frame is not read before the ones in front of it, whatever the order of their packets
            latest[frame["dir"]] = frame["order"] = max(latest[frame["dir"]], frame["packet"])
        all_frames.sort(key=lambda frame: frame["order"])
        for n, frame in enumerate(all_frames, 1):
            frame["n"] = n
            print(json.dumps({"conn": conn, **{k: v for k, v in frame.items() if k not in ("payload", "last", "order")}}))
        for n, message in enumerate(sorted(all_messages, key=lambda m: m["end"]["n"]), 1):
            message["first_frame"] = message.pop("first")["n"]
            message.pop("end")
            print(json.dumps({"conn": conn, "n": n, **message}))


def check(path):
    truth = json.loads(path.with_name(path.name.split(".pcap")[0] + ".truth.json").read_text(encoding="utf-8"))
    wanted = {connection["client_port"]: connection for connection in truth["connections"]}
    bad = frames_total = messages_total = cut = resent = 0
    ends = []
    for _, client, _, all_frames, all_messages, notes in decode(path):
        frames_total += len(all_frames)
        messages_total += len(all_messages)
        resent += notes["resent"]
        connection = wanted.pop(client[1], None)
        if connection is None:
            if all_frames:
                print(f"  client port {client[1]}: not in the truth file")
                bad += 1
            continue
        if "responses" in connection and connection["responses"] != notes["statuses"]:
            print(f"  client port {client[1]}: statuses {notes['statuses']}, truth {connection['responses']}")
            bad += 1
        if "ended" in connection:
            ends.append(f"{connection['ended']}: {notes['c2s_end']} {notes['s2c_end']}")
        for direction in ("c2s", "s2c"):
            got = [m for m in all_messages if m["dir"] == direction]
            want = connection[direction]
            cut += sum(not m["complete"] for m in got)
            pairs = list(zip(got, want))
            wrong = len(got) != len(want) or any(
                (a["kind"], a["len"]) != (b["kind"], b["len"]) or (a["complete"] and a["sha256"] != b["sha256"])
                or ("frames" in b and a["frames"] != b["frames"]) for a, b in pairs)
            if wrong:
                bad += 1
                print(f"  client port {client[1]} {direction}: capture {len(got)}, truth {len(want)} messages, or other ones")
                for i, (a, b) in enumerate(pairs):
                    if (a["kind"], a["len"], a["sha256"]) != (b["kind"], b["len"], b["sha256"]):
                        print(f"    first at {i}: capture {a['kind']} {a['len']}, truth {b['kind']} {b['len']}")
                        break
    for port in wanted:
        print(f"  client port {port}: not in the capture")
        bad += 1
    packets = len(subprocess.run(["tshark", "-n", "-r", str(path), "-T", "fields", "-e", "frame.number"], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True).stdout.split())
    print(f"{'BAD' if bad else 'ok ':3} {path.name}: {packets} packets, {len(truth['connections'])} connections, {frames_total} frames, "
          f"{messages_total} messages, {cut} cut, {resent} segments seen again, {path.stat().st_size} bytes")
    for end in ends:
        print("      ", end)
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--export", action="store_true")
    parser.add_argument("captures", nargs="*", type=pathlib.Path)
    args, _ = parser.parse_known_args([a for a in sys.argv[1:] if a != "export"] if "--records" not in sys.argv else ["--export", sys.argv[-1]])
    gallery = pathlib.Path(__file__).resolve().parents[3] / "captures"
    paths = args.captures or sorted(p for p in gallery.iterdir() if ".pcap" in p.name)
    if args.export:
        for path in paths:
            export(path)
        return 0
    return 1 if sum(check(path) for path in paths) else 0


if __name__ == "__main__":
    sys.exit(main())
