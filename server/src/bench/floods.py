#!/usr/bin/env python3
"""Floods that use up workers, memory, threads or the CPU, on Baton and on stock Vert.x: what becomes of
the requests, and how soon after the end of the flood the server answers as before.

  mvn -q package -DskipTests
  server/src/bench/floods.py > floods.json        the table goes to stderr
  server/src/bench/floods.py --only pids,await

One event loop on CPU 0, clients on CPU 1. Recovery is the time from the end of the flood, when its
clients have gone and none of its handlers needs to sleep on, to the first of five answers in a row to
GET /fast within 100 ms each; "-" is not within 20 s. "Meanwhile" is what ten GET /fast a second are
answered during the flood, and the slowest answer. Memory is the most that was resident, of the process.
Limits of threads and of CPU are those of a cgroup (version 1) made for the run: that needs root, and is
left out, and said, without. A quota of CPU begins when the server is warm: compiling under it would be
what is measured.
"""

import argparse
import asyncio
import collections
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import time

import bench

BENCH = pathlib.Path(__file__).parent
TARGET = BENCH.parents[1] / "target"
CGROUPS = pathlib.Path("/sys/fs/cgroup")
HUNG = "no answer"


async def request(port, path, timeout, reader_writer=None):
    """The status, or what came instead of one; on a connection of its own if none is given."""
    writer = None
    try:
        async with asyncio.timeout(timeout):
            reader, writer = reader_writer or await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if length:
                await reader.readexactly(int(length.group(1)))
            return head[9:12].decode()
    except TimeoutError:
        return HUNG
    except (OSError, asyncio.IncompleteReadError):
        return "closed"
    finally:
        if writer and not reader_writer:
            writer.close()


async def at_once(port, path, count, timeout):
    """So many requests in a burst, each on a connection of its own."""
    return collections.Counter(
        await asyncio.gather(*(request(port, path, timeout) for _ in range(count)))
    )


async def in_turn(port, path, count, connections, seconds, took=None):
    """So many requests, on so many connections one after the other, for so long at most."""
    seen = collections.Counter()
    end = time.monotonic() + seconds

    async def client():
        connection = await asyncio.open_connection("127.0.0.1", port)
        while seen.total() < count and time.monotonic() < end:
            asked = time.monotonic()
            status = await request(port, path, 15, connection)  # more than a request may wait
            seen[status] += 1
            if took is not None:
                took.append(time.monotonic() - asked)
            if status in (HUNG, "closed"):
                break
        connection[1].close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return seen


async def recovery(port):
    """Seconds to the first of five good answers in a row; None within 20."""
    began = time.monotonic()
    first, good = None, 0
    while time.monotonic() - began < 20:
        asked = time.monotonic()
        if await request(port, "/fast", 0.1) == "200":
            first, good = (asked, 1) if good == 0 else (first, good + 1)
            if good == 5:
                return first - began
        else:
            good = 0
        await asyncio.sleep(0.02)
    return None


class Cgroup:
    """A cgroup with one limit; None where it cannot be made."""

    def __init__(self, controller, limits, begins_late=False):
        self.begins_late = begins_late
        self.path = CGROUPS / controller / f"baton-floods-{os.getpid()}"
        self.limits = limits

    def make(self):
        try:
            self.path.mkdir()
            for name, value in self.limits.items():
                (self.path / name).write_text(str(value))
            return True
        except OSError:
            return False

    def enter(self, pid=None):
        (self.path / "cgroup.procs").write_text(str(pid or os.getpid()))

    def remove(self):
        for _ in range(100):
            try:
                return self.path.rmdir()
            except OSError:
                time.sleep(0.05)


# ---- the floods: (name, arguments of java, of serve, cgroup, what the clients do)


async def leaving(port):
    clients = [asyncio.create_task(request(port, "/block/60000", 120)) for _ in range(5_000)]
    await asyncio.wait(clients, timeout=8)
    seen = collections.Counter(task.result() for task in clients if task.done())
    seen[HUNG] = 5_000 - seen.total()  # until they left
    for task in clients:
        task.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    return seen


async def while_blocked(port, blocking_path, path):
    """Asks for `path` again and again while a hundred requests of the other block."""
    blocking = [asyncio.create_task(request(port, blocking_path, 120)) for _ in range(100)]
    await asyncio.sleep(2)
    seen = await in_turn(port, path, 100_000, 64, 60)
    for task in blocking:
        task.cancel()
    await asyncio.gather(*blocking, return_exceptions=True)
    return seen


async def refused(port):
    """Of a route that blocks for a minute: all workers that one route may have."""
    return await while_blocked(port, "/block/60000", "/block/60000")


async def refused_all(port):
    """Of every route, while one uses up all workers, which it may not by default."""
    began = time.monotonic()
    seen = await while_blocked(port, "/block/30000", "/fast")
    await asyncio.sleep(began + 31 - time.monotonic())  # until the handlers that have begun may end
    return seen


async def quota(port):
    took = []
    seen = await in_turn(port, "/fast", 1_000_000, 8, 10, took)
    took.sort()
    seen["p99 %.0f ms" % (1_000 * took[len(took) * 99 // 100])] = ""
    return seen


async def two_loops(port):
    seen = await at_once(port, "/block/2000", 600, 30)
    return seen


def cpu_quota(percent):
    return Cgroup("cpu", {"cpu.cfs_period_us": 100_000, "cpu.cfs_quota_us": percent * 1_000}, True)


FLOODS = {
    "leaving": ("5,000 × `/block/60000`, clients leave after 8 s", [], [], None, leaving),
    "refused": (
        "100 × `/block/60000`, then 10⁵ more on 64 connections, `-Xmx128m`, 32 standbys, 32 may wait",
        ["-Xmx128m"],
        ["--max-standbys=32", "--max-held=32"],
        None,
        refused,
    ),
    "refused-all": (
        "the same with `--max-away-per-route 10000` and 100 × `/block/30000`, then 10⁵ × `/fast`",
        ["-Xmx128m"],
        ["--max-standbys=32", "--max-held=32", "--max-away-per-route=10000"],
        None,
        refused_all,
    ),
    "cold": (
        "2,000 × `/block/1000` at once into a cold server, `--max-held 64`",
        [],
        ["--max-held=64"],
        None,
        lambda port: at_once(port, "/block/1000", 2_000, 30),
    ),
    "pids": (
        "`pids.max` 60, 100 × `/block/2000`",
        [],
        [],
        Cgroup("pids", {"pids.max": 60}),
        lambda port: at_once(port, "/block/2000", 100, 40),
    ),
    "await": (
        "1,000 awaits of 1 s at once, 256 standbys (stock: virtual threads)",
        [],
        None,
        None,
        lambda port: at_once(port, "/await/1000", 1_000, 30),
    ),
    "two-loops": ("two loops in one pool, 600 × `/block/2000`", [], ["--loops=2"], None, two_loops),
    "quota-30": ("30 % of a CPU, `/fast` on 8 connections for 10 s", [], [], cpu_quota(30), quota),
    "quota-40": ("40 % of a CPU, the same", [], [], cpu_quota(40), quota),
}


async def beside(port, flood):
    """What the flood's clients saw, and what GET /fast was answered meanwhile: statuses, slowest."""
    seen, slowest = collections.Counter(), 0.0

    async def ask():
        nonlocal slowest
        while True:
            asked = time.monotonic()
            seen[await request(port, "/fast", 5)] += 1
            slowest = max(slowest, time.monotonic() - asked)
            await asyncio.sleep(0.1)

    asking = asyncio.create_task(ask())
    answers = await flood(port)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return answers, seen, slowest


async def warm(port):
    await in_turn(port, "/fast", 10_000_000, 8, 15)


def start(java, jar, kind, flood):
    name, options, serve, cgroup, _ = flood
    base = ["taskset", "-c", "0", java, "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", *options]
    if serve is None:
        port = 23_700 + (kind == "stock")
        command = [*base, "-cp", jar, str(BENCH / "AwaitService.java"), kind, str(port)]
    else:
        loops = [] if any(o.startswith("--loops") for o in serve) else ["--loops=1"]
        command = [*base, "-jar", jar, "serve", "--port=0", "--management-port=0", "--log-level=ERROR"]
        if kind == "stock":
            serve = ["--stock", *(o for o in serve if o.startswith("--loops"))]
        command += [*loops, *serve]
    server = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=cgroup.enter if cgroup and not cgroup.begins_late else None,
    )
    if serve is not None:
        line = server.stdout.readline()
        port = int(re.findall(r"http://[^:]+:(\d+)/", line)[0])
    return server, port


async def up(port):
    for _ in range(600):
        if await request(port, "/fast", 1) == "200":
            return
        await asyncio.sleep(0.1)
    raise SystemExit("the server does not answer")


def peak_mib(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) // 1024


def throttled(cgroup):
    file = cgroup.path / "cpu.stat" if cgroup else None
    return int(re.search(r"nr_throttled (\d+)", file.read_text()).group(1)) if file and file.exists() else None


def play(java, jar, kind, key):
    flood = FLOODS[key]
    cgroup = flood[3]
    if cgroup and not cgroup.make():
        return {"flood": key, "host": kind, "left out": f"{cgroup.path} cannot be made"}
    try:
        server, port = start(java, jar, kind, flood)
        try:
            if key != "cold":
                asyncio.run(up(port))
            if cgroup and cgroup.begins_late:
                asyncio.run(warm(port))
                cgroup.enter(server.pid)
            began = time.monotonic()
            seen, meanwhile, slowest = asyncio.run(beside(port, flood[4]))
            took = time.monotonic() - began
            recovered = asyncio.run(recovery(port))
            alive = server.poll() is None
            return {
                "flood": key,
                "host": kind,
                "answered": seen["200"],
                "refused": seen["503"],
                "hung": seen[HUNG],
                "other": {k: v for k, v in seen.items() if k not in ("200", "503", HUNG)},
                "meanwhile": dict(meanwhile),
                "slowest": round(slowest, 2),
                "seconds": round(took, 1),
                "recovery": None if recovered is None else round(recovered, 2),
                "MiB": peak_mib(server) if alive else "died",
                "throttled": throttled(cgroup),
            }
        finally:
            server.send_signal(signal.SIGKILL)
            server.wait()
    finally:
        if cgroup:
            cgroup.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(FLOODS), help="floods, by name: " + ", ".join(FLOODS))
    parser.add_argument("--hosts", default="baton,stock")
    parser.add_argument("--java", default=None, help="default: $JAVA, else the JDK of server/target/baton")
    parser.add_argument("--jar", default=str(TARGET / "baton-server.jar"))
    arguments = parser.parse_args()
    java = arguments.java or bench.java()
    resource.setrlimit(resource.RLIMIT_NOFILE, (16_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print("| flood | host | answered | refused | hung | else | `/fast` meanwhile | recovery, s | memory, MiB |", file=sys.stderr)
    print("|---|---|---|---|---|---|---|---|---|", file=sys.stderr)
    rows = []
    for key in arguments.only.split(","):
        for kind in arguments.hosts.split(","):
            row = play(java, arguments.jar, kind, key)
            rows.append(row)
            if "left out" in row:
                print(f"| {FLOODS[key][0]} | {kind} | left out: {row['left out']} |", file=sys.stderr)
                continue
            other = ", ".join(f"{v} {k}".strip() for k, v in row["other"].items())
            beside_it = ", ".join(f"{v} × {k}" for k, v in row["meanwhile"].items())
            late = "-" if row["recovery"] is None else row["recovery"]
            print(
                f"| {FLOODS[key][0]} | {kind} | {row['answered']:,} | {row['refused']:,} | {row['hung']:,} |"
                f" {other} | {beside_it}; {row['slowest']} s | {late} | {row['MiB']} |",
                file=sys.stderr,
                flush=True,
            )
    json.dump(rows, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
