#!/usr/bin/env python3
"""Peaks beside wrk and h2load, in turn, each against the same nginx: one worker on CPU 0, the generator on CPU 1.
Needs nginx, wrk, h2load and openssl. From the project's root, after the build:

  loadgen/src/bench/peaks.py [--rounds=3] [--seconds=5] [--only=plain,tls,tls100k,h2c,h2] [--open]

--open: instead, the lateness of open loops at 50,000/s plain and 20,000/s over TLS. JAVA names the JDK 25 java. Of
each run: requests per second, the CPU time of the client for a request, and the share of its core that nginx used."""
import json, os, re, shutil, statistics, subprocess, sys, tempfile, time, urllib.request

JAVA = os.environ.get('JAVA', 'java')


def arg(name, otherwise):
    return next((a.split('=', 1)[1] for a in sys.argv[1:] if a.startswith('--' + name + '=')), otherwise)


rounds, seconds = int(arg('rounds', '3')), int(arg('seconds', '5'))
WARMUP = 8  # the compiler of the generator shares its core
jar = arg('jar', 'loadgen/target/baton-loadgen.jar')
base = int(arg('port', '24100'))
CASES = {  # URL, peer, what the peer is asked, what we are asked
    'plain': (f'http://127.0.0.1:{base}/small', 'wrk', ['-c32'], ['-c', '32']),
    'tls': (f'https://127.0.0.1:{base + 1}/small', 'wrk', ['-c32'], ['-c', '32', '--insecure']),
    'tls100k': (f'https://127.0.0.1:{base + 1}/large', 'wrk', ['-c32'], ['-c', '32', '--insecure']),
    'h2c': (f'http://127.0.0.1:{base + 2}/small', 'h2load', ['-c4', '-m32'],
            ['-c', '4', '--depth', '32', '--http2']),
    'h2': (f'https://127.0.0.1:{base + 1}/small', 'h2load', ['-c4', '-m32'],
           ['-c', '4', '--depth', '32', '--http2', '--insecure']),
}
only = arg('only', ','.join(CASES)).split(',')
directory = tempfile.mkdtemp()
os.chmod(directory, 0o755)  # nginx's worker is somebody else
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '2',
                '-keyout', directory + '/key.pem', '-out', directory + '/cert.pem'], check=True, capture_output=True)
open(directory + '/large', 'wb').write(os.urandom(100_000))
open(directory + '/nginx.conf', 'w').write(f'''
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 1000; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type text/plain; keepalive_timeout 1h;
  client_body_temp_path {directory}/1; proxy_temp_path {directory}/2; fastcgi_temp_path {directory}/3;
  uwsgi_temp_path {directory}/4; scgi_temp_path {directory}/5; open_file_cache max=10;
  ssl_certificate {directory}/cert.pem; ssl_certificate_key {directory}/key.pem;
  server {{
    listen 127.0.0.1:{base}; listen 127.0.0.1:{base + 1} ssl http2; listen 127.0.0.1:{base + 2} http2;
    location /small {{ return 200 ok; }}
    location /large {{ root {directory}; }}
  }}
}}''')
nginx = subprocess.Popen(['taskset', '-c', '0', 'nginx', '-c', directory + '/nginx.conf', '-p', directory])


def cpu():
    total = 0
    for pid in [nginx.pid] + [int(p) for p in open(f'/proc/{nginx.pid}/task/{nginx.pid}/children').read().split()]:
        total += sum(map(int, open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[11:13]))
    return total / os.sysconf('SC_CLK_TCK')


def run(command):
    """Output, and the CPU seconds of the command."""
    process = subprocess.Popen(['taskset', '-c', '1'] + command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    return text, usage.ru_utime + usage.ru_stime


def peer(tool, url, options):
    before = cpu()
    if tool == 'wrk':
        text, used = run(['wrk', '-t1', f'-d{seconds}s'] + options + [url])
        rate = float(re.search(r'Requests/sec:\s+([\d.]+)', text)[1])
        errors = re.search(r'Non-2xx.*|Socket errors.*', text)
    else:
        text, used = run(['h2load', '-t1', f'-D{seconds}'] + options + [url])
        rate = float(re.search(r'finished in [^,]*, ([\d.]+) req/s', text)[1])
        errors = re.search(r'[1-9]\d* (failed|errored|timeout)', text)
    return rate, 1e6 * used / (rate * seconds), (cpu() - before) / seconds, errors[0] if errors else ''


def ours(url, options):
    out = directory + '/report.json'
    watcher, before = [], cpu()
    text, _ = run([JAVA, '-XX:+UseSerialGC', '-jar', jar, 'run', url, '-d', f'{seconds}s', '--warmup', f'{WARMUP}s', '--quiet',
                   '--json', out] + options)
    if not os.path.exists(out):
        sys.exit(text)
    report = json.load(open(out))
    os.remove(out)
    return report, (cpu() - before) / (seconds + WARMUP)


def closed(url, options):
    report, server = ours(url, ['--closed'] + options)
    rate, generator = report['rate']['delivered'], report['generator']
    used = generator['core_busy_share'] - generator['core_waited_share']
    errors = report['requests']['scheduled'] - report['requests']['ok']
    waited = f'waited for its core {generator["core_waited_share"]:.2f}'
    return rate, 1e6 * used / max(rate, 1), server, waited + (f', {errors} not ok' if errors > 200 else '')


def show(name, got):
    return f'{name:8s} {got[0]:10,.0f}/s  {got[1]:6.2f} us  nginx {got[2]:.2f} {got[3]}'


try:
    time.sleep(1)
    if '--open' in sys.argv:
        for _ in range(rounds):
            for name, rate in [('plain', 50_000), ('tls', 20_000)]:
                url, _, _, options = CASES[name]
                report, server = ours(url, options[2:] + ['--rate', str(rate), '-c', '64'])
                late, requests = report['lateness_ms'], report['requests']
                print(f'{name:6s} {rate:,}/s: ok {requests["ok"]:,} of {requests["scheduled"]:,}, lateness p50 {late["p50"]:.3f}'
                      f' p99 {late["p99"]:.3f} p99.9 {late["p999"]:.3f} ms, response p99 {report["response_ms"]["p99"]:.3f} ms,'
                      f' waited for its core {report["generator"]["core_waited_share"]:.3f},'
                      f' {"valid" if report["valid"] else "INVALID"}, nginx {server:.2f}', flush=True)
    else:
        ratios, costs = {name: [] for name in only}, {name: [] for name in only}
        for _ in range(rounds):
            for name in only:
                url, tool, theirs, options = CASES[name]
                a, b = peer(tool, url, theirs), closed(url, options)
                ratios[name].append(b[0] / a[0])
                costs[name].append(a[1] / b[1])
                print(f'{name:8s} {show(tool, a)}   {show("loadgen", b)}  ratio {b[0] / a[0]:.2f}', flush=True)
        for name in only:
            r, c = sorted(ratios[name]), sorted(costs[name])
            print(f'{name:8s} requests per second, ours / theirs: median {statistics.median(r):.2f} ({r[0]:.2f} – {r[-1]:.2f}),'
                  f' requests per CPU second: {statistics.median(c):.2f} ({c[0]:.2f} – {c[-1]:.2f})')
finally:
    nginx.terminate()
    nginx.wait()
    shutil.rmtree(directory)
