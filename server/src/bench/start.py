#!/usr/bin/env python3
"""How soon a new process serves, and how soon it first takes a loop over: the demo service with an
AOT cache, without one, and on stock Vert.x, one event loop, interleaved.

  mvn -q package -DskipTests -Paot
  server/src/bench/start.py --starts 10 > start.json

A start ends with the first answer to GET /fast. Then GET /block/1000 is sent, and 50 ms later
GET /fast: on stock Vert.x it waits for the rest of that second. `next handler` is what the server
itself measured, from the kernel's time of that first block to the next handler on the new owner.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

import bench

TARGET = pathlib.Path(__file__).parents[2] / "target"
TICK = os.sysconf("SC_CLK_TCK")


def get(port, path, timeout=60):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request("GET", path)
    body = connection.getresponse().read()
    connection.close()
    return body


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def nanos(takeover):
    """None waited for the new owner if there is no next handler."""
    ran = takeover["nextRanAfterNanos"]
    return ran if ran >= 0 else takeover["resumedAfterNanos"]


def start(java, jar, options, arguments):
    """One life of a server; times in milliseconds."""
    began = time.monotonic()
    command = [java, "-Xlog:aot=off", "-Xlog:cds=off", *options, "-jar", jar, "serve", "--loops=1"]
    command += ["--port=0", "--management-port=0", *arguments]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        line = server.stdout.readline()
        port, management = map(int, re.findall(r"http://[^:]+:(\d+)/", line))
        get(port, "/fast")
        answered = time.monotonic()
        cpu = cpu_seconds(server.pid)
        blocked = threading.Thread(target=get, args=(port, "/block/1000"))
        blocked.start()
        time.sleep(0.05)
        asked = time.monotonic()
        get(port, "/fast")
        beside = time.monotonic() - asked
        takeovers = json.loads(get(management, "/baton/api/takeovers"))["takeovers"]
        blocked.join()
        blocks = [t for t in takeovers if (t["ran"] or {}).get("path") == "/block/1000"]
        return {
            "first response": (answered - began) * 1e3,
            "CPU until then": cpu * 1e3,
            "/fast beside the first block": beside * 1e3,
            "block to next handler": nanos(blocks[0]) / 1e6 if blocks else None,
        }
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=10, help="of each; default 10")
    parser.add_argument("--java", default=None, help="default: the JDK of server/target/baton")
    parser.add_argument("--target", default=TARGET, type=pathlib.Path, help="where the jar is")
    arguments = parser.parse_args()
    java = arguments.java
    if java is None:
        java = re.search(r"'([^']*/bin/java)'", (arguments.target / "baton").read_text()).group(1)
    jar = str(arguments.target / "baton-server.jar")
    cache = arguments.target / "baton.aot"
    if not cache.exists():
        sys.exit(f"{cache} is missing: make it with mvn package -DskipTests -Paot")
    kinds = {
        "with AOT cache": ([f"-XX:AOTCache={cache}"], []),
        "without": ([], []),
        "stock": ([], ["--stock"]),
        "stock, with AOT cache": ([f"-XX:AOTCache={cache}"], ["--stock"]),
    }
    runs = {kind: [] for kind in kinds}
    for _ in range(arguments.starts):
        for kind, (options, more) in kinds.items():
            runs[kind].append(start(java, jar, options, more))
    json.dump({"load": os.getloadavg(), "cpus": os.cpu_count(), "runs": runs}, sys.stdout, indent=1)
    print("| ms, median (min … max) |", " | ".join(kinds), "|", file=sys.stderr)
    for name in runs["stock"][0]:
        cells = []
        for kind in kinds:
            values = [run[name] for run in runs[kind] if run[name] is not None]
            told = [statistics.median(values), min(values), max(values)] if values else []
            cells.append("{} ({} … {})".format(*(bench.number(v, 3) for v in told)) if told else "")
        print("|", name, "|", " | ".join(cells), "|", file=sys.stderr)


if __name__ == "__main__":
    main()
