#!/usr/bin/env python3
"""How `wscope live` bears traffic on loopback: for long, and beside tcpdump at several rates; and `wscope echo` many clients.

    soak.py [--minutes 5] [--rate 2000] [--each 500] WSCOPE    memory of live (which writes and rotates) and of echo, each minute
    soak.py --compare 1000,5000,20000 WSCOPE                   packets seen and dropped, by tcpdump and by live at the same time
    soak.py --idle 10000 WSCOPE                                memory of echo with so many idle clients, and with 100 that never read

`wscope echo` answers clients of this script, which send text messages of some 120 bytes, one a packet, at a rate a second in all, and open
another connection after `--each` of them; a loop of `wscope talk` adds connections that are compressed. Linux, root (or the right to capture), and for
`--compare` tcpdump. What was sent is compared with what live tells, so a message that got lost is seen. Where the clients do not reach the
rate, the rate that was reached is printed.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

CLIENTS = 2
TICK = 0.01


def frame(opcode, payload):
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked


def connect(port):
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(
        b"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    return client


def receive(client, want):
    while want > 0:
        got = len(client.recv(min(want, 1 << 16)))
        if got == 0:
            sys.exit("the server went away")
        want -= got


def converse(port, rate, each, seconds, sent):
    """Sends `rate` messages a second, and reads as many echoes."""
    payload = json.dumps({"symbol": "WSC", "bid": 61204.5, "note": "x" * 70}).encode()
    frames = [frame(1, payload) for _ in range(64)]
    begin = time.monotonic()
    client, count, here, owed = connect(port), 0, 0, 0
    while (now := time.monotonic() - begin) < seconds:
        due = int(now * rate) - count
        for _ in range(min(due, each - here, max(1, int(rate * TICK)))):
            client.sendall(frames[count % 64])
            count += 1
            here += 1
            owed += len(payload) + 2
        receive(client, owed)
        owed = 0
        if here >= each:
            close(client)
            client, here = connect(port), 0
        if due <= 0:
            time.sleep(TICK)
    close(client)
    with sent.get_lock():
        sent.value += count


def close(client):
    client.sendall(frame(8, b"\x03\xe8"))
    receive(client, 4)
    client.recv(1)
    client.close()


def talks(wscope, url, stop, told):
    """Connections that are compressed, one after the other."""
    lines = "".join(json.dumps({"n": n, "words": "the same words again " * 5}) + "\n" for n in range(20))
    while not stop.wait(0.2):
        subprocess.run([wscope, "talk", url, "-q"], input=lines.encode(), stdout=subprocess.DEVNULL, check=True)
        told.append(20)


def rss(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def load():
    return "load " + " ".join(f"{value:.1f}" for value in os.getloadavg()) + f" on {os.cpu_count()} cores"


class Scene:
    def __init__(self, wscope, *live):
        self.echo = subprocess.Popen([wscope, "echo", "127.0.0.1:0", "-q"], stdout=subprocess.PIPE, text=True)
        self.url = self.echo.stdout.readline().strip()
        self.port = int(re.search(r":(\d+)/", self.url)[1])
        command = [wscope, "live", "-i", "lo", "-f", f"tcp port {self.port}", "--json", "--payload", "head=16", *live]
        self.live = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # What it tells is read as fast as it comes, and its messages are counted.
        self.count = subprocess.Popen(
            ["grep", "-cE", '"type":"message".*"kind":"text"'], stdin=self.live.stdout, stdout=subprocess.PIPE, text=True
        )
        while "listening" not in self.live.stderr.readline():
            pass

    def traffic(self, rate, each, seconds):
        sent = multiprocessing.Value("q", 0)
        args = (self.port, rate / CLIENTS, each, seconds, sent)
        clients = [multiprocessing.Process(target=converse, args=args) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        return clients, sent

    def finish(self):
        time.sleep(0.5)
        self.live.send_signal(signal.SIGINT)
        said = self.live.stderr.read()
        self.live.stdout.close()
        messages = int(self.count.communicate()[0])
        self.echo.send_signal(signal.SIGINT)
        self.echo.wait()
        return messages, next(line for line in said.splitlines() if line.startswith("lo: "))


def soak(args):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "live.pcapng"
        scene = Scene(args.wscope, "-w", str(file), "--rotate-size", "20M", "--keep", "4", *args.live)
        print(f"{load()}; {args.rate} messages a second, {args.each} a connection")
        clients, sent = scene.traffic(args.rate, args.each, args.minutes * 60)
        stop, told = threading.Event(), []
        talking = threading.Thread(target=talks, args=(args.wscope, scene.url, stop, told))
        talking.start()
        begin, most, due = time.monotonic(), [0.0, 0.0], 0
        while any(client.is_alive() for client in clients):
            time.sleep(1)
            now = [rss(scene.live), rss(scene.echo)]
            most = [max(pair) for pair in zip(most, now)]
            if time.monotonic() - begin >= due:
                print(f"{due:>5} s: live {now[0]:.1f} MB, echo {now[1]:.1f} MB", flush=True)
                due += 60 if due else 10
                due -= due % 60 if due > 60 else 0
        stop.set()
        talking.join()
        files = sorted(file.parent.iterdir())
        messages, packets = scene.finish()
        expected = 2 * (sent.value + sum(told))
        print(f"most: live {most[0]:.1f} MB, echo {most[1]:.1f} MB; {len(files)} files, the last {files[-1].name}")
        print(f"{expected} messages sent and echoed, {messages} told; {packets}; {load()}")
        return 0 if messages == expected else 1


def compare(args):
    lost = 0
    print("| sent/s | reached/s | tcpdump: captured, dropped | live: captured, dropped | messages sent and echoed, told | load |")
    print("|--:|--:|--|--|--|--|")
    for rate in args.compare:
        scene = Scene(args.wscope, *args.live)
        dump = subprocess.Popen(
            ["tcpdump", "-i", "lo", "-B", "16384", "-w", "/dev/null", f"tcp port {scene.port}"],
            stderr=subprocess.PIPE,
            text=True,
        )
        while "listening" not in dump.stderr.readline():
            pass
        time.sleep(0.2)
        begin = time.monotonic()
        clients, sent = scene.traffic(rate, args.each, args.seconds)
        for client in clients:
            client.join()
        reached = sent.value / (time.monotonic() - begin)
        # It leaves what the kernel still holds back for up to a second.
        time.sleep(2)
        dump.send_signal(signal.SIGINT)
        said = dump.communicate()[1]
        number = lambda what: int(re.search(rf"(\d+) packets? {what}", said)[1])
        messages, packets = scene.finish()
        lost += 2 * sent.value - messages
        ours = re.match(r"lo: ([\d,]+) packets captured, (.*)", packets)
        print(
            f"| {rate:,} | {reached:,.0f} | {number('captured'):,}, {number('dropped by kernel'):,} "
            f"| {ours[1]}, {ours[2]} | {2 * sent.value:,}, {messages:,} | {os.getloadavg()[0]:.1f} |",
            flush=True,
        )
    return 1 if lost else 0


def idle(args):
    resource.setrlimit(resource.RLIMIT_NOFILE, (args.idle + 1000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    echo = subprocess.Popen([args.wscope, "echo", "127.0.0.1:0", "-q"], stdout=subprocess.PIPE, text=True)
    port = int(re.search(r":(\d+)/", echo.stdout.readline())[1])
    tell = lambda what: print(f"{what}: {rss(echo):.1f} MB", flush=True)
    tell("nobody")
    clients = [connect(port) for _ in range(args.idle)]
    tell(f"{args.idle} clients")
    message = frame(2, bytes(100))
    for client in clients:
        client.sendall(message)
    for client in clients:
        receive(client, 102)
    tell("each had an echo of 100 bytes")
    for client in clients:
        client.close()
    deaf = {connect(port): b"" for _ in range(100)}
    for client in deaf:
        client.setblocking(False)
    header = b"\x82\xff" + (1 << 16).to_bytes(8, "big") + bytes(4)
    message, sent, quiet = header + bytes(1 << 16), 0, 0
    while quiet < 20:
        quiet += 1
        for client, rest in deaf.items():
            try:
                took = client.send(rest or message)
            except BlockingIOError:
                continue
            deaf[client] = (rest or message)[took:]
            sent += took
            quiet = 0
        if quiet:
            time.sleep(0.1)
    tell(f"100 clients that never read, and sent {sent >> 20} MiB until they were not read from any more")
    echo.terminate()
    return echo.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wscope", help="the program")
    parser.add_argument("live", nargs=argparse.REMAINDER, help="further options of live")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--rate", type=int, default=2000, help="messages a second")
    parser.add_argument("--each", type=int, default=500, help="messages of a connection")
    parser.add_argument("--seconds", type=float, default=10, help="of each comparison")
    parser.add_argument("--compare", type=lambda text: [int(rate) for rate in text.split(",")])
    parser.add_argument("--idle", type=int)
    args = parser.parse_args()
    if args.idle:
        return idle(args)
    return compare(args) if args.compare else soak(args)


if __name__ == "__main__":
    sys.exit(main())
