#!/usr/bin/env python3
"""CPU and garbage per request and throughput of two variants of the server, interleaved: several JVMs
of each on CPU 0, wrk on CPU 1, or h2load with --streams; blocks in turn. From the project's root, after
the build:

  server/src/bench/cost.py [--jvms=3] [--rounds=16] [--secs=1] [--warm=40] [--a=--stock]
      [--b='--context per-request'] [--path=/fast] [--script=orders.lua] [--jara=other.jar]
      [--streams=32, of each connection: HTTP/2]

A variant that begins with a file of source is run from it, with its arguments and --port=N.

On one CPU the compilers are not done after a minute of warm-up: what they take is left out of the CPU
time, and told apart. JAVA names the JDK 25 java."""

import argparse
import contextlib
import re
import statistics
import subprocess
import time

import bench

COMPILERS = re.compile(r"C[12] Compiler")
CPUCLOCK_SCHED = 2  # of the kernel: the clock of a process's CPU time


def load(arguments, port, seconds):
    script = ["-s", arguments.script] if arguments.script else []
    url = f"http://127.0.0.1:{port}{arguments.path}"
    if arguments.streams:
        return bench.h2load(url, seconds, arguments.conns, arguments.streams)
    return bench.wrk(url, seconds, f"-c{arguments.conns}", *script)


def cpu_nanos(pid):
    """What a process has run for, its threads that have ended too, and each of its compilers."""
    threads = bench.threads(pid).items()
    compilers = {thread: ran for thread, ran in threads if COMPILERS.match(thread[0])}
    return time.clock_gettime_ns(~pid << 3 | CPUCLOCK_SCHED), compilers


def allocated(pid):
    """Bytes that have been allocated, to the waste of a collection: what was collected, and is there."""
    said = subprocess.run(
        [bench.java("jstat"), "-gc", str(pid)], capture_output=True, text=True, check=True
    ).stdout
    names, values = (line.split() for line in said.splitlines())
    seen = dict(zip(names, values, strict=True))
    collections, size, used = (float(seen[name]) for name in ("YGC", "EC", "EU"))
    return (collections * size + used) * 1024


def between(before, after):
    """What compilers have run for, and all others."""
    compilers = sum(ran - before[1].get(thread, 0) for thread, ran in after[1].items())
    return compilers, after[0] - before[0] - compilers


class Variant:
    """Servers that are started alike, and what was seen of them, block by block."""

    def __init__(self, name, options, jar, loops):
        self.name = name
        if options.partition(" ")[0].endswith(".java"):
            self.command = ["-cp", jar, *options.split()]
        else:
            self.command = ["-jar", jar, "serve", "--management-port=-1", f"--loops={loops}"]
            self.command += options.split()
        self.servers = []
        self.blocks = []
        self.bytes = []

    def start(self, port):
        ready = f"http://127.0.0.1:{port}/fast"
        server = bench.Server(*self.command, f"--port={port}", ready=ready)
        self.servers.append((server, port))
        return server

    def measure(self, arguments, jvm):
        server, port = self.servers[jvm]
        before = cpu_nanos(server.process.pid)
        seen = load(arguments, port, arguments.secs)
        ran = between(before, cpu_nanos(server.process.pid))
        compilers, others = (nanos / seen["requests"] / 1e3 for nanos in ran)
        block = {"jvm": jvm, "requests": seen["requests"], "rate": seen["rate"]}
        self.blocks.append({**block, "cpu": others, "jit": compilers})

    def count(self):
        """Bytes so far, of each JVM: before the first block, and after the last."""
        self.bytes.append([allocated(server.process.pid) for server, _ in self.servers])

    def bytes_per_request(self, jvms):
        before, after = self.bytes
        requests = [sum(b["requests"] for b in self.blocks if b["jvm"] == jvm) for jvm in range(jvms)]
        return [round((after[jvm] - before[jvm]) / requests[jvm]) for jvm in range(jvms)]

    def medians(self, column, jvms, digits):
        blocks = [[b[column] for b in self.blocks if b["jvm"] == jvm] for jvm in range(jvms)]
        return [round(statistics.median(values), digits) for values in blocks]


def ratio(a, b, column):
    return bench.spread([y[column] / x[column] for x, y in zip(a.blocks, b.blocks, strict=True)], 4)


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in (("jvms", 3), ("rounds", 16), ("secs", 1), ("warm", 40), ("conns", 32)):
        options.add_argument("--" + name, type=int, default=value)
    options.add_argument("--streams", type=int, default=0)
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
    with contextlib.ExitStack() as servers:
        for jvm in range(arguments.jvms):
            for number, variant in enumerate((a, b)):
                port = 21000 + 4 * jvm + 2 * number
                servers.enter_context(variant.start(port))
                load(arguments, port, arguments.warm)
        for variant in a, b:
            variant.count()
        for block in range(arguments.rounds):
            for jvm in range(arguments.jvms):
                for variant in bench.turns([a, b], block):
                    variant.measure(arguments, jvm)
        for variant in a, b:
            variant.count()
    for variant in a, b:
        cpu = variant.medians("cpu", arguments.jvms, 2)
        rate = variant.medians("rate", arguments.jvms, None)
        jit = variant.medians("jit", arguments.jvms, 2)
        garbage = variant.bytes_per_request(arguments.jvms)
        print(f"{variant.name}: CPU µs/request {cpu}, requests/s {rate}, compilers {jit}, bytes {garbage}")
    print(f"b / a: CPU {ratio(a, b, 'cpu')}, requests/s {ratio(a, b, 'rate')}, {len(a.blocks)} pairs")


if __name__ == "__main__":
    main()
