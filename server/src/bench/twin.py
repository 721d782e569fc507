#!/usr/bin/env python3
"""What recording and watching costs a request: the demo with all of it beside the demo with nothing,
both in one JVM on CPU 0, so that the compilers have done the same to both; wrk on CPU 1, blocks in turn.
The watch runs meanwhile in either block; what it takes is told apart. From the project's root, after the
build:

  server/src/bench/twin.py [--jvms=3] [--rounds=16] [--secs=1] [--warm=40]
"""

import argparse
import pathlib

import bench
import cost

PORT = 23980


def watch_nanos(server):
    """What the thread has run for that watches."""
    for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir():
        if (task / "comm").read_text().startswith("baton-watch"):
            return int((task / "schedstat").read_text().split()[0])
    raise SystemExit("nobody watches")


def load(arguments, port, seconds):
    return bench.wrk(f"http://127.0.0.1:{port}/fast", seconds, f"-c{arguments.conns}")


def measure(arguments, server, port):
    """Microseconds of CPU per request without the watch, of the watch, and of the compilers."""
    before, watched = cost.cpu_nanos(server.process.pid), watch_nanos(server)
    seen = load(arguments, port, arguments.secs)
    compilers, others = cost.between(before, cost.cpu_nanos(server.process.pid))
    watched = watch_nanos(server) - watched
    return [nanos / seen["requests"] / 1e3 for nanos in (others - watched, watched, compilers)]


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in (("jvms", 3), ("rounds", 16), ("secs", 1), ("warm", 40), ("conns", 32)):
        options.add_argument("--" + name, type=int, default=value)
    arguments = options.parse_args()
    pairs = []
    for _ in range(arguments.jvms):
        service = ["-cp", bench.JAR, bench.HERE / "TwinService.java", PORT]
        with bench.Server(*service, ready=f"http://127.0.0.1:{PORT + 1}/fast") as server:
            for turn in range(8):
                for port in bench.turns([PORT, PORT + 1], turn):
                    load(arguments, port, arguments.warm // 8)
            for block in range(arguments.rounds):
                order = bench.turns([PORT, PORT + 1], block)
                seen = {port: measure(arguments, server, port) for port in order}
                pairs.append((seen[PORT], seen[PORT + 1]))
    for name, which in ("off", 0), ("on", 1):
        columns = zip(*(pair[which] for pair in pairs), strict=True)
        requests, watch, compilers = (bench.spread(column, 3) for column in columns)
        print(f"{name}: CPU µs/request {requests}, the watch {watch}, compilers {compilers}")
    print(f"on / off: CPU {bench.spread([on[0] / off[0] for off, on in pairs], 4)}, {len(pairs)} pairs")


if __name__ == "__main__":
    main()
