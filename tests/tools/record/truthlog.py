"""Writes down every message that a Python program sends and receives, as the library's own API shows it.

One JSON record a line; truth.py joins the logs of both ends. The wire is never looked at.
"""

import base64
import hashlib
import json
import struct
import threading
import time

import websockets
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection
from websockets.sync.server import ServerConnection

WEBSOCKETS = f"python websockets {websockets.__version__}"
KINDS = {Opcode.TEXT: "text", Opcode.BINARY: "binary", Opcode.PING: "ping", Opcode.PONG: "pong", Opcode.CLOSE: "close"}


class Log:
    def __init__(self, path, role, program=WEBSOCKETS):
        self.path, self.role, self.program = path, role, program
        self.lock = threading.Lock()

    def write(self, port, **record):
        line = {"t": time.time(), "role": self.role, "program": self.program, "port": port, **record}
        with self.lock, open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def message(self, port, ev, kind, data, **more):
        data = data.encode() if isinstance(data, str) else bytes(data)
        if kind == "close" and len(data) >= 2:
            more |= {"code": struct.unpack("!H", data[:2])[0], "reason": data[2:].decode()}
        if len(data) <= 120:
            more["base64"] = base64.b64encode(data).decode()
        self.write(port, ev=ev, kind=kind, len=len(data), sha256=hashlib.sha256(data).hexdigest(), **more)


class Frames:
    """Joins the frames that a `websockets` protocol object hands over or takes (unmasked, inflated) into messages."""

    def __init__(self, log, port, ev):
        self.log, self.port, self.ev = log, port, ev
        self.kind, self.parts = None, []

    def add(self, frame):
        data = bytes(frame.data)
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if frame.opcode is not Opcode.CONT:
                self.kind, self.parts = KINDS[frame.opcode], []
            self.parts.append(data)
            if frame.fin:
                more = {"frames": len(self.parts)} if len(self.parts) > 1 else {}
                self.log.message(self.port, self.ev, self.kind, b"".join(self.parts), **more)
        else:
            self.log.message(self.port, self.ev, KINDS[frame.opcode], data)


def logged(base, log, port_of):
    """A subclass of a `websockets` connection that logs what its protocol object sends and receives."""

    class Logged(base):
        def __init__(self, sock, protocol, *args, **kwargs):
            port = port_of(sock)
            self.port, self.log = port, log
            self.received, sent = Frames(log, port, "recv"), Frames(log, port, "send")
            send_frame = protocol.send_frame

            def send(frame):
                sent.add(frame)
                send_frame(frame)

            protocol.send_frame = send
            super().__init__(sock, protocol, *args, **kwargs)

        def process_event(self, event):
            if isinstance(event, Frame):
                self.received.add(event)
            super().process_event(event)

    return Logged


def client_connection(log):
    return logged(ClientConnection, log, lambda sock: sock.getsockname()[1])


def server_connection(log):
    return logged(ServerConnection, log, lambda sock: sock.getpeername()[1])
