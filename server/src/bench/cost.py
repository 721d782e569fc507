#!/usr/bin/env python3
"""CPU per request and throughput of two variants of the server, interleaved: several JVMs of each
on CPU 0, wrk on CPU 1, blocks in turn. From the project's root, after the build:

  server/src/bench/cost.py [--jvms=3] [--rounds=16] [--secs=1] [--warm=15] [--a='--stock']
      [--b='--context per-request'] [--path=/fast] [--conns=32]
      [--script=orders.lua] [--jara=other.jar]

Variant "stock" is --a, variant "baton" is --b. JAVA names the JDK 25 java."""
import subprocess, sys, time, json, os, signal, statistics as st, urllib.request
J=os.environ.get('JAVA','java')
def arg(n,d): 
    return next((a.split('=',1)[1] for a in sys.argv[1:] if a.startswith('--'+n+'=')), d)
jvms=int(arg('jvms','3')); rounds=int(arg('rounds','4')); secs=arg('secs','4'); conns=arg('conns','32'); path=arg('path','/fast'); warm=arg('warm','8')
script=arg('script','')
jar=arg('jar','server/target/baton-server.jar')
variants={'stock':arg('a','--stock'),'baton':arg('b','--context per-request')}
jars={'stock':arg('jara',jar),'baton':arg('jarb',jar)}
procs=[]
opts={'stock':arg('ja',''),'baton':arg('jb','')}
port=21000
def load(port,d,warm='0s'):
    import re
    r=subprocess.run(['taskset','-c','1','wrk','-t1','-c',conns,'-d',d]+(['-s',script] if script else [])+[f'http://127.0.0.1:{port}{path}'],capture_output=True,text=True).stdout
    n=int(re.search(r'(\d+) requests in',r).group(1)); rps=float(re.search(r'Requests/sec:\s+([\d.]+)',r).group(1))
    if 'Non-2xx' in r or 'Socket errors' in r: print(r)
    return {'requests':{'ok':n},'rate':{'delivered':rps}}
def cpu(pid):
    s=open(f'/proc/{pid}/stat').read().rsplit(')',1)[1].split(); return (int(s[11])+int(s[12]))/os.sysconf('SC_CLK_TCK')
for i in range(jvms):
    for v in variants:
        port+=2
        p=subprocess.Popen(['taskset','-c','0',J,'-Xms512m','-Xmx512m','-XX:+UseSerialGC']+opts[v].split()+['-jar',jars[v],'serve','--port',str(port),'--management-port','-1','--loops','1']+variants[v].split(),stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)
        procs.append((v,i,port,p))
for v,i,port,p in procs:
    for _ in range(600):
        try: urllib.request.urlopen(f'http://127.0.0.1:{port}/fast',timeout=2).read(); break
        except Exception: time.sleep(0.1)
for v,i,port,p in procs: load(port,warm+'s')
res={}
for r in range(rounds):
    for k in range(jvms):
        pair=[p for p in procs if p[1]==k]
        if r%2: pair.reverse()
        for v,i,port,p in pair:
            c0=cpu(p.pid); j=load(port,secs+'s'); c1=cpu(p.pid)
            res.setdefault((v,i),[]).append(((c1-c0)/j['requests']['ok']*1e6, j['rate']['delivered']))
for v,i,port,p in procs: p.send_signal(signal.SIGKILL)
def q(xs,f): xs=sorted(xs); return xs[min(len(xs)-1,int(f*len(xs)))]
for v in variants:
    print(v,'cpu us/req per JVM (median of rounds)',[round(st.median(x[0] for x in res[(v,i)]),2) for i in range(jvms)],'| rps',[round(st.median(x[1] for x in res[(v,i)])) for i in range(jvms)])
rc=[b[0]/a[0] for i in range(jvms) for a,b in zip(res[('stock',i)],res[('baton',i)])]
rt=[b[1]/a[1] for i in range(jvms) for a,b in zip(res[('stock',i)],res[('baton',i)])]
print('paired cpu ratio median %.3f (quartiles %.3f %.3f)  throughput ratio median %.3f (quartiles %.3f %.3f), %d pairs'%(st.median(rc),q(rc,.25),q(rc,.75),st.median(rt),q(rt,.25),q(rt,.75),len(rc)))
md=lambda v,k: st.median(st.median(x[k] for x in res[(v,i)]) for i in range(jvms))
print('ratio of medians: cpu %.3f throughput %.3f'%(md('baton',0)/md('stock',0), md('baton',1)/md('stock',1)))
