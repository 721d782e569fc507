#!/usr/bin/env python3
"""What recording and watching costs a request: the demo with all of it beside the demo with nothing,
both in one JVM on CPU 0, so that the compilers have done the same to both, and both under load at
once, each on a loop thread of its own: what the host does to one it does to the other within
milliseconds. wrk on CPU 1. The watch is a thread for both; what it takes is told apart. From the
project's root, after the build:

  server/src/bench/twin.py [--jvms=3] [--rounds=16] [--secs=3] [--warm=40] [--same]
"""

import argparse
import concurrent.futures

import bench

PORT = 23980


def load(arguments, ports, seconds):
    """Requests answered at each port in the meantime."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        urls = [f"http://127.0.0.1:{port}/fast" for port in ports]
        seen = pool.map(lambda url: bench.wrk(url, seconds, f"-c{arguments.conns}"), urls)
        return [answered["requests"] for answered in seen]


def between(before, after):
    return {thread: ran - before.get(thread, 0) for thread, ran in after.items()}


def loop_of(arguments, server, port):
    """The thread that has the port's loop."""
    before = bench.threads(server.process.pid)
    load(arguments, [port], 1)
    workers = between(before, bench.threads(server.process.pid)).items()
    return max((ran, thread) for thread, ran in workers if thread[0].startswith("baton-worker"))[1]


def of(ran, prefix):
    return sum(nanos for thread, nanos in ran.items() if thread[0].startswith(prefix))


def measure(arguments, server, ports, loops):
    """Microseconds of CPU per request of each loop, of the watch, and of all other threads."""
    before = bench.threads(server.process.pid)
    answered = load(arguments, ports, arguments.secs)
    ran = between(before, bench.threads(server.process.pid))
    others = of(ran, "") - of(ran, "baton-watch") - sum(ran[loop] for loop in loops)
    return (
        *(ran[loop] / count / 1e3 for loop, count in zip(loops, answered, strict=True)),
        of(ran, "baton-watch") / sum(answered) / 1e3,
        others / sum(answered) / 1e3,
    )


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in (("jvms", 3), ("rounds", 16), ("secs", 3), ("warm", 40), ("conns", 16)):
        options.add_argument("--" + name, type=int, default=value)
    options.add_argument("--same", action="store_true", help="nothing recorded at either: the floor")
    arguments = options.parse_args()
    seen = []
    for _ in range(arguments.jvms):
        same = ["same"] if arguments.same else []
        service = ["-cp", bench.JAR, bench.HERE / "TwinService.java", PORT, *same]
        with bench.Server(*service, ready=f"http://127.0.0.1:{PORT + 1}/fast") as server:
            ports = [PORT, PORT + 1]
            for _ in range(8):
                load(arguments, ports, arguments.warm // 8)
            loops = [loop_of(arguments, server, port) for port in ports]
            seen += [measure(arguments, server, ports, loops) for _ in range(arguments.rounds)]
    off, on, watch, others = (bench.spread(column, 4) for column in zip(*seen, strict=True))
    print(f"CPU µs/request: off {off}, on {on}, the watch {watch}, other threads {others}")
    print(f"on / off: CPU {bench.spread([on / off for off, on, *_ in seen], 4)}, {len(seen)} pairs")


if __name__ == "__main__":
    main()
