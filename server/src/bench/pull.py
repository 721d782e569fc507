#!/usr/bin/env python3
"""Two loops on two CPUs, all connections on one of them: a policy with pulling, one without, stock
Vert.x; and the same connections on both loops. wrk shares CPU 1, in the real-time class (needs
root): its CPU time is told.

  mvn -q package -DskipTests
  server/src/bench/pull.py [--jvms=3]
"""

import resource

import bench

SERVERS = ["run-to-completion", "per-core-fifo", "stock"]
PORT = 23800
URL = f"http://127.0.0.1:{PORT}/spin/"
WRK = ["taskset", "-c", "1", "chrt", "-f", "1"]


def client_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def load(micros, seconds):
    before = client_cpu()
    seen = bench.wrk(URL + str(micros), seconds, "-c16", prefix=WRK)
    del seen["requests"]
    return seen | {"client_cpu": round((client_cpu() - before) / seconds, 3)}


def measure(arguments, server, instances, jvm):
    jar = ["-cp", bench.JAR, bench.HERE / "SpinService.java", server, PORT, 2, instances]
    with bench.Server(*jar, cpus="0,1", ready=URL + "0"):
        load(20, arguments.warm)
        for micros in 200, 1000:
            load(micros, 1)
            seen = load(micros, arguments.seconds)
            line = dict(micros=micros, loops_with_connections=instances, server=server, jvm=jvm)
            bench.keep(arguments, **line, **seen)


def main():
    options = bench.parser(
        __doc__, "pull", seconds=(4, "length of a load"), warm=(6, "length of the warm-up")
    )
    arguments = options.parse_args()
    for jvm in bench.jvms(arguments):
        for server in bench.turns(SERVERS, jvm):
            for instances in 1, 2:
                measure(arguments, server, instances, jvm)
    by = ["micros", "loops_with_connections", "server"]
    lines = sorted(bench.kept(arguments), key=lambda line: [line[key] for key in by])
    bench.table(lines, by, ["rate", "p50_ms", "p99_ms", "client_cpu"])


if __name__ == "__main__":
    main()
