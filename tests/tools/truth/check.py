#!/usr/bin/env python3
"""Compares a wscope export with what the workload generator says was sent.

    check.py CAPTURE TRUTH.json WSCOPE [--least PERCENT]

TRUTH is the `.truth.json` that the generator (wsgen) writes beside each capture: frames by opcode
and direction, messages, and the sum of the CRC-32 of all intact messages (unmasked, joined,
inflated). Messages that overlap a segment which was never captured ("damaged") are not in that sum.

A workload without losses must be met exactly and give no finding. With losses, at least PERCENT of
the intact messages (default 99.9) and not one frame or message more than were sent. Exit code 1
where that does not hold. Python's standard library only.
"""

import argparse
import base64
import collections
import json
import subprocess
import sys
import zlib

KINDS = ["continuation", "text", "binary", "close", "ping", "pong"]
DIRECTIONS = ["c2s", "s2c"]


def export(wscope, capture):
    """The export's records, one after another."""
    command = [wscope, "export", "-q", "--records", "all", capture]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}")


def payload(message):
    if "text" in message:
        return message["text"].encode()
    return base64.b64decode(message.get("base64", ""))


def measure(records):
    """What the truth file counts, counted in an export."""
    seen = {
        "frames": {dir: collections.Counter() for dir in DIRECTIONS},
        "cut_frames": 0,
        "messages": {dir: collections.Counter() for dir in DIRECTIONS},
        "incomplete": 0,
        "bytes": collections.Counter(),
        "wire": collections.Counter(),
        "crc": 0,
        "findings": collections.Counter(),
        "how": collections.Counter(),
        "connections": 0,
        "compressed": 0,
    }
    for record in records:
        kind = record["type"]
        if kind == "frame":
            seen["frames"][record["dir"]][record["kind"]] += 1
            seen["wire"][record["dir"]] += record["len"]
            seen["cut_frames"] += record["seen"] < record["len"]
        elif kind == "message" and record["kind"] in ("text", "binary"):
            if not record["complete"]:
                seen["incomplete"] += 1
                continue
            body = payload(record)
            if len(body) != record["len"]:
                sys.exit(f"a complete message of length {record['len']} has {len(body)} bytes: {record}")
            seen["messages"][record["dir"]][record["kind"]] += 1
            seen["bytes"][record["dir"]] += len(body)
            seen["crc"] += zlib.crc32(body)
            seen["compressed"] += record["compressed"]
        elif kind == "finding":
            seen["findings"][f"{record['code']} {record['name']}"] += 1
        elif kind == "end":
            seen["how"][record["how"]] += 1
        elif kind == "connection":
            seen["connections"] += 1
    return seen


def exact(truth, seen):
    """What differs, on a workload without losses: (what, wanted, found)."""
    for dir, name in enumerate(DIRECTIONS):
        wanted = truth[f"frames_{name}"]
        for kind in set(wanted) | set(seen["frames"][name]):
            yield f"{name} {kind} frames", wanted.get(kind, 0), seen["frames"][name][kind]
        for kind in ("text", "binary"):
            yield f"{name} {kind} messages", truth[f"messages_{kind}"][dir], seen["messages"][name][kind]
        yield f"{name} payload bytes on the wire", truth["wire_payload_bytes"][dir], seen["wire"][name]
        yield f"{name} message bytes", truth["message_bytes"][dir], seen["bytes"][name]
    yield "sum of CRC-32", truth["message_crc32_sum"], seen["crc"]
    yield "compressed messages", truth["compressed_messages"], seen["compressed"]
    yield "connections", truth["ws_handshakes"], seen["connections"]
    yield "connections that ended cleanly", truth["ws_closed"], seen["how"]["clean"]
    yield "incomplete messages", 0, seen["incomplete"]
    yield "cut frames", 0, seen["cut_frames"]
    yield "findings", {}, dict(seen["findings"])


def check_exact(truth, seen):
    wrong = [(what, wanted, found) for what, wanted, found in exact(truth, seen) if wanted != found]
    for what, wanted, found in wrong:
        print(f"  {what}: {found}, not {wanted}")
    return not wrong


def check_lossy(truth, seen, least):
    """With losses the sums cannot tell which message is missing; the counts bound what is."""
    intact = truth["messages"] - truth["damaged_messages"]
    complete = sum(sum(of_dir.values()) for of_dir in seen["messages"].values())
    recall = 100 * complete / intact
    crc = seen["crc"] - truth["message_crc32_sum"]
    print(f"  {complete} of {intact} intact messages ({recall:.4f} %), {seen['incomplete']} incomplete, "
          f"CRC-32 sum off by {crc}")
    good = recall >= least
    if complete > intact:
        print("  more complete messages than were captured whole")
        good = False
    # All there, and not the same: one was invented or changed.
    if complete == intact and crc != 0:
        print("  the complete messages are not those that were sent")
        good = False
    for dir in DIRECTIONS:
        for kind, count in seen["frames"][dir].items():
            sent = truth[f"frames_{dir}"].get(kind, 0)
            if count > sent:
                print(f"  {dir}: {count} {kind} frames, {sent} were sent")
                good = False
    for finding, count in sorted(seen["findings"].items()):
        print(f"  {finding}: {count}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("capture")
    parser.add_argument("truth")
    parser.add_argument("wscope")
    parser.add_argument("--least", type=float, default=99.9, help="percent of intact messages, with losses")
    arguments = parser.parse_args()
    with open(arguments.truth, encoding="utf-8") as file:
        truth = json.load(file)
    seen = measure(export(arguments.wscope, arguments.capture))
    print(f"{arguments.capture}:")
    good = check_lossy(truth, seen, arguments.least) if truth["lost_segments"] else check_exact(truth, seen)
    print("  ok" if good else "  NOT ok")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
