#!/usr/bin/env python3
"""How long the terminal UI takes, as its user sees it: on a pseudo-terminal of 120x36.

    tests/tools/tui/keys.py [-n RUNS] WSCOPE CAPTURE KEY...

Prints medians: start to the first rows, all work done, memory, ticks of the CPU while nothing happens; and for each key the
time to the first byte of the answer, and to the last change of the screen. Keys are as `wscope` names them: j, G, <Enter>, <Esc>.
Linux only.
"""

import argparse
import fcntl
import os
import pty
import re
import select
import statistics
import struct
import sys
import termios
import time

NAMES = {"<Enter>": "\r", "<Esc>": "\x1b", "<Tab>": "\t", "<Right>": "\x1b[C", "<Space>": " "}
ROW = re.compile(rb"\d+\.\d+\.\d+\.\d+|\]:\d+")


class Screen:
    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execv(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))

    def read(self, wait):
        if not select.select([self.fd], [], [], wait)[0]:
            return None
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return b""
        if b"\x1b]11;?" in data or b"\x1b[c" in data:
            # What a dark terminal answers.
            os.write(self.fd, b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62c")
        return data

    def ticks(self):
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def memory(self):
        with open(f"/proc/{self.pid}/status") as status:
            lines = {line.split(":")[0]: line for line in status}
        return int(lines["VmRSS"].split()[1]) / 1024

    def settle(self, since, most=90):
        """Until nothing is drawn and no time is taken; returns when the screen changed last."""
        last = since
        while time.monotonic() - since < most:
            ticks = self.ticks()
            if self.read(0.2):
                last = time.monotonic()
            elif self.ticks() - ticks <= 1:
                break
        return last

    def end(self):
        os.write(self.fd, b"\x03")
        while self.read(2):
            pass
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def run(wscope, capture, keys):
    since = time.monotonic()
    screen = Screen([wscope, capture])
    seen = b""
    while not ROW.search(seen) and time.monotonic() - since < 30:
        seen += screen.read(0.01) or b""
    first = time.monotonic() - since
    done = screen.settle(since) - since
    memory, ticks = screen.memory(), screen.ticks()
    time.sleep(2)
    ticks = screen.ticks() - ticks
    times = []
    for key in keys:
        while screen.read(0):
            pass
        since = time.monotonic()
        os.write(screen.fd, NAMES.get(key, key).encode())
        screen.read(10)
        answered = time.monotonic()
        times.append((answered - since, screen.settle(answered) - since))
    screen.end()
    return [first, done, memory, ticks], times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=3, metavar="RUNS")
    parser.add_argument("wscope")
    parser.add_argument("capture")
    parser.add_argument("key", nargs="*")
    args = parser.parse_args()
    runs = [run(args.wscope, args.capture, args.key) for _ in range(args.n)]
    first, done, memory, ticks = (statistics.median(run[0][n] for run in runs) for n in range(4))
    print(f"first rows {first * 1000:.0f} ms, all done {done:.1f} s, {memory:.0f} MB, idle {ticks:.0f} ticks in 2 s")
    for n, key in enumerate(args.key):
        answered, settled = (1000 * statistics.median(run[1][n][i] for run in runs) for i in range(2))
        print(f"{key:8} {answered:7.1f} ms {settled:8.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
