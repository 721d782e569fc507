#!/usr/bin/env python3
"""Twice the capacity for a minute: a pipeline beside the same handler on stock Vert.x. Server on CPU
0, load on CPU 1. From the project's root, after the build: server/src/bench/overload.py
[--secs=60] [--k=250] [--modes=baton,stock]. JAVA names the JDK 25 java."""
import json, os, re, signal, subprocess, sys, time, urllib.request
J = os.environ.get('JAVA', 'java')
def arg(n, d):
    return next((a.split('=', 1)[1] for a in sys.argv[1:] if a.startswith('--' + n + '=')), d)
jar = arg('jar', 'server/target/baton-server.jar'); loadgen = arg('loadgen', 'loadgen/target/baton-loadgen.jar')
secs = arg('secs', '60'); k = arg('k', '250'); port = int(arg('port', '23000'))
for mode in arg('modes', 'baton,stock').split(','):
    port += 1
    server = subprocess.Popen(['taskset', '-c', '0', J, '--enable-native-access=ALL-UNNAMED', '-Xmx256m', '-XX:+UseSerialGC',
        '-cp', jar, 'server/src/bench/PipelineService.java', mode, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f'http://127.0.0.1:{port}/?k={k}'
    for _ in range(300):
        try: urllib.request.urlopen(url, timeout=2).read(); break
        except Exception: time.sleep(0.1)
    def peak(d):
        out = subprocess.run(['taskset', '-c', '1', 'wrk', '-t1', '-c8', '-d', d, url], capture_output=True, text=True).stdout
        return float(re.search(r'Requests/sec:\s+([\d.]+)', out).group(1))
    peak('12s'); capacity = peak('5s')
    load = subprocess.Popen(['taskset', '-c', '1', J, '-jar', loadgen, 'run', url, '--rate', str(int(2 * capacity)), '--duration', secs + 's',
        '--connections', '256', '--drain', '2s', '--warmup', '4s', '--no-rehearsal', '--timeout', '10s', '--json', '/tmp/overload.json'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    rss = []
    while load.poll() is None:
        time.sleep(5)
        rss.append(int(re.search(r'VmRSS:\s+(\d+)', open(f'/proc/{server.pid}/status').read()).group(1)) // 1024)
    server.send_signal(signal.SIGKILL)
    if not os.path.exists('/tmp/overload.json'): print(load.stderr.read()); continue
    r = json.load(open('/tmp/overload.json')); os.remove('/tmp/overload.json')
    q = r['requests']; ms = r['response_ms']; goodput = q['ok'] / float(secs)
    sv = r['service_ms']; er = r.get('error_ms') or {}
    print(f"{mode:6} capacity {capacity:.0f}/s offered {2*capacity:.0f}/s goodput {goodput:.0f}/s = {goodput/capacity:.2f} of capacity | accepted, from the write:"
          f" p50 {sv['p50']:.1f} p99 {sv['p99']:.1f} max {sv['max']:.1f} ms; from the intended start: p50 {ms['p50']:.1f} p99 {ms['p99']:.1f} max {ms['max']:.1f} ms | refused p99 {er.get('p99')}")
    print('       requests', q, 'errors', r.get('errors'), 'RSS MiB every 5 s', rss, flush=True)
