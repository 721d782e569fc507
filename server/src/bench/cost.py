#!/usr/bin/env python3
"""CPU per request and throughput of two variants of the server, interleaved: several JVMs of each on
CPU 0, wrk on CPU 1, blocks in turn. From the project's root, after the build:

  server/src/bench/cost.py [--jvms=3] [--rounds=16] [--secs=1] [--warm=40] [--a=--stock]
      [--b='--context per-request'] [--path=/fast] [--script=orders.lua] [--jara=other.jar]

On one CPU the compilers are not done after a minute of warm-up: what they take is left out of the CPU
time, and told apart. JAVA names the JDK 25 java."""

import argparse
import pathlib
import re
import statistics
import subprocess

import bench

COMPILERS = re.compile(r"C[12] Compiler")


def wrk(arguments, port, seconds):
    """The requests that were answered, and how many a second."""
    script = ["-s", arguments.script] if arguments.script else []
    url = f"http://127.0.0.1:{port}{arguments.path}"
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{arguments.conns}", f"-d{seconds}s"]
    said = subprocess.run([*command, *script, url], capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        print(said)
    return (
        int(re.search(r"(\d+) requests in", said).group(1)),
        float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)),
    )


def cpu_nanos(pid):
    """What the threads of a process have run for: its compilers, and all others."""
    ran = [0, 0]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            compiles = COMPILERS.match((task / "comm").read_text()) is not None
            ran[0 if compiles else 1] += int((task / "schedstat").read_text().split()[0])
        except OSError:
            pass  # it has ended
    return ran


class Variant:
    def __init__(self, name, options, jar, loops):
        self.name = name
        self.command = ["-jar", jar, "serve", "--management-port=-1", f"--loops={loops}"]
        self.command += options.split()
        self.servers = []
        self.blocks = []

    def start(self, port):
        ready = f"http://127.0.0.1:{port}/fast"
        server = bench.Server(*self.command, f"--port={port}", ready=ready)
        self.servers.append((server.__enter__(), port))

    def measure(self, arguments, jvm):
        server, port = self.servers[jvm]
        before = cpu_nanos(server.process.pid)
        requests, rate = wrk(arguments, port, arguments.secs)
        after = cpu_nanos(server.process.pid)
        compilers, others = (
            (b - a) / requests / 1e3 for a, b in zip(before, after, strict=True)
        )
        self.blocks.append((jvm, others, rate, compilers))

    def medians(self, jvms, column):
        return [
            round(statistics.median(block[column] for block in self.blocks if block[0] == jvm), 2)
            for jvm in range(jvms)
        ]


def ratio(a, b, column):
    ratios = [y[column] / x[column] for x, y in zip(a.blocks, b.blocks, strict=True)]
    low, median, high = statistics.quantiles(ratios, method="inclusive")
    return f"{median:.3f} ({low:.3f} … {high:.3f})"


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in (("jvms", 3), ("rounds", 16), ("secs", 1), ("warm", 40), ("conns", 32)):
        options.add_argument("--" + name, type=int, default=value)
    options.add_argument("--loops", type=int, default=1)
    options.add_argument("--path", default="/fast")
    options.add_argument("--script")
    options.add_argument("--a", default="--stock")
    options.add_argument("--b", default="--context per-request")
    options.add_argument("--jara", default=bench.JAR)
    options.add_argument("--jarb", default=bench.JAR)
    arguments = options.parse_args()
    a = Variant("a", arguments.a, arguments.jara, arguments.loops)
    b = Variant("b", arguments.b, arguments.jarb, arguments.loops)
    try:
        for jvm in range(arguments.jvms):
            for variant in a, b:
                variant.start(21000 + 4 * jvm + 2 * (variant is b))
                wrk(arguments, variant.servers[jvm][1], arguments.warm)
        for round_ in range(arguments.rounds):
            for jvm in range(arguments.jvms):
                for variant in (a, b) if round_ % 2 == 0 else (b, a):
                    variant.measure(arguments, jvm)
    finally:
        for server, _ in a.servers + b.servers:
            server.__exit__()
    for variant in a, b:
        cpu, rate, compilers = (variant.medians(arguments.jvms, column) for column in (1, 2, 3))
        print(f"{variant.name}: CPU µs/request {cpu}, requests/s {rate}, compilers {compilers}")
    print(f"b / a: CPU {ratio(a, b, 1)}, requests/s {ratio(a, b, 2)}, {len(a.blocks)} pairs")


if __name__ == "__main__":
    main()
