#!/usr/bin/env python3
"""Requests/s at p99 <= 20 ms of a service that reads an account by JDBC on the request path:

  baton             in the handler
  execute-blocking  in Vertx.executeBlocking, 20 threads
  virtual           in the handler of 64 virtual thread verticles

H2 runs in a process of its own and is reached by TCP over a pool of ten connections (HikariCP). The
service is on CPU 0, H2 and the load on CPU 1, 64 connections. --paths: '/account/7' takes the
database some 50 µs, '/account/7?ms=1' a millisecond more. Each rate is tried in an open loop; then
half of the rate found is sent once more, for the CPU time of service and database.

  mvn -q package -DskipTests
  server/src/bench/jdbc.py [--jvms=3]
"""

import subprocess

import bench

LIBRARIES = bench.ROOT / "server/target/bench"
WAYS = ["baton", "execute-blocking", "virtual"]
SLO = "p99<20ms,errors<0.1%"


def libraries():
    if not LIBRARIES.exists():
        copy = ["mvn", "-q", "-B", "-f", str(bench.HERE / "pom.xml"), "dependency:copy-dependencies"]
        subprocess.run([*copy, f"-DoutputDirectory={LIBRARIES}"], check=True)
    return f"{LIBRARIES}/*"


def measure(arguments, way, path, jvm, port=23300):
    h2 = ["-cp", libraries(), "org.h2.tools.Server", "-tcp", "-tcpPort", port + 1, "-ifNotExists"]
    service = ["-cp", f"{bench.JAR}:{libraries()}", bench.HERE / "JdbcService.java", way]
    url = f"http://127.0.0.1:{port}{path}"
    with (
        bench.Server(*h2, cpus="1") as database,
        bench.Server(*service, port, port + 1, ready=url) as server,
    ):
        bench.warm(url, arguments.warm)
        common = ["--realtime", "--spin=0us", "--connections=64"]
        search = ["--from=2k", "--to=64k", "--duration=2s", "--warmup=1s", "--confirm=4s"]
        found = bench.load(url, "--slo", SLO, *search, *common, command="search")
        line = {"path": path, "way": way, "jvm": jvm, "limited_by_load": found["generator_limit"]}
        if "confirmed" not in found:
            bench.keep(arguments, **line, rate=0, why=[t["why"] for t in found["tries"]])
            return
        rate, confirmed = found["rate"], found["confirmed"]["response_ms"]
        cpu, database_cpu = server.cpu(), database.cpu()
        half = bench.load(url, f"--rate={rate / 2:.0f}", "--duration=4s", "--warmup=1s", *common)
        answered = (half["requests"]["ok"] + half["warmup"]["requests"]["ok"]) / 1e6
        bench.keep(
            arguments,
            **line,
            rate=round(rate),
            p50_ms=confirmed["p50"],
            p99_ms=confirmed["p99"],
            half_p50_ms=half["response_ms"]["p50"],
            half_p99_ms=half["response_ms"]["p99"],
            cpu_us=round((server.cpu() - cpu) / answered, 1),
            database_cpu_us=round((database.cpu() - database_cpu) / answered, 1),
        )


def main():
    options = bench.parser(__doc__, "jdbc", warm=(15, "seconds of warm-up"))
    options.add_argument("--paths", nargs="+", default=["/account/7", "/account/7?ms=1"])
    options.add_argument("--ways", nargs="+", default=WAYS)
    arguments = options.parse_args()
    for jvm in bench.jvms(arguments):
        for path in arguments.paths:
            for way in bench.turns(arguments.ways, jvm):
                measure(arguments, way, path, jvm)
    columns = ["rate", "p50_ms", "p99_ms", "half_p50_ms", "half_p99_ms", "cpu_us"]
    bench.table(bench.kept(arguments), ["path", "way"], [*columns, "database_cpu_us"])


if __name__ == "__main__":
    main()
