#!/usr/bin/env python3
"""Runs the Autobahn test suite against `wscope echo`, and counts what it says by section.

The suite needs Python 2.7 (`autobahntestsuite` 25.10.1 of PyPI); `--wstest` names its program:

    python2.7 -m virtualenv FOLDER && FOLDER/bin/pip install autobahntestsuite==25.10.1
    tests/tools/autobahn/run.py --wstest FOLDER/bin/wstest target/release/wscope

Every job is one run of `wstest`: a whole section, or a single case of 12 and 13, which take minutes. Results are kept
below `--out`, and jobs that have one there are not run again, so that a run may be broken off.
"""

import argparse
import collections
import concurrent.futures
import json
import pathlib
import subprocess
import sys

# How many cases the two large sections have; each is a job.
LARGE = {"12": 5, "13": 7}
SIZES = 18
FINE = {"OK", "NON-STRICT", "INFORMATIONAL"}


def jobs(sections):
    for section in sections:
        if section in LARGE:
            # The long cases are the last of each group: they begin first.
            for size in range(SIZES, 0, -1):
                yield from (f"{section}.{group}.{size}" for group in range(1, LARGE[section] + 1))
        else:
            yield f"{section}.*"


def results(folder):
    try:
        return json.loads((folder / "index.json").read_text())["wscope"]
    except (OSError, ValueError, KeyError):
        return {}


def run(wstest, url, out, job):
    folder = out / job.replace("*", "all")
    if not results(folder):
        folder.mkdir(parents=True, exist_ok=True)
        spec = {
            "outdir": str(folder),
            "servers": [{"agent": "wscope", "url": url}],
            "cases": [job],
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        (folder / "spec.json").write_text(json.dumps(spec))
        with open(folder / "log", "wb") as log:
            command = [wstest, "--mode", "fuzzingclient", "--spec", str(folder / "spec.json")]
            subprocess.run(command, stdout=log, stderr=log, cwd=folder, check=False)
    return job, results(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wscope", type=pathlib.Path, help="the program")
    parser.add_argument("sections", nargs="*", default="1 2 3 4 5 6 7 9 10 12 13".split())
    parser.add_argument("--wstest", required=True)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("autobahn"))
    parser.add_argument("-j", "--jobs", type=int, default=1, help="runs at once")
    args = parser.parse_args()
    out = args.out.resolve()
    server = subprocess.Popen([args.wscope.resolve(), "echo", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().strip()
    server_log = concurrent.futures.ThreadPoolExecutor(1)
    server_log.submit(collections.deque, server.stdout, 0)
    counts = collections.defaultdict(collections.Counter)
    bad = []
    try:
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for job, cases in pool.map(lambda job: run(args.wstest, url, out, job), jobs(args.sections)):
                if not cases:
                    bad.append(f"{job}: no result")
                for case, result in cases.items():
                    behaviors = {result["behavior"], result["behaviorClose"]}
                    counts[case.split(".")[0]][result["behavior"]] += 1
                    if behaviors - FINE:
                        bad.append(f"{case}: {result['behavior']}, close {result['behaviorClose']}")
                        print(bad[-1], flush=True)
    finally:
        server.terminate()
        server.wait()
    for section, by in sorted(counts.items(), key=lambda item: int(item[0])):
        kinds = ", ".join(f"{count} {kind}" for kind, count in by.most_common())
        print(f"{section:>2}: {sum(by.values())} cases: {kinds}")
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
