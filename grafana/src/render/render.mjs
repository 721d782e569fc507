// Draws every dashboard as a PNG: asks a running Prometheus what each panel asks, and has
// Grafana's own components (panels.jsx) draw the answers in headless Chromium.
//
//   npm install --ignore-scripts && node render.mjs --prometheus http://127.0.0.1:9091 \
//     --minutes 15 --out ../../screenshots [--rate-interval 20s] [--only baton-overview]
import {readFileSync, readdirSync, writeFileSync, mkdirSync, mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {build} from 'esbuild';
import {chromium} from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const {values: options} = parseArgs({options: {
  prometheus: {type: 'string', default: 'http://127.0.0.1:9091'},
  minutes: {type: 'string', default: '15'},
  end: {type: 'string'},
  out: {type: 'string', default: join(here, '../../screenshots')},
  only: {type: 'string'},
  theme: {type: 'string', default: 'dark'},
  'rate-interval': {type: 'string', default: '20s'},
  chromium: {type: 'string', default: '/usr/bin/chromium'},
}});

const to = options.end ? Number(options.end) : Math.floor(Date.now() / 1000);
const from = to - Number(options.minutes) * 60;
const step = Math.max(1, Math.round((to - from) / 300));

async function ask(path, parameters) {
  const answer = await fetch(options.prometheus + path, {
    method: 'POST', body: new URLSearchParams(parameters)});
  const json = await answer.json();
  if (json.status !== 'success') {
    throw new Error(`${parameters.query}: ${json.error}`);
  }
  return json.data.result;
}

const generators = (await ask('/api/v1/query',
    {query: `last_over_time(baton_loadgen_scheduled_total[${to - from}s])`, time: to}))
    .map(series => series.metric.instance).sort();

function substitute(text) {
  return text
      .replaceAll('$__rate_interval', options['rate-interval'])
      .replaceAll('$__range_s', to - from)
      .replaceAll('$__range', `${to - from}s`)
      .replaceAll('"$a"', `"${generators[0]}"`)
      .replaceAll('"$b"', `"${generators[1] ?? generators[0]}"`)
      .replaceAll(/"\$[a-z]+"/g, '".+"');
}

async function results(target) {
  const query = substitute(target.expr);
  return target.instant
      ? ask('/api/v1/query', {query, time: to})
      : ask('/api/v1/query_range', {query, start: from, end: to, step});
}

async function load(file) {
  const dashboard = JSON.parse(readFileSync(file, 'utf8'));
  for (const panel of dashboard.panels.filter(panel => panel.targets)) {
    for (const target of panel.targets) {
      target.result = await results(target);
    }
  }
  for (const annotation of dashboard.annotations.list) {
    annotation.result = await results(annotation);
  }
  return dashboard;
}

const folder = join(here, '../../dashboards');
const bundle = join(mkdtempSync(join(tmpdir(), 'baton-render-')), 'panels.js');
await build({
  entryPoints: [join(here, 'panels.jsx')], outfile: bundle, bundle: true, format: 'iife',
  jsx: 'automatic', loader: {'.svg': 'dataurl', '.png': 'dataurl', '.woff2': 'dataurl', '.ttf': 'dataurl'},
  define: {'process.env.NODE_ENV': '"production"', 'process.env': '{}', global: 'globalThis'},
  logLevel: 'error', nodePaths: [join(process.cwd(), 'node_modules')],
});

mkdirSync(options.out, {recursive: true});
const browser = await chromium.launch({executablePath: options.chromium, args: [
  '--no-sandbox', '--disable-gpu', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic']});
for (const name of readdirSync(folder).sort()) {
  if (options.only && name !== options.only + '.json') {
    continue;
  }
  const dashboard = await load(join(folder, name));
  const page = await browser.newPage({viewport: {width: 1600, height: 900}});
  page.on('pageerror', error => console.error(name, error.message));
  page.on('console', message => message.type() === 'error'
      // Icons that a Grafana server would send.
      && !message.text().includes('ERR_NAME_NOT_RESOLVED') && console.error(name, message.text()));
  // An address of its own, never looked up: a page without one has no local storage.
  await page.route('http://render.invalid/', route => route.fulfill({contentType: 'text/html',
    body: '<!doctype html><html><body><div id="root"></div></body></html>'}));
  await page.goto('http://render.invalid/');
  await page.evaluate(data => Object.assign(window, data),
      {dashboard, from: from * 1000, to: to * 1000, themeName: options.theme});
  await page.addStyleTag({path: bundle.replace('.js', '.css')});
  await page.addScriptTag({path: bundle});
  await page.waitForSelector('#done', {state: 'attached', timeout: 30_000});
  await page.waitForTimeout(1500);
  await page.screenshot({path: join(options.out, name.replace('.json', '.png')), fullPage: true});
  await page.close();
  console.log(name);
}
await browser.close();
