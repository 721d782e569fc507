#!/usr/bin/env python3
"""A route that changes its mind: for --seconds it never waits, then each of its requests sleeps
--ms, then none again, and so on for --cycles. Baton beside stock Vert.x, one loop on CPU 0.

200 requests/s of it, and 4,000/s of /fast whose response times are told apart: those of the first
second after each change, and those of the time until the next. `adapted` is what the service saw:
the first request that was started ahead after the route began to wait, and the last one after it
ceased to; - if none was.

  mvn -q package -DskipTests
  server/src/bench/mind.py [--jvms=3]
"""

import datetime
import json
import time

import bench

PORTS = {"baton": 23600, "stock": 23610}
GET_READY = 15


def phases(cycles, seconds):
    """Name, milliseconds that /mind sleeps (or None: as before), and length."""
    yield "start", None, 2
    yield "never waits", None, seconds
    for cycle in range(1, cycles + 1):
        for mind, sleeps in ("always", True), ("never", False):
            yield f"{cycle}: to {mind}", sleeps, 1
            yield f"{cycle}: {mind}", None, seconds


def measure(arguments, mode, jvm):
    port = PORTS[mode]
    base = f"http://127.0.0.1:{port}"
    service = ["-cp", bench.JAR, bench.HERE / "WaitingService.java", mode, port, 1]
    plan = list(phases(arguments.cycles, arguments.seconds))
    with bench.Server(*service, ready=base + "/fast") as server:
        bench.warm(base + "/fast", 8)
        start = time.time() + GET_READY
        when = datetime.datetime.fromtimestamp(start, datetime.timezone.utc)
        common = ["--warmup=0s", f"--start-at={when:%FT%T.%fZ}"]
        named = [f"--phase={name.replace(': ', ' ')}=4k:{length}s" for name, _, length in plan]
        length = sum(length for _, _, length in plan)
        minds = ["--rate=200", f"--duration={length}s"]
        slow = bench.generator("run", base + "/mind", "--quiet", "--no-rehearsal", *minds, *common)
        fast = bench.generator("run", base + "/fast", "--quiet", "--realtime", *named, *common)
        at = start
        for _, sleeps, length in plan:
            if sleeps is not None:
                time.sleep(max(0, at - time.time()))
                bench.get(f"{base}/mind/{arguments.ms if sleeps else 0}", timeout=60)
            at += length
        seen, _ = bench.report(fast), bench.report(slow)
        bench.get(f"{base}/mind/0")
        told = iter(json.loads(bench.get(base + "/minds"))[1:])
        for (name, sleeps, _), phase in zip(plan, seen["phases"]):
            line = {"p50_ms": phase["response_ms"]["p50"], "p99_ms": phase["response_ms"]["p99"]}
            if sleeps is not None:
                how = next(told)
                edge = how.get("first" if sleeps else "last") or {}
                line |= {"adapted_request": edge.get("request"), "adapted_ms": edge.get("ms")}
                line |= {"requests": how["requests"], "ahead": how["ahead"]}
            bench.keep(arguments, mode=mode, phase=name, jvm=jvm, **line)


def main():
    options = bench.parser(
        __doc__,
        "mind",
        ms=(2, "milliseconds that it sleeps"),
        seconds=(3, "time from a second after a change to the next"),
        cycles=(2, "changes to and fro"),
    )
    arguments = options.parse_args()
    for jvm in bench.jvms(arguments):
        for mode in bench.turns([*PORTS], jvm):
            measure(arguments, mode, jvm)
    columns = ["p50_ms", "p99_ms", "adapted_request", "adapted_ms", "requests", "ahead"]
    bench.table(bench.kept(arguments), ["mode", "phase"], columns)


if __name__ == "__main__":
    main()
