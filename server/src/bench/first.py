#!/usr/bin/env python3
"""The first takeover of a process beside its hundredth: from the kernel's time of the block to the next
handler on the new owner, as the server measures it. Ten processes, one event loop each.

  mvn -q package -DskipTests
  server/src/bench/first.py --starts 10 > first.json

GET /block/20 blocks a hundred times, and GET /fast is sent beside each; requests are not started ahead.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

import bench
from start import TARGET, get, nanos

BLOCKS = 100


def start(java, jar):
    """Milliseconds of each block of one process, in order."""
    command = [java, "--enable-native-access=ALL-UNNAMED", "-jar", jar, "serve", "--loops=1", "--port=0"]
    command += ["--management-port=0", "--no-start-ahead"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port, management = map(int, re.findall(r"http://[^:]+:(\d+)/", server.stdout.readline()))
        get(port, "/fast")
        for _ in range(BLOCKS):
            blocked = threading.Thread(target=get, args=(port, "/block/20"))
            blocked.start()
            time.sleep(0.005)
            get(port, "/fast")
            blocked.join()
        takeovers = json.loads(get(management, "/baton/api/takeovers"))["takeovers"]
        blocks = [t for t in takeovers if (t["ran"] or {}).get("path") == "/block/20"]
        return [nanos(t) / 1e6 for t in sorted(blocks, key=lambda t: t["number"])]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--java", default=None, help="default: $JAVA, else the JDK of server/target/baton")
    parser.add_argument("--jar", default=str(TARGET / "baton-server.jar"))
    arguments = parser.parse_args()
    java = arguments.java or bench.java()
    runs = [start(java, arguments.jar) for _ in range(arguments.starts)]
    json.dump({"load": os.getloadavg(), "cpus": os.cpu_count(), "runs": runs}, sys.stdout)
    for name, values in ("first", [r[0] for r in runs if r]), ("last", [r[-1] for r in runs if r]):
        print(
            f"{name:6} p50 {statistics.median(values):.3f} max {max(values):.3f} ms, {len(values)} processes",
            file=sys.stderr,
        )
    print(f"takeovers of each: {[len(r) for r in runs]}", file=sys.stderr)


if __name__ == "__main__":
    main()
