#!/usr/bin/env python3
"""The torture's whole mix, for long, while things go wrong: what was answered, and what the process
holds after each tenth.

  mvn -q package -DskipTests
  server/src/bench/soak.py --requests 10000000 --fast-weight 1968

One server for all of it. In turn, every --every seconds, something goes wrong for a while: the process
is stopped (SIGSTOP), no thread can be started (pids.max), no file can be opened (RLIMIT_NOFILE), it
has 40 % of a CPU (cfs_quota). Clients leave in the middle of every tenth pipeline, and handlers throw.
The limits of threads and of CPU are those of cgroups (version 1) and need root; what cannot be set is
left out, and said.

Each tenth is a run of the torture client, so that between them the machine can be somebody else's;
--prefix are words put before its command, such as a lock. Figures are taken between tenths, with no
request under way and after a collection. The table goes to stderr, each client's report to stdout. Exits
with 1 if a request was answered wrong, lost, crossed or hung.
"""

import argparse
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import bench

BENCH = pathlib.Path(__file__).parent
SERVER = BENCH.parents[1]
TARGET = SERVER / "target"
CGROUPS = pathlib.Path("/sys/fs/cgroup")


class Cgroup:
    """One limit of one process."""

    def __init__(self, controller, name, pid):
        self.path = CGROUPS / controller / f"baton-soak-{os.getpid()}"
        self.limit = self.path / name
        try:
            self.path.mkdir()
            self.none = self.limit.read_text()
            (self.path / "cgroup.procs").write_text(str(pid))
            self.is_there = True
        except OSError as error:
            print(f"left out: {self.path}: {error}", file=sys.stderr)
            self.is_there = False

    def set(self, value):
        self.limit.write_text(str(value))

    def end(self):
        for _ in range(100):
            try:
                return self.path.rmdir()
            except FileNotFoundError:
                return None
            except OSError:
                time.sleep(0.05)


class Faults(threading.Thread):
    """Lets things go wrong, one after the other, until it is told to end."""

    def __init__(self, pid, every):
        super().__init__(daemon=True)
        self.pid, self.every = pid, every
        self.over = threading.Event()
        self.counts = {}
        self.pids = Cgroup("pids", "pids.max", pid)
        self.cpu = Cgroup("cpu", "cpu.cfs_quota_us", pid)
        self.turn = 0

    def run(self):
        faults = [self.stopped, self.no_files]
        faults += [self.no_threads] if self.pids.is_there else []
        faults += [self.quota] if self.cpu.is_there else []
        while not self.over.wait(self.every):
            fault = faults[self.turn % len(faults)]
            self.turn += 1
            fault()
            self.counts[fault.__name__] = self.counts.get(fault.__name__, 0) + 1

    def stopped(self):
        os.kill(self.pid, signal.SIGSTOP)
        self.over.wait(0.7)
        os.kill(self.pid, signal.SIGCONT)

    def no_files(self):
        before = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        now = max(int(f) for f in os.listdir(f"/proc/{self.pid}/fd")) + 1
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (now, before[1]))
        self.over.wait(2)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, before)

    def no_threads(self):
        self.pids.set(len(os.listdir(f"/proc/{self.pid}/task")))
        self.over.wait(2)
        self.pids.set(self.pids.none)

    def quota(self):
        self.cpu.set(40_000)
        self.over.wait(3)
        self.cpu.set(self.cpu.none)

    def pause(self):
        self.over.set()
        self.join()

    def again(self):
        next_one = Faults.__new__(Faults)
        threading.Thread.__init__(next_one, daemon=True)
        next_one.__dict__.update({k: self.__dict__[k] for k in ("pid", "every", "counts", "pids", "cpu", "turn")})
        next_one.over = threading.Event()
        return next_one


def metrics(port):
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read().decode()
    seen = {}
    for line in text.splitlines():
        match = re.match(r"([a-z_0-9]+)(\{[^}]*\})? ([0-9.eE+-]+)$", line)
        if match:
            key = match.group(1)
            if key.startswith("jvm_buffer") and 'id="direct"' not in line:
                continue
            if key == "jvm_memory_used_bytes" and 'area="heap"' not in line:
                continue
            seen[key] = seen.get(key, 0) + float(match.group(3))
    return seen


def figures(server, port, jcmd):
    time.sleep(2)  # what the last clients left is taken apart
    subprocess.run([jcmd, str(server.pid), "GC.run"], stdout=subprocess.DEVNULL, timeout=60)
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    seen = metrics(port)
    mib = 1 << 20
    return {
        "RSS": int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) // 1024,
        "heap": round(seen["jvm_memory_used_bytes"] / mib),
        "direct": round((seen["jvm_buffer_memory_used_bytes"] + seen["netty_allocator_memory_used"]) / mib),
        "threads": int(re.search(r"Threads:\s+(\d+)", status).group(1)),
        "files": len(os.listdir(f"/proc/{server.pid}/fd")),
        "away": int(seen["baton_handlers_away"]),
        "takeovers": int(seen["baton_loop_takeovers_total"]),
        "refused": int(seen.get("baton_shed_requests_total", 0)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000_000)
    parser.add_argument("--fast-weight", type=int, default=20, help="FAST ones beside 83 of all others")
    parser.add_argument("--context", default="per-request")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--every", type=float, default=5, help="seconds between two faults")
    parser.add_argument("--prefix", default="", help="words before the client's command")
    parser.add_argument("--java", default=None, help="default: $JAVA, else the JDK of server/target/baton")
    parser.add_argument("--jar", default=str(TARGET / "baton-server.jar"))
    parser.add_argument("--client-classes", default=None, help="class path of the torture client; default: Maven's")
    arguments = parser.parse_args()
    java = arguments.java or bench.java()
    classes = arguments.client_classes or client_classes()
    pipelines = pathlib.Path(f"/tmp/baton-soak-{os.getpid()}.json")
    pipelines.write_text('{"orders": {"admissionTargetMillis": 0, "bodyTimeoutMillis": 0}}')  # all is to be answered
    server = subprocess.Popen(
        [java, "-Xmx512m", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-jar", arguments.jar]
        + ["serve", "--port=0", "--management-port=0", "--log-level=OFF"]
        + [f"--context={arguments.context}", f"--pipelines={pipelines}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    port, management = re.findall(r"http://[^:]+:(\d+)/", server.stdout.readline())
    threading.Thread(target=server.stdout.read, daemon=True).start()
    faults = Faults(server.pid, arguments.every)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # and clean up
    total = {}
    good = True
    columns = ["ok", "wrong", "lost", "crossed", "hung", "aborted", "without", "RSS", "heap", "direct", "threads", "files"]
    columns += ["away", "takeovers", "refused"]
    print("| tenth | s | " + " | ".join(columns) + " |", file=sys.stderr)
    print("|---" * (len(columns) + 2) + "|", file=sys.stderr)
    try:
        for tenth in range(1, 11):
            client = subprocess.Popen(
                arguments.prefix.split()
                + [java, "-Xmx1g", "-XX:+UseSerialGC", "-cp", classes, "dev.baton.server.torture.Torture"]
                + [f"--port={port}", f"--requests={arguments.requests // 10}", f"--seed={tenth}"]
                + [f"--fast-weight={arguments.fast_weight}", f"--connections={arguments.connections}"]
                + ["--hang-after=60", "--may-lack-files", "--kinds=" + KINDS],
                stdout=subprocess.PIPE,
                text=True,
            )
            report = client.stdout.readline()  # it has begun
            began = time.monotonic()
            faults.start()
            report += client.stdout.read()
            client.wait()
            faults.pause()
            took = time.monotonic() - began
            print(report, flush=True)
            good &= client.returncode == 0
            row = {k: int(v) for v, k in re.findall(r"(\d+) (ok|wrong|lost|crossed|aborted|hung|without)", report)}
            for key, value in row.items():
                total[key] = total.get(key, 0) + value
            row.update(figures(server, management, str(pathlib.Path(java).with_name("jcmd"))))
            cells = " | ".join(f"{row.get(c, 0):,}" for c in columns)
            print(f"| {tenth} | {took:.0f} | {cells} |", file=sys.stderr, flush=True)
            faults = faults.again()
        print("total", total, "faults", faults.counts, file=sys.stderr)
        good &= server.poll() is None
    finally:
        server.kill()
        server.wait()
        faults.pids.end()
        faults.cpu.end()
        pipelines.unlink()
    sys.exit(0 if good else 1)


KINDS = (
    "FAST,BLOCK,NATIVE,CPU,TIMER,FILE,STREAM,STREAM_WITH_PAUSE,ECHO_WITH_LENGTH,ECHO_CHUNKED,ORDER,"
    "BAD_ORDER,HUGE_ORDER,UNKNOWN_PATH,WRONG_METHOD,FAIL"
)


def client_classes():
    """Of the torture client, as Maven knows it."""
    out = TARGET / "test-class-path.txt"
    subprocess.run(
        ["mvn", "-o", "-q", "-B", "dependency:build-classpath", "-Dmdep.includeScope=test"]
        + [f"-Dmdep.outputFile={out}", "-pl", "server", "-am"],
        cwd=SERVER.parent,
        check=True,
    )
    return ":".join([str(TARGET / "test-classes"), str(TARGET / "classes"), out.read_text().strip()])


if __name__ == "__main__":
    main()
