#!/usr/bin/env python3
"""Measures wscope against tshark and cat on captures, and prints a Markdown table.

    compare.py [-n RUNS] [--wscope PATH] [--tshark PATH] [--check] CAPTURE...

Every round runs each command once, so that a busy machine is busy for all of them; figures are medians over the rounds. CPU is user + system
time of the child, as the kernel counts it (wait4). Output goes to /dev/null. Peak memory comes from one more run, which is watched.
Packets and frames are what `wscope export --records summary` counts; `--check` compares them with CAPTURE.truth.json, where there is one,
and makes differences an exit code of 1. Nothing but Python, wscope and (if it is there) tshark is needed.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

FIELDS = ["frame.number", "frame.time_epoch", "tcp.stream", "websocket.fin", "websocket.opcode", "websocket.payload_length"]


def commands(args):
    """The name of each column's command, and how to call it with a capture."""
    tools = {
        "export -j1": lambda file: [args.wscope, "export", "-j1", file],
        "export -j2": lambda file: [args.wscope, "export", "-j2", file],
        "summary -j1": lambda file: [args.wscope, "export", "-j1", "--records", "summary", file],
        "check -j1": lambda file: [args.wscope, "check", "-j1", "-q", "--no-config", "--exit-zero", file],
        "stats -j1": lambda file: [args.wscope, "stats", "-j1", file],
    }
    if args.tshark:
        fields = [word for field in FIELDS for word in ("-e", field)]
        tools["tshark"] = lambda file: [args.tshark, "-n", "-r", file, "-Y", "websocket", "-T", "fields", *fields]
    tools["cat"] = lambda file: ["cat", file]
    return tools


def start(command):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(command):
    """CPU and wall seconds of one run."""
    begin = time.monotonic()
    child = start(command)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: exit code {child.returncode}")
    return usage.ru_utime + usage.ru_stime, wall


def peak(command):
    """Peak resident MB of one run; 0 where it was over before it could be looked at.

    What wait4 says of it is at least what this interpreter takes, so the child is watched instead, every half millisecond.
    """
    child = start(command)
    high = 0
    while child.poll() is None:
        try:
            with open(f"/proc/{child.pid}/status", encoding="ascii", errors="replace") as status:
                kib = next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
            # Before it becomes the command, the child is a copy of this interpreter.
            if os.readlink(f"/proc/{child.pid}/exe") != os.readlink("/proc/self/exe"):
                high = max(high, kib)
        except OSError:
            pass
        time.sleep(0.0005)
    return high * 1024 / 1e6


def summary(wscope, file):
    done = subprocess.run([wscope, "export", "--records", "summary", file], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def check(file, counts):
    """Says where the counts differ from the truth file's; whether they may not.

    Damaged messages may be counted or not, and so may what is in them; nothing else may be missing, and nothing invented.
    """
    try:
        with open(file + ".truth.json", encoding="utf-8") as truth:
            truth = json.load(truth)
    except FileNotFoundError:
        return False
    damaged = truth["damaged_messages"]
    wrong = []
    for name, true, slack in [
        ("packets", "packets", 0),
        ("connections", "ws_handshakes", 0),
        ("frames", "frames", damaged + truth["damaged_control_frames"]),
        ("messages", "messages", damaged),
    ]:
        if not truth[true] - slack <= counts[name] <= truth[true]:
            wrong.append(f"{name} {counts[name]} instead of {truth[true]}")
    told = ", ".join(wrong) or "as in the truth file"
    if damaged:
        told += f"; {damaged} messages are damaged, {counts['messages'] - truth['messages'] + damaged} of them were counted"
    print(f"{os.path.basename(file)}: {told}", file=sys.stderr)
    return bool(wrong)


def row(file, name, cpu, wall, memory, reference, counts):
    size = os.path.getsize(file)
    ratio = lambda other: f"{reference[other] / cpu:.1f}" if other in reference and other != name else "–"
    cat = f"{cpu / reference['cat']:.1f}" if name != "cat" else "–"
    each = lambda what: f"{cpu * 1e9 / counts[what]:,.0f}" if counts[what] else "–"
    cells = [os.path.basename(file), name, f"{cpu * 1e3:,.0f}", f"{wall * 1e3:,.0f}", ratio("tshark"), cat]
    cells += [each("packets"), each("frames"), f"{size / cpu / 1e6:,.0f}", f"{memory:,.1f}" if memory else "–"]
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=3, help="rounds (3)")
    parser.add_argument("--wscope", default=shutil.which("wscope"), help="the program, if it is not on the PATH")
    parser.add_argument("--tshark", default=shutil.which("tshark"), help="likewise; an empty name leaves it out")
    parser.add_argument("--check", action="store_true", help="compare the counts with the truth files")
    parser.add_argument("captures", nargs="+", metavar="CAPTURE")
    args = parser.parse_args()
    if not args.wscope:
        parser.error("wscope is not on the PATH: name it with --wscope")
    tools = commands(args)
    print("| capture | command | CPU ms | wall ms | less than tshark, x | more than cat, x | ns/packet | ns/frame | MB/s | peak MB |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    wrong = False
    for file in args.captures:
        counts = summary(args.wscope, file)  # warms the page cache, too
        wrong |= args.check and check(file, counts)
        runs = {name: [] for name in tools}
        for _ in range(args.n):
            for name, tool in tools.items():
                runs[name].append(measure(tool(file)))
        cpu = {name: max(statistics.median(cpu for cpu, _ in of), 1e-6) for name, of in runs.items()}
        for name, tool in tools.items():
            wall = statistics.median(wall for _, wall in runs[name])
            print(row(file, name, cpu[name], wall, peak(tool(file)), cpu, counts), flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
