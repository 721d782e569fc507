#!/usr/bin/env python3
"""What the generator reports beside what the server did: a server that keeps answers back by a known
law records each delay itself. "fast" keeps nothing back: what is reported there is the way there and back. Server on CPU 0, load on CPU 1. From the project's root, after the build:

  loadgen/src/bench/accuracy.py [--rate=1000] [--seconds=10] [--wrk2=PATH] [--laws=constant/5000,…]

JAVA names the JDK 25 java. wrk2 is run where --wrk2 names it, h2load where it is installed."""
import json, os, re, shutil, subprocess, sys, time, urllib.request

JAVA = os.environ.get('JAVA', 'java')
QUANTILES = ['p50', 'p90', 'p99', 'p999']


def arg(name, otherwise):
    return next((a.split('=', 1)[1] for a in sys.argv[1:] if a.startswith('--' + name + '=')), otherwise)


rate, seconds, wrk2 = arg('rate', '1000'), arg('seconds', '10'), arg('wrk2', '')
laws = arg('laws', 'fast,constant/1000,constant/5000,exponential/5000,bimodal/1000/20000/20,bimodal/0/5000/10').split(',')
port = int(arg('port', '24001'))
jar = 'loadgen/target/baton-loadgen.jar'
base = f'http://127.0.0.1:{port}'
server = subprocess.Popen(
    ['taskset', '-c', '0', JAVA, '-Xmx256m', '-cp', 'loadgen/target/test-classes:' + jar,
     'dev.baton.loadgen.server.LawServer', str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
# At idle priority, so that the (virtual) CPUs never halt: waking them up would be most of the way there and back.
spinners = [subprocess.Popen(['taskset', '-c', cpu, 'chrt', '--idle', '0', 'sh', '-c', 'while :; do :; done']) for cpu in '01']


def get(path):
    return urllib.request.urlopen(base + path, timeout=5).read().decode()


def recorded():
    f = get('/recorded').split()
    return dict(zip(['n', 'p50', 'p90', 'p95', 'p99', 'p999', 'max'], map(float, f)))


def ours(path, warmup):
    out = '/tmp/baton-accuracy.json'
    subprocess.run(['taskset', '-c', '1', JAVA, '-XX:+UseSerialGC', '-jar', jar, 'run', base + path, '--rate', rate,
                    '-d', '8s' if warmup else seconds + 's', '--warmup', '0', '-c', '200', '--realtime', '--quiet',
                    '--json', out] + (['--no-rehearsal', '--closed'] if warmup else []), stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    if warmup:
        return None
    j = json.load(open(out))
    return {q: j['response_ms'][q] * 1e3 for q in QUANTILES} | {'n': j['requests']['ok'], 'valid': j['valid'],
            'late99': j['lateness_ms']['p99'] * 1e3, 'late999': j['lateness_ms']['p999'] * 1e3}


def wrk2_run(path):
    text = subprocess.run(['taskset', '-c', '1', wrk2, '-t1', '-c200', '-d' + seconds + 's', '-R' + rate, '-L', base + path],
                          capture_output=True, text=True).stdout
    unit = {'us': 1, 'ms': 1e3, 's': 1e6}
    found = {m[0]: float(m[1]) * unit[m[2]] for m in re.findall(r'^\s*([\d.]+)%\s+([\d.]+)(us|ms|s)$', text, re.M)}
    return {q: found.get(k) for q, k in zip(QUANTILES, ['50.000', '90.000', '99.000', '99.900'])}


def h2load_run(path):
    # As many clients as the law keeps busy at that rate; h2load has no open loop to ask for in HTTP/1.1.
    text = subprocess.run(['taskset', '-c', '1', 'h2load', '--h1', '-t1', '-c10', '-D' + seconds, '--log-file=/tmp/baton-h2load.log',
                           base + path], capture_output=True, text=True).stdout
    values = sorted(int(line.split()[2]) for line in open('/tmp/baton-h2load.log'))
    os.remove('/tmp/baton-h2load.log')
    at = lambda p: float(values[min(len(values) - 1, int(len(values) * p))])
    return {q: at(p) for q, p in zip(QUANTILES, [.5, .9, .99, .999])}


def show(name, got, law, extra=''):
    cells, worst = [], True
    for q in QUANTILES:
        off = got[q] - law[q]
        within = abs(off) <= max(100, 0.02 * law[q])
        worst &= within
        cells.append(f'{q} {got[q]:9.1f} ({off:+7.1f} us, {100 * off / max(law[q], 1):+6.2f} %){" " if within else "*"}')
    print(f'  {name:8s}', ' '.join(cells), extra, flush=True)


try:
    for _ in range(100):
        try:
            get('/fast')
            break
        except OSError:
            time.sleep(0.1)
    ours('/exponential/300', True)
    for law in laws:
        path = '/' + law
        get('/forget')
        got = ours(path, False)
        truth = recorded()
        if law == 'fast':
            print(f'fast: baton', ' '.join(f'{q} {got[q]:.1f}' for q in QUANTILES), 'us')
            continue
        print(f'{law}: server recorded', ' '.join(f'{q} {truth[q]:.1f}' for q in QUANTILES), f'of {truth["n"]:.0f}')
        show('baton', got, truth, f'valid {got["valid"]}, lateness p99 {got["late99"]:.0f} p99.9 {got["late999"]:.0f} us')
        if wrk2:
            get('/forget')
            show('wrk2', wrk2_run(path), recorded())
        if shutil.which('h2load'):
            get('/forget')
            show('h2load', h2load_run(path), recorded(), '(closed loop)')
finally:
    for process in [server] + spinners:
        process.kill()
