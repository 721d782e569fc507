#!/bin/sh
# An incident on the demo, recorded by a real Prometheus and drawn: what grafana/screenshots shows.
# Needs prometheus, chromium and this folder's npm packages; from the project's root, after the build:
#
#   grafana/src/render/incident.sh
#
# Load on Baton and on stock Vert.x; on Baton, for 15 s of it, requests that block for 1.5 s
# each, more of them than there are workers for.
set -eu
here=$(dirname "$0")
run=$(mktemp -d)
java=$(sed -n "s/.*'\([^']*bin\/java\)'.*/\1/p" server/target/baton | head -1)
trap 'kill $started 2>/dev/null || true; rm -rf "$run"' EXIT
started=

begin() {
  "$@" > "$run/log" 2>&1 &
  started="$started $!"
}

load() { # seconds, then more
  seconds=$1
  shift
  begin "$java" -jar loadgen/target/baton-loadgen.jar run --arrivals poisson --connections 64 \
    --duration "${seconds}s" --warmup 0s --no-rehearsal --quiet "$@"
}

mix() { # address, file
  cat > "$run/$2" <<END
requests:
  - {url: "http://$1/fast", rate: 120}
  - {url: "http://$1/block/20", rate: 20}
  - {url: "http://$1/native/20", rate: 5}
  - {url: "http://$1/cpu/4000", rate: 4}
  - url: "http://$1/orders"
    rate: 30
    body: '{"customer":"c","items":[{"sku":"s","quantity":1,"unitPriceCents":100}]}'
END
}

begin "$java" -jar server/target/baton-server.jar serve --loops 2 --context per-request \
  --max-standbys 24 --max-held 64 --port 18080 --management-port 9090
begin "$java" -jar server/target/baton-server.jar serve --loops 2 --stock --port 18081 --management-port 9092
cp -r grafana/prometheus/. "$run"
sed -i -E 's/(scrape_interval|scrape_timeout|evaluation_interval): [0-9]+s/\1: 1s/' "$run/prometheus.yml"
sed -i 's/interval: 15s/interval: 1s/' "$run"/rules/*.yml
begin prometheus --config.file="$run/prometheus.yml" --storage.tsdb.path="$run/data" \
  --web.listen-address=127.0.0.1:9091 --enable-feature=exemplar-storage
sleep 10
mix 127.0.0.1:18080 a.yml
mix 127.0.0.1:18081 b.yml
load 120 --config "$run/a.yml" --metrics-port 9100
load 120 --config "$run/b.yml" --metrics-port 9101
for port in 9100 9101; do # on a busy machine they take their time
  curl -sf --retry 60 --retry-delay 1 --retry-connrefused -o "$run/metrics" "http://127.0.0.1:$port/metrics"
done
sleep 30
load 15 --mix 'http://127.0.0.1:18080/block/1500=45/s'
wait $! || true # 2: it was late
sleep 25
(cd "$here" && node render.mjs --prometheus http://127.0.0.1:9091 --minutes 1.75 --rate-interval 4s "$@")
