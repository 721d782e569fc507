#!/usr/bin/env python3
"""Requests/s where every request holds one lock for 30 µs: Baton beside stock Vert.x, two loops,
48 connections, on two CPUs that the load (wrk) shares.

A JVM of each lives at a time, and blocks of --seconds are measured in turn. `ratio` is that of a
block on Baton to the one beside it on stock; takeovers are Baton's own count.

  mvn -q package -DskipTests
  server/src/bench/lock.py [--jvms=3]
"""

import contextlib
import time

import bench

PATHS = ["/synchronized", "/lock"]
PORTS = {"baton": 23400, "stock": 23410}


def wrk(port, path, seconds):
    seen = bench.wrk(f"http://127.0.0.1:{port}{path}", seconds, "-c48", prefix=())
    return seen["rate"], seen["p99_ms"]


def takeovers(mode):
    return int(bench.get(f"http://127.0.0.1:{PORTS[mode]}/takeovers"))


def block(mode, path, seconds):
    before, began = takeovers(mode), time.monotonic()
    rate, p99 = wrk(PORTS[mode], path, seconds)
    return rate, p99, (takeovers(mode) - before) / (time.monotonic() - began)


def start(mode, options):
    port = PORTS[mode]
    service = ["-cp", bench.JAR, bench.HERE / "WaitingService.java", mode, port, 2, options]
    return bench.Server(*service, cpus="0-1", ready=f"http://127.0.0.1:{port}/fast")


def main():
    options = bench.parser(
        __doc__,
        "lock",
        seconds=(3, "length of a block"),
        warm=(6, "seconds of warm-up on each path"),
        rounds=(4, "blocks on each path in a JVM"),
        options=("{}", "Baton's, as JSON"),
    )
    arguments = options.parse_args()
    for jvm in bench.jvms(arguments):
        with contextlib.ExitStack() as servers:
            for mode in PORTS:
                servers.enter_context(start(mode, arguments.options))
            for mode in PORTS:
                for path in PATHS:
                    wrk(PORTS[mode], path, arguments.warm)
            for turn in range(arguments.rounds):
                for path in PATHS:
                    order = bench.turns([*PORTS], turn)
                    seen = {mode: block(mode, path, arguments.seconds) for mode in order}
                    bench.keep(
                        arguments,
                        path=path,
                        options=arguments.options,
                        jvm=jvm,
                        baton_rate=round(seen["baton"][0]),
                        stock_rate=round(seen["stock"][0]),
                        ratio=round(seen["baton"][0] / seen["stock"][0], 3),
                        baton_p99_ms=seen["baton"][1],
                        stock_p99_ms=seen["stock"][1],
                        takeovers_per_s=round(seen["baton"][2], 1),
                    )
    columns = ["baton_rate", "stock_rate", "ratio", "baton_p99_ms", "stock_p99_ms"]
    bench.table(bench.kept(arguments), ["path", "options"], [*columns, "takeovers_per_s"])


if __name__ == "__main__":
    main()
