#!/usr/bin/env python3
"""A pipeline whose compute stage has two loops on two CPUs: 500/s, with one compute worker asleep and
without, in turn. From the project's root, after the build: server/src/bench/blocked.py [--rounds=4]
[--secs=6] [--rate=500] [--k=100]. JAVA names the JDK 25 java."""
import json, os, signal, statistics, subprocess, sys, time, urllib.request
J = os.environ.get('JAVA', 'java')
def arg(n, d):
    return next((a.split('=', 1)[1] for a in sys.argv[1:] if a.startswith('--' + n + '=')), d)
jar = arg('jar', 'server/target/baton-server.jar'); loadgen = arg('loadgen', 'loadgen/target/baton-loadgen.jar')
secs = arg('secs', '6'); port = arg('port', '23100')
server = subprocess.Popen([J, '--enable-native-access=ALL-UNNAMED', '-Xmx256m', '-XX:+UseSerialGC', '-cp', jar,
    'server/src/bench/PipelineService.java', 'partitioned', port, '0-1', '2'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
url = f'http://127.0.0.1:{port}/?k=' + arg('k', '100')
for _ in range(300):
    try: urllib.request.urlopen(url, timeout=2).read(); break
    except Exception: time.sleep(0.1)
def load(d):
    subprocess.run([J, '-jar', loadgen, 'run', url, '--rate', arg('rate', '500'), '--duration', d + 's', '--connections', '32', '--drain', '2s',
        '--no-rehearsal', '--json', '/tmp/blocked.json'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    r = json.load(open('/tmp/blocked.json')); m = r['response_ms']; return m['p50'], m['p99'], m['p999'], r['requests']['ok'], r['requests']['scheduled']
load('10')
seen = {'free': [], 'blocked': []}
for i in range(int(arg('rounds', '4'))):
    for mode in ['free', 'blocked'] if i % 2 == 0 else ['blocked', 'free']:
        sleeper = None
        if mode == 'blocked':
            ms = str(int(float(secs) * 1000 + 6000))
            sleeper = subprocess.Popen(['curl', '-s', f'http://127.0.0.1:{port}/?ms={ms}'], stdout=subprocess.DEVNULL)
            time.sleep(0.3)
        r = load(secs); seen[mode].append(r)
        print(f'{mode:7} p50 {r[0]:.2f} p99 {r[1]:.2f} p99.9 {r[2]:.2f} ms, {r[3]} of {r[4]} answered', 'still asleep' if sleeper and sleeper.poll() is None else '', flush=True)
        if sleeper: sleeper.wait()
server.send_signal(signal.SIGKILL)
for mode in seen:
    print(mode, 'median p50 %.2f p99 %.2f p99.9 %.2f' % tuple(statistics.median(x[i] for x in seen[mode]) for i in range(3)))
