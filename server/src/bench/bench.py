"""What measurements share: servers on CPUs of their own, the load generator, numbers over JVMs.

Every measurement is a line of JSON in the file of --raw; later runs add to it, and the table is
that of all lines. In open loops the generator is in the real-time class (needs root): its lateness
would count as latency. JAVA names the JDK 25 java, if not the one of the build.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
JAR = ROOT / "server/target/baton-server.jar"
LOADGEN = ROOT / "loadgen/target/baton-loadgen.jar"
PEERS = ROOT / "loadgen/peers/target/baton-peers.jar"
JVM = ["-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"]
TICK = os.sysconf("SC_CLK_TCK")


class Stolen:
    """What the hypervisor gives to others of a server's CPU, and of the load generator's, while the block
    lasts: of the one of them that had less."""

    LOOK_SECONDS = 0.01
    WINDOW_SECONDS = 0.1
    CPUS = "cpu0", "cpu1"

    def __init__(self):
        self.seen = []  # when, seconds so far of each
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(self.LOOK_SECONDS):
            lines = pathlib.Path("/proc/stat").read_text().splitlines()
            fields = {name: rest for name, *rest in map(str.split, lines)}
            so_far = [int(fields[name][7]) / TICK for name in self.CPUS]
            self.seen.append((time.monotonic(), so_far))

    def __enter__(self):
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.watcher.join()

    def last(self, seconds):
        """Of the block's last seconds: the part, and the most within WINDOW_SECONDS, in seconds. Where it
        could not look for longer than that, because it had no CPU, all that was taken meanwhile counts."""
        end = self.seen[-1][0]
        seen = [(at, so_far) for at, so_far in self.seen if end - at <= seconds]
        each = [self.of([(at, cpus[n]) for at, cpus in seen]) for n in range(len(self.CPUS))]
        taken, most = map(max, zip(*each, strict=True))
        return taken / seconds, most

    def of(self, seen):
        """Seconds of one CPU, and the most of them within WINDOW_SECONDS."""
        most, first = 0, 0
        for number, (at, so_far) in enumerate(seen):
            while first + 1 < number and at - seen[first + 1][0] >= self.WINDOW_SECONDS:
                first += 1
            most = max(most, so_far - seen[first][1])
        return seen[-1][1] - seen[0][1], most


def java(tool="java"):
    named = os.environ.get("JAVA")
    if named is None:
        launcher = (ROOT / "server/target/baton").read_text()
        named = re.search(r"'([^']*/bin/java)'", launcher).group(1)
    return str(pathlib.Path(named).parent / tool)


def threads(pid):
    """What each thread of a process has run for, in nanoseconds, by name and number."""
    ran = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            thread = (task / "comm").read_text().strip(), task.name
            ran[thread] = int((task / "schedstat").read_text().split()[0])
        except OSError:
            pass  # it has ended
    return ran


def get(url, timeout=5):
    with urllib.request.urlopen(url, timeout=timeout) as response:
        return response.read()


class Server:
    """A JVM on some CPUs while the block lasts; `ready` answers from its beginning on."""

    def __init__(self, *command, cpus="0", ready=None, jvm=JVM):
        self.command = ["taskset", "-c", cpus, java(), *jvm, *map(str, command)]
        self.ready = ready

    def __enter__(self):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        give_up = time.monotonic() + 60
        while self.ready is not None:
            try:
                get(self.ready)
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > give_up:
                    self.__exit__()
                    self.log.seek(0)
                    raise SystemExit(self.log.read().decode()[-4000:])
                time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def cpu(self):
        """Seconds of CPU time so far."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


def generator(command, *arguments, cpus="1"):
    """Starts the load generator; its report is what `report` makes of it."""
    load = ["taskset", "-c", cpus, java(), "-XX:+UseSerialGC", "-jar", str(LOADGEN), command]
    return subprocess.Popen(
        [*load, "--json=-", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def report(process):
    out, err = process.communicate()
    try:
        return json.loads(out)
    except json.JSONDecodeError:
        raise SystemExit(f"{' '.join(process.args)}\n{out[-2000:]}\n{err[-2000:]}") from None


def load(*arguments, command="run", cpus="1"):
    return report(generator(command, *arguments, cpus=cpus))


def warm(url, seconds, *arguments):
    """A closed loop, for the compilers of the server."""
    closed = ["--closed", f"--duration={seconds}s", "--warmup=0s", "--no-rehearsal"]
    load(url, *closed, "--drain=500ms", *arguments)


def wrk(url, seconds, *options, prefix=("taskset", "-c", "1")):
    """One thread of wrk: the requests it counts and their rate, p50 and p99 in ms."""
    command = [*prefix, "wrk", "--latency", "-t1", f"-d{seconds}s", *options, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(said)
    return {
        "requests": int(re.search(r"(\d+) requests in", said)[1]),
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
        **{f"p{n}_ms": millis(re.search(rf"{n}%\s+([\d.]+[a-z]+)", said)[1]) for n in (50, 99)},
    }


def h2load(url, seconds, connections, streams, prefix=("taskset", "-c", "1")):
    """One thread of h2load, HTTP/2: the requests it counts and their rate."""
    command = [*prefix, "h2load", f"-c{connections}", f"-m{streams}", f"-D{seconds}", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    total, succeeded = (re.search(rf"(\d+) {word}", said)[1] for word in ("done", "succeeded"))
    if total != succeeded or total == "0":
        raise SystemExit(said)
    rate = float(re.search(r"([\d.]+) req/s", said)[1])
    return {"requests": int(total), "rate": rate}


def millis(text):
    """Of a time with its unit, as wrk and the simulator print it."""
    number, unit = re.fullmatch(r"([\d.]+)(ns|us|ms|s)", text).groups()
    return float(number) * {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3}[unit]


def parser(doc, name, **defaults):
    """The options that all measurements have."""
    options = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    raw = HERE / f"raw/{name}.jsonl"
    options.add_argument("--jvms", type=int, default=3, help="of each; default 3")
    options.add_argument("--raw", type=pathlib.Path, default=raw, help=f"default {raw.name}")
    options.add_argument("--report", action="store_true", help="only the table of what is there")
    for option, (value, text) in defaults.items():
        options.add_argument(
            "--" + option, type=type(value), default=value, help=f"{text}; default {value}"
        )
    return options


def keep(arguments, **line):
    """Adds a line to the raw output."""
    arguments.raw.parent.mkdir(exist_ok=True)
    with arguments.raw.open("a") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps(line), flush=True)


def kept(arguments):
    if not arguments.raw.exists():
        return []
    return [json.loads(line) for line in arguments.raw.read_text().splitlines()]


def jvms(arguments):
    """The numbers of those to be measured, on from those that were."""
    next_one = max((line["jvm"] + 1 for line in kept(arguments)), default=0)
    return range(next_one, next_one + (0 if arguments.report else arguments.jvms))


def turns(names, jvm):
    """The names, beginning with another one in each round."""
    return names[jvm % len(names) :] + names[: jvm % len(names)]


def spread(values, digits=3):
    """The median and, in brackets, the quartiles."""
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    low, _, high = statistics.quantiles(values, method="inclusive") if values[1:] else 3 * values
    return "{} ({} … {})".format(*(number(v, digits) for v in (statistics.median(values), low, high)))


def number(value, digits):
    """With so many digits that count, none of them made up."""
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{float(f'{value:.{digits}g}'):g}"


def table(lines, by, columns):
    """Medians and quartiles of the n lines that are the same in `by`, in Markdown."""
    groups = {}
    for line in lines:
        groups.setdefault(tuple(str(line[key]) for key in by), []).append(line)
    print("|", " | ".join([*by, "n", *columns]), "|")
    print("|" + "---|" * (len(by) + 1 + len(columns)))
    for group, members in groups.items():
        cells = [spread([line.get(column) for line in members]) for column in columns]
        print("|", " | ".join([*group, str(len(members)), *cells]), "|")
