"""Joins the logs of the programs at both ends into one truth file."""

import base64
import json


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


def entry(record):
    out = {key: record[key] for key in ("kind", "len", "frames", "code", "reason") if key in record}
    out["sha256"] = record["sha256"]
    if "base64" in record and record["kind"] != "close":
        data = base64.b64decode(record["base64"])
        try:
            out["text"] = data.decode()
        except UnicodeDecodeError:
            out["base64"] = record["base64"]
    return out


def same(a, b):
    return (a["kind"], a["len"], a["sha256"]) == (b["kind"], b["len"], b["sha256"])


def join(records, notes, since=None, until=None, server_port=8080, strict=True):
    """One connection for each client port, in the order of first mention. `notes` adds keys to connections by path or number."""
    connections, problems = [], []
    by_port = {}
    for record in records:
        by_port.setdefault(record["port"], []).append(record)
    for number, (port, lines) in enumerate(by_port.items(), 1):
        out = {"conn": number, "client": None, "server": None, "client_port": port, "server_port": server_port}
        for line in lines:
            out[line["role"]] = line["program"]
            if line["ev"] == "open":
                out |= {key: line[key] for key in ("path", "subprotocol", "extensions") if line.get(key)}
            if line["ev"] == "response":
                out.setdefault("responses", []).append(line["status"])
        out |= notes.get(out.get("path"), {}) | notes.get(number, {})
        before = {"c2s": 0, "s2c": 0}
        for direction, sender, receiver in (("c2s", "client", "server"), ("s2c", "server", "client")):
            def took(role, ev):
                return [line for line in lines if line["role"] == role and line["ev"] == ev and line.get("kind")]
            sent, received = took(sender, "send"), took(receiver, "recv")
            if since is not None:
                before[direction] = sum(line["t"] < since for line in sent)
                sent = [line for line in sent if line["t"] >= since]
                received = [line for line in received if line["t"] >= since]
            if until is not None:
                sent = [line for line in sent if line["t"] <= until]
                received = [line for line in received if line["t"] <= until]
            # A browser's API shows no pings, pongs and automatic closes: there the server's log has more.
            both = bool(sent) and len(sent) == len(received) and all(map(same, sent, received))
            best = sent if len(sent) >= len(received) else received
            if not both:
                data = [[line for line in side if line["kind"] in ("text", "binary")] for side in (sent, received)]
                agree = len(data[0]) == len(data[1]) and all(map(same, *data))
                if not agree:
                    text = f"connection {number} {direction}: sent {len(data[0])} and received {len(data[1])} data messages differ"
                    (problems.append if strict else print)(text)
            out[direction] = [entry(line) for line in best]
            out[f"{direction}_logged_by"] = (
                "both ends, equal" if both or not (sent or received)
                else "both ends; data messages equal, control messages seen by one" if agree
                else f"{sender}" if best is sent else f"{receiver}"
            )
        if since is not None:
            out["messages_before_the_capture"] = before
        connections.append(out)
    return connections, problems
