#!/usr/bin/env python3
"""What an idle connection costs in memory, on Baton and stock Vert.x: HTTP/1.1 kept alive, HTTP/2
(prior knowledge) and WebSocket. Every connection has had one answer before it idles.

A fresh JVM for each kind. Resident memory and live heap (after a full collection) are taken with no
connection and with all of them. As many connections as are asked for, or as the hard limit of open
files lets one process have (ulimit -Hn); from 127.0.0.1, 127.0.0.2, ... 10,000 each.

  mvn -q package -DskipTests
  server/src/bench/idle.py [--jvms=3] [--connections=20000]
"""

import re
import resource
import socket
import struct
import subprocess
import time

import bench

PORT = 23500
PER_ADDRESS = 10_000
SPARE_FILES = 400
JVM = ["-Xms64m", "-Xmx1g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"]


def until(connection, end):
    received = b""
    while end not in received:
        piece = connection.recv(4096)
        if not piece:
            raise SystemExit(f"closed by the server after {received!r}")
        received += piece


def keep_alive(connection):
    connection.sendall(b"GET /fast HTTP/1.1\r\nHost: a\r\n\r\n")
    until(connection, b"\r\n\r\nok")


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def http2(connection):
    # GET, http, /fast and a in HPACK: two indexed fields, two literals without indexing
    head = b"\x82\x86\x04\x05/fast\x01\x01a"
    settings = frame(4, 0, 0)
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + frame(1, 5, 1, head))
    until(connection, b"ok")
    connection.sendall(frame(4, 1, 0))


def web_socket(connection):
    connection.sendall(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    until(connection, b"\r\n\r\n")
    connection.sendall(b"\x81\x82\0\0\0\0ok")
    until(connection, b"ok")


KINDS = {"keep-alive": keep_alive, "HTTP/2": http2, "WebSocket": web_socket}


def connect(number, handshake):
    connection = socket.socket()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.bind((f"127.0.0.{1 + number // PER_ADDRESS}", 0))
    connection.connect(("127.0.0.1", PORT))
    handshake(connection)
    return connection


def memory(server):
    """KiB resident, and KiB of live heap, after full collections."""
    jcmd = [bench.java("jcmd"), str(server.process.pid)]
    for _ in range(2):
        subprocess.run([*jcmd, "GC.run"], check=True, capture_output=True)
        time.sleep(1)
    heap = subprocess.run([*jcmd, "GC.heap_info"], check=True, capture_output=True, text=True)
    used = re.findall(r"total \d+K, used (\d+)K", heap.stdout)
    return server.rss_kib(), sum(map(int, used))


def measure(arguments, kind, mode, jvm):
    service = ["-cp", bench.JAR, bench.HERE / "WaitingService.java", mode, PORT, 1]
    with bench.Server(*service, ready=f"http://127.0.0.1:{PORT}/fast", jvm=JVM) as server:
        for connection in [connect(0, KINDS[kind]) for _ in range(500)]:
            connection.close()  # so that code and pools are there
        before = memory(server)
        count = arguments.connections
        connections = [connect(number, KINDS[kind]) for number in range(count)]
        after = memory(server)
        bench.keep(
            arguments,
            kind=kind,
            mode=mode,
            jvm=jvm,
            connections=count,
            rss_mib=round(after[0] / 1024, 1),
            rss_without_mib=round(before[0] / 1024, 1),
            rss_bytes_each=round(1024 * (after[0] - before[0]) / count),
            heap_bytes_each=round(1024 * (after[1] - before[1]) / count),
        )
        for connection in connections:
            connection.close()


def main():
    options = bench.parser(__doc__, "idle", connections=(20_000, "of each kind"))
    options.add_argument("--modes", nargs="+", default=["baton", "stock"])
    arguments = options.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    arguments.connections = min(arguments.connections, limit - SPARE_FILES)
    for jvm in bench.jvms(arguments):
        for kind in KINDS:
            for mode in bench.turns(arguments.modes, jvm):
                measure(arguments, kind, mode, jvm)
    columns = ["connections", "rss_mib", "rss_without_mib", "rss_bytes_each", "heap_bytes_each"]
    bench.table(bench.kept(arguments), ["kind", "mode"], columns)


if __name__ == "__main__":
    main()
