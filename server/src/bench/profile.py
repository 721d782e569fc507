#!/usr/bin/env python3
"""Where the CPU time of a request goes: two variants of the server in turn on CPU 0, wrk on CPU 1, JFR's
samples by CPU time in its last seconds, one for each tick of the kernel. From the project's root, after
the build:

  server/src/bench/profile.py [--jvms=2] [--warm=40] [--secs=40] [--path=/fast] [--a=--stock]
      [--b='--context per-request']

A sample counts for whoever owns the topmost frame that is not of the JDK; the samples of system calls
count for Netty's transport. What the compilers take is told apart. That they are told to keep exact
places costs a little, too."""

import argparse
import pathlib
import subprocess
import tempfile

import bench
import cost

PLACES = ["-XX:+UnlockDiagnosticVMOptions", "-XX:+DebugNonSafepoints"]
SETTINGS = """<configuration version="2.0"><event name="jdk.CPUTimeSample">
  <setting name="enabled">true</setting><setting name="stackTrace">true</setting>
  <setting name="throttle">1ms</setting></event></configuration>"""
PORT = 23950


def jcmd(server, *command):
    subprocess.run(
        [bench.java("jcmd"), str(server.process.pid), *command], check=True, capture_output=True
    )


def profile(arguments, options, directory):
    settings = directory / "settings.jfc"
    settings.write_text(SETTINGS)
    recording = directory / "profile.jfr"
    url = f"http://127.0.0.1:{PORT}{arguments.path}"
    serve = [*PLACES, "-jar", bench.JAR, "serve", "--management-port=-1", f"--port={PORT}"]
    with bench.Server(*serve, "--loops=1", *options.split(), ready=url) as server:
        bench.wrk(url, arguments.warm, "-c32")
        jcmd(server, "JFR.start", "name=profile", f"settings={settings}")
        before = cost.cpu_nanos(server.process.pid)
        seen = bench.wrk(url, arguments.secs, "-c32")
        ran = cost.between(before, cost.cpu_nanos(server.process.pid))
        jcmd(server, "JFR.dump", "name=profile", f"filename={recording}")
    compilers, micros = (nanos / seen["requests"] / 1e3 for nanos in ran)
    print(f"{options}: {micros:.2f} us of CPU time per request, compilers {compilers:.2f} us beside it,")
    print(f"{seen['rate']:.0f} requests/s", flush=True)
    report = [bench.java(), bench.HERE / "CpuProfile.java", recording, micros]
    print(subprocess.run(map(str, report), check=True, capture_output=True, text=True).stdout)


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--warm", type=int, default=40)
    options.add_argument("--secs", type=int, default=40)
    options.add_argument("--path", default="/fast")
    options.add_argument("--jvms", type=int, default=2)
    options.add_argument("--a", default="--stock")
    options.add_argument("--b", default="--context per-request")
    arguments = options.parse_args()
    for _ in range(arguments.jvms):
        for variant in arguments.a, arguments.b:
            with tempfile.TemporaryDirectory() as directory:
                profile(arguments, variant, pathlib.Path(directory))


if __name__ == "__main__":
    main()
