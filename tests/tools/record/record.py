#!/usr/bin/env python3
"""Records the captures of the gallery: real programs on loopback, in a network namespace of their own.

    record.py [--out DIR] [NAME...]

Needs root (namespaces, tcpdump), tcpdump, editcap and tshark, node with `ws` (NODE_PATH), the Python packages of README.md, and for
`chromium-echo` a `chromium`. See README.md.
"""

import argparse
import array
import contextlib
import fcntl
import gzip
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

sys.dont_write_bytecode = True
warnings.simplefilter("ignore", DeprecationWarning)  # websockets 17 wants `with connect(...)`; here connections overlap
HERE = pathlib.Path(__file__).resolve().parent
LICENCE = "wscope capture gallery, MIT OR Apache-2.0"


class Session:
    """One recording: the programs that run in it, its log, its capture."""

    def __init__(self, name, out):
        self.name, self.out = name, pathlib.Path(out)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="record-"))
        self.log = str(self.dir / "log.ndjson")
        self.running = []
        self.since = self.until = None
        self.notes = {}
        self.strict = True
        self.dump = None
        self.parts = []

    def start(self, command, ready=None, **kwargs):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, **kwargs)
        self.running.append(process)
        if ready:
            for line in process.stdout:
                if ready in line:
                    break
            else:
                raise RuntimeError(f"{command[0]} ended before it was ready")
        return process

    def node_server(self, host="127.0.0.1", port=8080, **options):
        options.setdefault("perMessageDeflate", False)
        return self.start(["node", str(HERE / "server.js"), host, str(port), self.log, json.dumps(options)], "ready")

    def node_client(self, url, script, protocols=(), **options):
        options.setdefault("perMessageDeflate", False)
        env = os.environ | {"WS_PROTOCOLS": json.dumps(protocols), "WS_OPTIONS": json.dumps(options)}
        subprocess.run(["node", str(HERE / "client.js"), url, self.log, script], env=env, check=True, timeout=60)

    def record(self, *options, interface="lo", expression="tcp port 8080", prefix=()):
        """Starts tcpdump and waits until it listens."""
        self.raw = self.dir / "raw.pcap"
        command = [*prefix, "tcpdump", "-i", interface, "-U", "--immediate-mode", "-B", "16384", "-w", str(self.raw), *(options or ("-s", "0")),
                   *expression.split()]
        self.dump = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in self.dump.stderr:
            if "listening on" in line:
                break
        time.sleep(0.2)
        self.since = time.time()

    def stop_recording(self, settle=0.4):
        time.sleep(settle)
        self.until = time.time()
        self.dump.send_signal(signal.SIGINT)
        said = self.dump.stderr.read()
        self.dump.wait()
        print("   tcpdump:", " / ".join(said.split("\n")).strip(" /"))
        if "\n0 packets dropped" not in said:
            raise SystemExit("   packets were dropped: the capture is not whole")

    def stop(self):
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)

    def finish(self, file, cut=False):
        """Converts the capture and writes the truth. `cut`: only what was said while the capture ran."""
        from truth import join, load

        target = self.out / file
        if file.endswith(".pcapng"):
            subprocess.run(["editcap", "-F", "pcapng", "--capture-comment", LICENCE, str(self.raw), str(target)], check=True)
        elif file.endswith(".gz"):
            target.write_bytes(gzip.compress(self.raw.read_bytes(), 9, mtime=0))
        else:
            shutil.copyfile(self.raw, target)
        os.chmod(target, 0o644)
        records = load(self.log)
        for record in records:
            if record["ev"] == "error":
                print("   error in the log:", record["role"], record["port"], record["text"])
        connections, problems = join(records, self.notes, self.since if cut else None, self.until if cut else None, strict=self.strict)
        write_truth(self.out, file, connections)
        shutil.rmtree(self.dir)
        for problem in problems:
            print("   PROBLEM:", problem)
        total = sum(len(c["c2s"]) + len(c["s2c"]) for c in connections)
        print(f"   {file}: {target.stat().st_size} bytes, {len(connections)} connections, {total} messages")
        if problems:
            raise SystemExit(1)


def write_truth(out, file, connections):
    """One message a line, so that people can read it and diff it."""
    lines = ['{"capture":' + json.dumps(file) + ',"connections":[']
    for i, connection in enumerate(connections):
        heads = {k: v for k, v in connection.items() if k not in ("c2s", "s2c")}
        lines.append(json.dumps(heads, ensure_ascii=False)[:-1] + ",")
        for j, direction in enumerate(("c2s", "s2c")):
            messages = connection[direction]
            lines.append(f' "{direction}":[')
            lines += ["  " + json.dumps(m, ensure_ascii=False) + ("," if k < len(messages) - 1 else "") for k, m in enumerate(messages)]
            lines.append(" ]" + ("," if j == 0 else ""))
        lines.append("}" + ("," if i < len(connections) - 1 else ""))
    lines.append("]}")
    text = "\n".join(lines) + "\n"
    json.loads(text)
    stem = file.split(".pcap")[0]
    (pathlib.Path(out) / f"{stem}.truth.json").write_text(text, encoding="utf-8")


def connect(session, url, log=None, **kwargs):
    from truthlog import Log, client_connection
    from websockets.sync.client import connect as ws_connect

    kwargs = {"proxy": None, "compression": None, "ping_interval": None, **kwargs}
    return ws_connect(url, create_connection=client_connection(log or Log(session.log, "client")), **kwargs)


def serve(session, handler, host="127.0.0.1", port=8080, **kwargs):
    from truthlog import Log, server_connection
    from websockets.sync.server import serve as ws_serve

    kwargs = {"compression": None, "ping_interval": None, **kwargs}
    server = ws_serve(handler, host, port, create_connection=server_connection(Log(session.log, "server")), **kwargs)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def drain(ws, timeout=0.25):
    """Receives until nothing comes for a while."""
    got = []
    while True:
        try:
            got.append(ws.recv(timeout=timeout))
        except TimeoutError:
            return got


def chat(s, host="127.0.0.1"):
    base = f"ws://{host}:8080/chat?name="
    ana = connect(s, base + "Ana", subprotocols=["chat.v1"])
    ana.recv()
    ben = connect(s, base + "Ben", subprotocols=["chat.v2", "chat.v1"])
    drain(ben)
    ana.send("Hello, is anybody here?")
    drain(ana)
    ben.send("Yes! Привет, 你好, こんにちは 🎉")
    drain(ben)
    ana.ping(b"are you there").wait(2)
    zoe = connect(s, base + "Zo%C3%AB")
    drain(zoe)
    zoe.send("naïve café, 100 €, 👩‍👩‍👧‍👦 and a tab\tand a line\nbreak")
    drain(zoe)
    zoe.close(1000, "gone for tea 🍵")
    ben.send('{"cmd":"me","text":"wonders where Zoë went"}')
    drain(ben)
    ben.ping(b"").wait(2)
    drain(ana)
    ben.close(1000, "bye")
    drain(ana)
    ana.send("nobody left")
    drain(ana)
    ana.close(1000, "last one out")


# ---- the recordings ------------------------------------------------------------------------------------------------------


def chat_node_ws(s):
    s.node_server()
    s.record("-s", "0", "--time-stamp-precision=nano")
    chat(s)
    s.stop_recording()
    s.finish("chat-node-ws.pcapng")


def feed_deflate_node_ws(s):
    s.node_server(perMessageDeflate=True)
    s.record("-s", "0", "--time-stamp-precision=nano")
    ws = connect(s, "ws://127.0.0.1:8080/feed", compression="deflate", subprotocols=["feed.v2"])
    for count, symbol in ((60, "NOKIA"), (40, "任天堂")):
        ws.send(json.dumps({"subscribe": [symbol, "ASML", "SAP"], "count": count, "fields": ["price", "size", "side", "venue"]},
                           ensure_ascii=False))
        for _ in range(count):
            ws.recv(timeout=5)
    ws.send(json.dumps({"subscribe": None, "comment": "that is enough, thank you, goodbye and many thanks for the prices"}))
    ws.close(1000, "enough")
    s.stop_recording()
    s.finish("feed-deflate-node-ws.pcapng")


def deflate_no_takeover(s):
    from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

    def handler(ws):
        for message in ws:
            ws.send(f"[{len(message)}] {message}" if isinstance(message, str) else message)

    takeover = {"server_no_context_takeover": True, "client_no_context_takeover": True}
    serve(s, handler, extensions=[ServerPerMessageDeflateFactory(**takeover, server_max_window_bits=10, client_max_window_bits=12)])
    s.record()
    offer = ClientPerMessageDeflateFactory(**takeover, server_max_window_bits=10, client_max_window_bits=12)
    ws = connect(s, "ws://127.0.0.1:8080/python", extensions=[offer])
    words = "window bits decide how far back a match may reach so the text must be longer than the window ".split()
    long = " ".join(words[(i * i + i // 7) % len(words)] + str(i % 97) for i in range(1200))
    for message in ("short", "again, again, again, again, again", long, long[::-1], bytes(range(256)) * 24, ""):
        ws.send(message)
        ws.recv()
    ws.ping(b"control frames are never compressed").wait(2)
    ws.close(1000, "done")
    s.node_client("ws://127.0.0.1:8080/node", "deflate", perMessageDeflate=True)
    s.stop_recording()
    s.notes = {1: {"path": "/python"}, 2: {"path": "/node"}}
    s.finish("deflate-no-takeover-websockets.pcapng")


def chromium_echo(s):
    from truthlog import Log

    s.node_server(perMessageDeflate=True)
    s.record("-s", "0", "--time-stamp-precision=nano")
    profile = s.dir / "profile"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions",
               "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
               f"--user-data-dir={profile}", "--enable-logging=stderr", "--lang=en-US", "http://127.0.0.1:8080/"]
    env = os.environ | {"HOME": str(s.dir), "LANG": "C.UTF-8"}
    browser = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True, env=env)
    guard = threading.Timer(60, lambda: os.killpg(browser.pid, signal.SIGKILL))
    guard.start()
    said = []
    for line in browser.stderr:
        if "TRUTH " in line:
            text = line.split("TRUTH ", 1)[1]
            said.append(json.JSONDecoder().raw_decode(text)[0])
            if said[-1]["ev"] == "recv-close":
                break
    guard.cancel()
    s.stop_recording(settle=1)
    os.killpg(browser.pid, signal.SIGKILL)
    browser.wait()
    version = subprocess.run(["chromium", "--version"], capture_output=True, text=True).stdout.split(" built")[0].strip()
    with open(s.log, encoding="utf-8") as file:
        port = json.loads(file.readline())["port"]
    log = Log(s.log, "client", version)
    for event in said:
        if event["ev"] in ("send", "recv"):
            log.message(port, event["ev"], event["kind"], bytes.fromhex(event["hex"]))
        elif event["ev"] in ("send-close", "recv-close"):
            log.message(port, event["ev"].split("-")[0], "close", struct.pack("!H", event["code"]) + event["reason"].encode())
    s.notes = {1: {"clean_as_the_page_saw_it": said[-1]["wasClean"]}}
    s.finish("chromium-echo.pcapng")


def fragments_pings(s):
    from truthlog import Log

    s.node_server()
    s.record(expression="tcp portrange 8080-8081")
    log = Log(s.log, "client")
    with connect(s, "ws://127.0.0.1:8080/fragments", log) as ws:
        ws.send("three little words")
        drain(ws)

        def pieces():
            for i in range(5):
                yield f"piece {i}, "
                ws.ping(f"after piece {i}".encode())
                yield ""

        ws.send(pieces())  # this library ends every message in pieces with an empty final fragment
        drain(ws)
        ws.send([b"\x00\x01\x02", b"", b"\xfe\xff"])
        drain(ws)
        ws.close(1000, "all in pieces")

    def echo(ws):
        for message in ws:
            ws.send([message[: len(message) // 2], message[len(message) // 2 :]])

    serve(s, echo, port=8081)
    s.node_client("ws://127.0.0.1:8081/node-client", "fragments")
    s.stop_recording()
    s.notes = {2: {"path": "/node-client", "server_port": 8081}}
    s.finish("fragments-pings.pcapng")


def read_head(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            break
        data += more
    return data


def upgrade_request(path, *more, host="127.0.0.1:8080", key="dGhlIHNhbXBsZSBub25jZQ=="):
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *more, f"Sec-WebSocket-Key: {key}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


UPGRADE = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")


def refused_then_accepted(s):
    import asyncio

    import aiohttp
    from aiohttp import web
    from truthlog import Log

    server_log = Log(s.log, "server", f"python aiohttp {aiohttp.__version__}")

    async def secret(request):
        port = request.transport.get_extra_info("peername")[1]
        if request.headers.get("Authorization") != "Bearer gallery-token":
            server_log.write(port, ev="response", status=401)
            return web.json_response({"error": "who are you?"}, status=401, headers={"WWW-Authenticate": 'Bearer realm="gallery"'})
        ws = web.WebSocketResponse(autoping=False, compress=False)
        await ws.prepare(request)
        server_log.write(port, ev="response", status=101)
        async for message in ws:
            server_log.message(port, "recv", "text", message.data)
            answer = f"welcome back: {message.data}"
            server_log.message(port, "send", "text", answer)
            await ws.send_str(answer)
        server_log.message(port, "recv", "close", struct.pack("!H", ws.close_code))
        server_log.message(port, "send", "close", struct.pack("!H", ws.close_code))
        return ws

    async def app():
        application = web.Application()
        application.router.add_get("/secret", secret)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 8080).start()
        ready.set()
        await asyncio.Event().wait()

    ready = threading.Event()
    threading.Thread(target=lambda: asyncio.run(app()), daemon=True).start()
    ready.wait()

    def handler(ws):
        for message in ws:
            ws.send(message)

    serve(s, handler, port=8081, origins=["https://gallery.example"])
    serve(s, handler, port=8082)
    s.record(expression="tcp portrange 8080-8082")

    # 401, then 101 on the same connection. No library does that, so: a plain socket, and the frames of `websockets`.
    from websockets.frames import Frame, Opcode

    log = Log(s.log, "client", "raw socket script")
    with socket.create_connection(("127.0.0.1", 8080)) as sock:
        port = sock.getsockname()[1]
        sock.sendall(upgrade_request("/secret", *UPGRADE))
        head = read_head(sock)
        assert b" 401 " in head.split(b"\r\n")[0] and b"close" not in head.lower(), head
        time.sleep(0.1)
        sock.sendall(upgrade_request("/secret", *UPGRADE, "Authorization: Bearer gallery-token"))
        assert b" 101 " in read_head(sock)
        for text in ("it is me", "again"):
            log.message(port, "send", "text", text)
            sock.sendall(Frame(Opcode.TEXT, text.encode()).serialize(mask=True))
            answer = sock.recv(1000)
            log.message(port, "recv", "text", answer[2:])  # short and unmasked: the two bytes of header are taken off by hand
        log.message(port, "send", "close", struct.pack("!H", 1000))
        sock.sendall(Frame(Opcode.CLOSE, struct.pack("!H", 1000)).serialize(mask=True))
        log.message(port, "recv", "close", sock.recv(1000)[2:])

    def refused(url, expected, **kwargs):
        from websockets.exceptions import InvalidStatus

        try:
            connect(s, url, **kwargs)
        except InvalidStatus as error:
            assert error.response.status_code == expected, error

    # 403: the Origin is not one of those that the server allows. The library's connection is not kept, so its port is taken first.
    def own_socket(port):
        sock = socket.create_connection(("127.0.0.1", port))
        return sock, sock.getsockname()[1]

    python = Log(s.log, "client")
    wss = Log(s.log, "server")
    sock, port = own_socket(8081)
    refused("ws://127.0.0.1:8081/wrong-origin", 403, sock=sock, origin="https://evil.example")
    python.write(port, ev="open", path="/wrong-origin")
    python.write(port, ev="response", status=403)
    wss.write(port, ev="refused")

    # 426: what a server sees behind a proxy that takes `Connection` away.
    connection = http.client.HTTPConnection("127.0.0.1", 8082)
    connection.connect()
    port = connection.sock.getsockname()[1]
    connection.request("GET", "/behind-a-proxy", headers={"Upgrade": "websocket", "Connection": "keep-alive", "Sec-WebSocket-Version": "13",
                                                          "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
    response = connection.getresponse()
    response.read()
    log = Log(s.log, "client", "python http.client")
    log.write(port, ev="open", path="/behind-a-proxy")
    log.write(port, ev="response", status=response.status)
    wss.write(port, ev="refused")

    # And a version that nobody speaks any more.
    sock, port = own_socket(8082)
    sock.sendall(upgrade_request("/version-8", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 8"))
    status = int(read_head(sock).split()[1])
    while sock.recv(65536):
        pass
    sock.close()
    log = Log(s.log, "client", "raw socket script")
    log.write(port, ev="open", path="/version-8")
    log.write(port, ev="response", status=status)
    wss.write(port, ev="refused")
    s.stop_recording()
    s.notes = {1: {"path": "/secret", "responses": [401, 101]}, "/wrong-origin": {"server_port": 8081},
               "/behind-a-proxy": {"server_port": 8082}, "/version-8": {"server_port": 8082}}
    s.finish("refused-then-accepted.pcapng")


def coalesced(s):
    from truthlog import Frames, Log
    from websockets.client import ClientProtocol
    from websockets.frames import Frame, Opcode
    from websockets.server import ServerProtocol
    from websockets.uri import parse_uri

    listener = socket.create_server(("127.0.0.1", 8080))
    server_log = Log(s.log, "server", Log(s.log, "x").program + " (sans I/O)")
    client_log = Log(s.log, "client", Log(s.log, "x").program + " (sans I/O; early frames by its Frame class)")
    tiny = [f"{i:x}" for i in range(300)]

    def text(data):
        return Frame(Opcode.TEXT, data.encode())

    def server():
        while True:
            sock, (_, port) = listener.accept()
            protocol = ServerProtocol()
            sent, received = Frames(server_log, port, "send"), Frames(server_log, port, "recv")
            send_frame = protocol.send_frame

            def send(frame):
                sent.add(frame)
                send_frame(frame)

            protocol.send_frame = send
            open_ = True
            while open_:
                data = sock.recv(262144)
                protocol.receive_data(data) if data else protocol.receive_eof()
                for event in protocol.events_received():
                    if isinstance(event, Frame):
                        received.add(event)
                        if event.opcode is Opcode.TEXT and bytes(event.data) == b"more":
                            for word in tiny:
                                protocol.send_text(word.encode())
                    else:
                        response = protocol.accept(event)
                        server_log.write(port, ev="open", path=event.path)
                        protocol.send_response(response)
                        if event.path != "/early-client":
                            protocol.send_text("in the segment of the 101".encode())
                            protocol.send_ping(b"me too")
                            protocol.send_binary(b"\x01\x02\x03")
                # everything that piled up goes out in one write
                out = b"".join(protocol.data_to_send())
                if out:
                    sock.sendall(out)
                open_ = bool(data) and not protocol.close_expected()
            sock.close()

    threading.Thread(target=server, daemon=True).start()
    s.record()

    def talk(path, first, rest):
        sock = socket.create_connection(("127.0.0.1", 8080))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = sock.getsockname()[1]
        sent, received = Frames(client_log, port, "send"), Frames(client_log, port, "recv")
        protocol = ClientProtocol(parse_uri("ws://127.0.0.1:8080" + path))
        protocol.send_request(protocol.connect())
        request = b"".join(protocol.data_to_send())

        def pack(frames):
            for frame in frames:
                sent.add(frame)
            return b"".join(frame.serialize(mask=True) for frame in frames)

        def listen():
            while data := sock.recv(262144):
                protocol.receive_data(data)
                for event in protocol.events_received():
                    if isinstance(event, Frame):
                        received.add(event)
                    else:
                        accepted.set()

        accepted = threading.Event()
        listener = threading.Thread(target=listen)
        if path == "/early-client":
            sock.sendall(request + pack(first))  # frames in the request's own segment
            listener.start()
        else:
            sock.sendall(request)
            listener.start()
            accepted.wait(5)
            sock.sendall(pack(first))
        for frames in rest:
            time.sleep(0.1)
            sock.sendall(pack(frames))
        time.sleep(0.3)
        sock.sendall(pack([Frame(Opcode.CLOSE, struct.pack("!H", 1000) + b"enough")]))
        listener.join(5)
        sock.close()

    talk("/early-server", [text("hello")], [])
    talk("/early-client", [text("before the 101"), Frame(Opcode.BINARY, b"\x00" * 8), text("and another")],
         [[text("after it"), Frame(Opcode.PING, b"both ways now")]])  # (an early ping makes this server's pong overtake its 101)
    talk("/tiny-frames", [text("more")], [[text(word) for word in tiny], [Frame(Opcode.BINARY, b"")] * 100])
    s.stop_recording()
    s.finish("coalesced.pcap")


def echo_handler(ws):
    for message in ws:
        ws.send(message)


def large_messages(s):
    serve(s, echo_handler, max_size=None)
    s.record()
    s.node_client("ws://127.0.0.1:8080/large", "large")
    s.stop_recording()
    s.notes = {1: {"path": "/large"}}
    s.finish("large-messages.pcap.gz")


def ipv6_loopback(s):
    s.node_server(host="::1")
    s.record("-s", "0", "--time-stamp-precision=nano")
    chat(s, host="[::1]")
    s.stop_recording()
    s.finish("ipv6-loopback.pcapng")


def snaplen_96(s):
    s.node_server()
    s.record("-s", "96")
    with connect(s, "ws://127.0.0.1:8080/echo") as ws:
        for size in (5, 20, 24, 25, 26, 28, 29, 60, 125, 126, 200, 1000):
            ws.send("".join(chr(97 + i % 26) for i in range(size)))
            ws.recv()
        ws.ping(b"short").wait(2)
        ws.close(1000, "cut short")
    s.stop_recording()
    s.finish("snaplen-96.pcap")


def any_interface(s):
    s.node_server()
    s.record("-s", "0", "-y", "LINUX_SLL2", interface="any")
    with connect(s, "ws://127.0.0.1:8080/echo") as ws:
        for message in ("seen on every interface", "日本語", b"\x00\xff" * 40):
            ws.send(message)
            ws.recv()
        ws.ping(b"any").wait(2)
        ws.close(1000, "done")
    s.stop_recording()
    s.finish("any-interface.pcapng")


def any_interface_forwarded(s):
    """A router (or a container host) sees every packet twice with `-i any`: once coming in, once going out, one hop older."""
    with namespaces(s, 2) as inside:
        for i, enter in enumerate(inside):
            subprocess.run(["ip", "address", "add", f"192.0.2.{i * 128 + 1}/25", "dev", f"wire{i}"], check=True)
            subprocess.run([*enter, "ip", "address", "add", f"192.0.2.{i * 128 + 2}/25", "dev", "eth0"], check=True)
            subprocess.run([*enter, "ip", "route", "add", "default", "via", f"192.0.2.{i * 128 + 1}"], check=True)
        pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        s.start([*inside[1], "node", str(HERE / "server.js"), "192.0.2.130", "8080", s.log, '{"perMessageDeflate":true}'], "ready")
        s.record("-s", "0", "-y", "LINUX_SLL2", interface="any")
        subprocess.run([*inside[0], sys.executable, __file__, "--forwarded-client", s.log], check=True)
        s.stop_recording()
        s.stop()
    s.finish("any-interface-forwarded.pcapng")


def forwarded_client(log_path):
    class Fake:
        log = log_path

    with connect(Fake, "ws://192.0.2.130:8080/echo", compression="deflate") as ws:
        for message in ("every packet is here twice", "every packet is here twice, one hop older the second time", b"\x00\xff" * 40, "in fragments, please"):
            ws.send(message)
            drain(ws)
        ws.ping(b"any").wait(2)
        ws.close(1000, "done")


def mid_stream(s):
    s.node_server()
    plain = connect(s, "ws://127.0.0.1:8080/echo")
    for text in ("this was said before anybody listened", "and this too"):
        plain.send(text)
        plain.recv()
    time.sleep(0.5)
    s.record()
    for message in ("the first words in the capture", "short", "", b"\x10\x20\x30", "x" * 130, '{"still":"json"}', "y" * 2000):
        plain.send(message)
        plain.recv()
    plain.ping(b"still there?").wait(2)
    plain.send("in fragments, please")
    drain(plain)
    plain.close(1000, "seen from the middle")
    s.stop_recording()
    s.finish("mid-stream.pcapng", cut=True)


def close_codes(s):
    s.node_server()
    s.record("-s", "0", "--time-stamp-precision=nano")
    base = "ws://127.0.0.1:8080/close/"
    still = connect(s, base + "still-open")
    still.recv()
    still.send("I stay")
    drain(still)
    for name, code, reason in (("1000", 1000, "bye"), ("4999", 4999, "my own code")):
        ws = connect(s, base + name)
        ws.recv()
        ws.close(code, reason)
        time.sleep(0.1)
    for name in ("1001", "1008", "1011", "empty", "reset", "fin"):
        ws = connect(s, base + name)
        ws.recv()
        ws.send("close it")
        try:
            ws.recv(timeout=2)
        except Exception as error:
            print(f"   {name}: {type(error).__name__}: {error}")
        ws.close()
        time.sleep(0.1)
    # the client goes without a word
    ws = connect(s, base + "client-fin")
    ws.recv()
    ws.socket.shutdown(socket.SHUT_RDWR)
    time.sleep(0.2)
    still.send("I am still here when the capture ends")
    drain(still)
    ends = {"reset": "server: TCP RST, no close frame", "fin": "server: TCP FIN, no close frame", "client-fin": "client: TCP FIN, no close frame",
            "still-open": "open when the capture ends"}
    s.notes = {"/close/" + name: {"ended": text} for name, text in ends.items()}
    s.stop_recording()
    s.finish("close-codes.pcapng", cut=True)


def offload_off(name):
    """Checksum and segmentation offload off: the packets must be whole and right on the (virtual) wire."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for command in (0x17, 0x1F, 0x24, 0x2C):  # ETHTOOL_STXCSUM, STSO, SGSO, SGRO
            value = array.array("B", struct.pack("II", command, 0))
            try:
                fcntl.ioctl(sock, 0x8946, struct.pack("16sP8x", name.encode(), value.buffer_info()[0]))
            except OSError as error:
                print("   ethtool", hex(command), name, error)


@contextlib.contextmanager
def namespaces(s, count):
    """Network namespaces, each with an eth0 whose other end is wireN here. Yields the commands that run a program inside."""
    holders = [subprocess.Popen(["unshare", "--net", "sleep", "600"]) for _ in range(count)]
    try:
        time.sleep(0.3)
        inside = [["nsenter", f"--net=/proc/{holder.pid}/ns/net"] for holder in holders]
        for i, (holder, enter) in enumerate(zip(holders, inside)):
            for command in (
                ["ip", "link", "add", f"wire{i}", "address", f"02:00:00:00:01:0{i + 1}", "type", "veth", "peer", "name", "eth0",
                 "address", f"02:00:00:00:00:0{i + 1}", "netns", str(holder.pid)],
                ["ip", "link", "set", f"wire{i}", "up"],
                [*enter, "ip", "link", "set", "lo", "up"],
                [*enter, "ip", "link", "set", "eth0", "up"],
                [*enter, sys.executable, __file__, "--offload-off", "eth0"],
            ):
                subprocess.run(command, check=True)
        yield inside
    finally:
        s.stop()
        for holder in holders:
            holder.terminate()


def lossy(s):
    """client namespace -- bad wire -- server namespace. The wire is a program with a seeded generator of accidents."""
    import random
    import select

    with namespaces(s, 2) as inside:
        for i, enter in enumerate(inside):
            subprocess.run([*enter, "ip", "address", "add", f"192.0.2.{i + 1}/24", "dev", "eth0"], check=True)
            subprocess.run([*enter, "ip", "neigh", "add", f"192.0.2.{2 - i}", "lladdr", f"02:00:00:00:00:0{2 - i}", "dev", "eth0"], check=True)
        ends = []
        for i in range(2):
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            raw.bind((f"wire{i}", 0))
            ends.append(raw)
        counts = {"passed": 0, "dropped": 0, "duplicated": 0, "delayed": 0}
        over = threading.Event()

        def wire():
            dice = random.Random(6455)
            held = []  # (due, where to, packet)
            seen = 0
            while not over.is_set():
                wait = max(0, min((due for due, _, _ in held), default=time.monotonic() + 0.2) - time.monotonic())
                ready, _, _ = select.select(ends, [], [], wait)
                for end in ready:
                    packet, address = end.recvfrom(65536)
                    if address[2] == socket.PACKET_OUTGOING or packet[12:14] != b"\x08\x00":
                        continue
                    other = ends[1 - ends.index(end)]
                    payload = len(packet) > 14 + 52 + 8
                    seen += 1
                    roll = dice.random() if seen > 6 else 1
                    if payload and roll < 0.08:
                        counts["dropped"] += 1
                    elif payload and roll < 0.20:
                        counts["delayed"] += 1
                        held.append((time.monotonic() + 0.012, other, packet))
                    elif roll < 0.26:
                        counts["duplicated"] += 1
                        other.send(packet)
                        held.append((time.monotonic() + 0.001, other, packet))
                    else:
                        counts["passed"] += 1
                        other.send(packet)
                now = time.monotonic()
                for item in [h for h in held if h[0] <= now]:
                    held.remove(item)
                    item[1].send(item[2])

        thread = threading.Thread(target=wire)
        thread.start()
        s.start([*inside[1], "node", str(HERE / "server.js"), "192.0.2.2", "8080", s.log, '{"perMessageDeflate":true}'], "ready")
        s.record("-s", "0", "--time-stamp-precision=nano", interface="eth0", prefix=inside[0])
        subprocess.run([*inside[0], sys.executable, __file__, "--lossy-client", s.log], check=True)
        s.stop_recording(settle=1.5)
        over.set()
        thread.join()
        print("   wire:", counts)
    s.finish("lossy.pcapng")


def lossy_client(log_path):
    class Fake:
        log = log_path

    with connect(Fake, "ws://192.0.2.2:8080/echo") as ws:
        for i in range(12):
            ws.send(f"plain message {i} " + "abcdefghij" * (i * 40))
            ws.ping(f"ping {i}".encode())
        for _ in range(12):
            ws.recv(timeout=20)
        ws.send("in fragments, please")
        ws.recv(timeout=20)
        ws.recv(timeout=20)
        ws.close(1000, "all of it arrived")
    with connect(Fake, "ws://192.0.2.2:8080/feed", compression="deflate", subprotocols=["feed.v2"]) as ws:
        ws.send(json.dumps({"subscribe": ["everything"], "count": 60}))
        for _ in range(60):
            ws.recv(timeout=20)
        ws.close(1000, "compressed, and all of it arrived")
    time.sleep(0.5)


ALL = [chat_node_ws, feed_deflate_node_ws, deflate_no_takeover, chromium_echo, fragments_pings, refused_then_accepted, coalesced,
       large_messages, ipv6_loopback, lossy, snaplen_96, any_interface,
       any_interface_forwarded, mid_stream, close_codes]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="which recordings (default: all): " + ", ".join(f.__name__ for f in ALL))
    parser.add_argument("--out", default=str(HERE.parents[2] / "captures"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--offload-off", help=argparse.SUPPRESS)
    parser.add_argument("--forwarded-client", help=argparse.SUPPRESS)
    parser.add_argument("--lossy-client", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.offload_off:
        return offload_off(args.offload_off)
    if args.forwarded_client:
        return forwarded_client(args.forwarded_client)
    if args.lossy_client:
        return lossy_client(args.lossy_client)
    recordings = {f.__name__: f for f in ALL}
    if not args.inside:
        failed = []
        for name in args.names or recordings:
            print(name, flush=True)
            command = ["unshare", "--net", sys.executable, __file__, "--inside", "--out", args.out, name.replace("-", "_")]
            if subprocess.run(command).returncode:
                failed.append(name)
        raise SystemExit(f"failed: {', '.join(failed)}" if failed else 0)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    session = Session(args.names[0], args.out)
    try:
        recordings[args.names[0]](session)
    finally:
        session.stop()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
