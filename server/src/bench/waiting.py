#!/usr/bin/env python3
"""Services whose every request waits, on Baton and all peers: closed loops on /block/1 and
/native/1 with 64 and 256 connections, and on each with every other request a /fast, whose response
times are told apart. One server core (CPU 0), the load on CPU 1.

  mvn -q package -DskipTests
  server/src/bench/waiting.py [--jvms=3]
"""

import bench

PEERS = ["baton", "vertx", "vertx-worker", "vertx-virtual", "netty", "helidon", "undertow", "javalin"]
PORT = 23700


def loads(base, connections):
    """Path, connections, whether half is /fast, and what the generator is told."""
    for path in "/block/1", "/native/1":
        for count in connections:
            yield path, count, False, [base + path, f"--connections={count}"]
        half = [f"--mix={base}/fast=1", f"--mix={base}{path}=1"]
        yield path, connections[0], True, [*half, f"--connections={connections[0]}"]


def measure(arguments, peer, jvm):
    base = f"http://127.0.0.1:{PORT}"
    command = ["-jar", bench.PEERS, "serve", "--peer", peer, "--port", PORT]
    closed = ["--closed", "--drain=300ms", "--quiet", "--no-rehearsal"]
    with bench.Server(*command, ready=base + "/fast") as server:
        for path in "/fast", "/block/1", "/native/1":
            bench.warm(base + path, arguments.warm)
        for path, count, half, told in loads(base, arguments.connections):
            cpu = server.cpu()
            times = [f"--duration={arguments.seconds}s", "--warmup=1s"]
            seen = bench.load(*told, *closed, *times)
            answered = seen["requests"]["ok"] + seen["warmup"]["requests"]["ok"]
            line = {"p50_ms": seen["response_ms"]["p50"], "p99_ms": seen["response_ms"]["p99"]}
            if half:
                fast = next(t for t in seen["targets"] if "/fast" in t["name"])["response_ms"]
                line = {"fast_p50_ms": fast["p50"], "fast_p99_ms": fast["p99"]}
            bench.keep(
                arguments,
                load=f"{path}{' and /fast' if half else ''}, {count}",
                peer=peer,
                jvm=jvm,
                cpu_us=round(1e6 * (server.cpu() - cpu) / answered, 1),
                rate=round(seen["rate"]["delivered"]),
                **line,
                not_ok=seen["requests"]["scheduled"] - seen["requests"]["ok"],
            )


def main():
    options = bench.parser(
        __doc__, "waiting", seconds=(2, "length of a load"), warm=(2, "length of a warm-up")
    )
    options.add_argument("--peers", nargs="+", default=PEERS)
    options.add_argument("--connections", nargs="+", type=int, default=[64, 256])
    arguments = options.parse_args()
    for jvm in bench.jvms(arguments):
        for peer in bench.turns(arguments.peers, jvm):
            measure(arguments, peer, jvm)
    columns = ["cpu_us", "rate", "p50_ms", "p99_ms", "fast_p50_ms", "fast_p99_ms", "not_ok"]
    lines = sorted(bench.kept(arguments), key=lambda line: line["load"])
    bench.table(lines, ["load", "peer"], columns)


if __name__ == "__main__":
    main()
