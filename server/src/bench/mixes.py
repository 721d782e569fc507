#!/usr/bin/env python3
"""The fast route at 4,000/s beside slow ones, on Baton and stock Vert.x in turn: server on CPU 0, load
on CPU 1 (in the real-time class, so needs root: lateness of the generator would count as latency).
The floor is stock with nothing beside it; the last lines are medians over the rounds, and what p99
and p99.9 are of the floor's. From the project's root, after the build:

  server/src/bench/mixes.py [--rounds=2] [--d=15s] [--mixes=block/50=40,native/50=40,cpu/5000=20]
      [--jopt='-Xmn8m']

JAVA names the JDK 25 java."""
import subprocess,sys,time,json,os,urllib.request,signal,statistics
J=os.environ.get('JAVA','java')
def arg(n,d): return next((a.split('=',1)[1] for a in sys.argv[1:] if a.startswith('--'+n+'=')), d)
jar=arg('jar','server/target/baton-server.jar'); dur=arg('d','20s'); rounds=int(arg('rounds','2')); bargs=arg('b','').split(); variants=arg('variants','baton,stock').split(','); mixes=arg('mixes','block/50=40,native/50=40,cpu/5000=20').split(',')
jopt=arg('jopt','').split()
port=23000; procs={}
for v in variants:
    port+=2
    p=subprocess.Popen(['taskset','-c','0',J,'-Xms512m','-Xmx512m','-XX:+UseSerialGC']+jopt+['-jar',jar,'serve','--port',str(port),'--management-port',str(port+1),'--loops','1']+(['--stock'] if v=='stock' else bargs),stdout=subprocess.DEVNULL,stderr=subprocess.STDOUT)
    procs[v]=(p,port)
for v,(p,port) in procs.items():
    for _ in range(300):
        try: urllib.request.urlopen(f'http://127.0.0.1:{port}/fast',timeout=2).read(); break
        except Exception: time.sleep(0.1)
def run(port,mix,d,warm):
    slow=[] if mix=='floor' else ['--mix','http://127.0.0.1:%d/%s=%s/s'%(port,*mix.split('='))]
    f='/tmp/baton-mix.json'
    cmd=['chrt','-f','5','taskset','-c','1',J,'-XX:+UseSerialGC','-jar','loadgen/target/baton-loadgen.jar','run','-d',d,'--warmup',warm,'-c','64','--json='+f,'--mix',f'http://127.0.0.1:{port}/fast=4000/s']+slow
    r=subprocess.run(cmd,capture_output=True,text=True)
    try: return json.load(open(f))
    except Exception: print(r.stdout[-3000:],r.stderr[-2000:]); raise
for v,(p,port) in procs.items():
    subprocess.run(['taskset','-c','1','wrk','-t1','-c32','-d10s',f'http://127.0.0.1:{port}/fast'],capture_output=True)
    if v!='stock':
        for m in mixes: run(port,m,'6s','1s')
seen={}
for r in range(rounds):
    for m in ['floor']+mixes:
        for v,(p,port) in procs.items():
            if m=='floor' and v!='stock': continue
            j=run(port,m,dur if v!='stock' or m=='floor' else '8s','2s')
            t=[x for x in j['targets'] if '/fast' in (x.get('name') or x.get('url') or str(x))][0] if 'targets' in j else j
            q=j['requests']; rm=t['response_ms']; seen.setdefault((m,v),[]).append((rm['p99'],rm['p999']))
            print(f"{m:14s} {v:6s} fast p50 {rm['p50']:.2f} p99 {rm['p99']:.2f} p99.9 {rm['p999']:.2f} max {rm['max']:.1f} ms | sched {q['scheduled']} ok {q['ok']} unsent {q['unsent']} err {q['http_error']+q['timeout']+q['connect_error']} unfin {q['unfinished']} | late p99 {j['lateness_ms']['p99']:.3f} valid {j['valid']}",flush=True)
for v,(p,port) in procs.items():
    if v!='stock': print(urllib.request.urlopen(f'http://127.0.0.1:{port+1}/baton/api').read().decode()[:900].replace('\n',' ').replace('  ',''))
    p.kill()
medians={k:[statistics.median(x) for x in zip(*runs)] for k,runs in seen.items()}
floor=medians.get(('floor','stock'))
for (m,v),(p99,p999) in medians.items():
    print(f"{m:14s} {v:6s} median p99 {p99:.2f} p99.9 {p999:.2f} ms"+(f" | {p99/floor[0]:.2f} and {p999/floor[1]:.2f} of the floor" if floor else ''))
