// The interface of contracts/openapi.yaml over a mock world: node only, no framework. Pushes play out in seconds.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { detailOf, diffOf, resourcesOf } from './detail.mjs';
import { makeWorld, nextOf, stagesOf } from './world.mjs';

const groups = { attention: ['failed', 'held'], moving: ['deploying', 'verifying', 'rolling back', 'pending', 'deleting'] };
const rank = (state) => (groups.attention.includes(state) ? 0 : groups.moving.includes(state) ? 1 : 2);
const compare = {
  attention: (a, b) => rank(a.state) - rank(b.state) || (a.since < b.since ? 1 : a.since > b.since ? -1 : a.name < b.name ? -1 : 1),
  changed: (a, b) => (a.since < b.since ? 1 : -1),
  deployed: (a, b) => (a.lastDeployed < b.lastDeployed ? 1 : -1),
  name: (a, b) => (a.name < b.name ? -1 : 1),
};
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const repositoryState = (broken) => broken
  ? { state: 'error', reason: 'registry/templates/catalog.yaml line 12: mapping values are not allowed in this context', since: new Date(Date.now() - 240_000).toISOString() }
  : { state: 'ok', reason: '', since: new Date(Date.now() - 3_600_000).toISOString() };

export function page(world, params) {
  const words = (params.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const states = (params.get('state') ?? '').split(',').filter(Boolean).flatMap((s) => groups[s] ?? [s]);
  const text = (r) => [r.name, r.namespace, r.owner.squad, r.version.new, r.version.old, ...r.artifacts.docker.flatMap((d) => [d.image, d.tag])].join(' ').toLowerCase();
  const found = [...world.releases.values()].filter((r) => words.every((w) => text(r).includes(w)));
  const counts = {};
  for (const r of found) counts[r.state] = (counts[r.state] ?? 0) + 1;
  const items = found.filter((r) => !states.length || states.includes(r.state)).sort(compare[params.get('sort')] ?? compare.attention);
  const from = Number(params.get('cursor') ?? 0), limit = Number(params.get('limit') ?? 100);
  return { items: items.slice(from, from + limit), total: items.length, ...(from + limit < items.length ? { next: String(from + limit) } : {}), counts };
}

export function start({ port = 18090, count = 60, broken = true, dist, lively = false } = {}) {
  const world = makeWorld({ count });
  const viewers = new Set();
  let sequence = 0;
  const send = (event, data) => {
    sequence++;
    for (const v of viewers) v.write(`id: m.${sequence}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const say = (item) => {
    const full = { id: `a-${Date.now()}-${sequence}`, at: new Date().toISOString(), ...item };
    world.activity.unshift(full);
    send('activity', full);
  };
  const timers = new Set();
  const after = (ms, f) => { const t = setTimeout(() => { timers.delete(t); f(); }, ms); timers.add(t); };
  const change = (r, state, reason, more = {}) => {
    const now = Date.now();
    const { next: _n, held: _h, ...rest } = r;
    const next = nextOf(state, now);
    const changed = { ...rest, ...more, state, reason, since: new Date(now).toISOString(), stages: stagesOf(state, now, now), ...(next ? { next } : {}) };
    world.releases.set(`${r.namespace}/${r.name}`, changed);
    send('release', changed);
    return changed;
  };
  const finish = (r, outcome) => ({ recent: [...r.recent.slice(0, -1), { ...r.recent.at(-1), outcome }] });

  function push(r, tag, behaves) {
    const revision = r.version.revision + 1;
    let cur = change(r, 'pending', 'committed; waits for its turn', {
      version: { new: tag, old: r.version.new, revision }, artifacts: { ...r.artifacts, docker: [{ image: r.artifacts.docker[0].image, tag }] },
      recent: [...r.recent, { revision, outcome: 'open', at: new Date().toISOString(), version: tag }].slice(-20) });
    say({ kind: 'event', outcome: 'ok', text: `${r.name}:${tag.slice(0, 7)} was pushed`, release: r.name, namespace: r.namespace, tag });
    after(500, () => { cur = change(cur, 'deploying', '0 of 3 new pods are ready'); });
    after(1300, () => { cur = change(cur, 'deploying', '2 of 3 new pods are ready'); });
    if (behaves === 'ok' || behaves === 'alert') after(2200, () => { cur = change(cur, 'verifying', 'all 3 pods are ready; watching 1 monitor'); });
    after(4200, () => {
      if (behaves === 'ok') {
        cur = change(cur, 'deployed', '', { ...finish(cur, 'good'), lastDeployed: new Date().toISOString() });
        say({ kind: 'deploy', outcome: 'ok', text: `${r.name} revision ${revision} is deployed`, release: r.name, namespace: r.namespace, tag });
      } else cur = change(cur, 'rolling back', behaves === 'alert' ? `monitor ${r.name} error rate went OK → Alert 2 s after the rollout` : 'its new pods crash: exit code 1', { version: { ...cur.version, new: r.version.new, old: tag } });
    });
    if (behaves !== 'ok') after(5400, () => { cur = change(cur, 'rolled back', cur.reason, finish(cur, 'rolled back')); });
  }

  const server = createServer((request, response) => void handle(request, response).catch((e) => answer(response, 500, { error: { kind: 'internal', message: String(e) } })));
  const answer = (response, status, body) => { response.writeHead(status, { 'content-type': 'application/json' }); response.end(JSON.stringify(body)); };
  const refuse = (response, status, kind, message) => answer(response, status, { error: { kind, message } });

  const bodyOf = async (request) => { let text = ''; for await (const c of request) text += c; return text ? JSON.parse(text) : {}; };

  async function handle(request, response) {
    const url = new URL(request.url, 'http://mock');
    const path = url.pathname;
    if (path === '/api/feed') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(`event: hello\nid: m.${sequence}\ndata: {}\n\n`);
      viewers.add(response);
      request.on('close', () => viewers.delete(response));
      return;
    }
    if (path === '/api/releases') return answer(response, 200, [...url.searchParams.keys()].length ? page(world, url.searchParams) : [...world.releases.values()]);
    if (path === '/api/activity') {
      const q = (url.searchParams.get('q') ?? '').toLowerCase(), kinds = (url.searchParams.get('kind') ?? '').split(',').filter(Boolean);
      const [ns, name] = (url.searchParams.get('release') ?? '').includes('/') ? url.searchParams.get('release').split('/') : [undefined, url.searchParams.get('release')];
      const items = world.activity.filter((a) => (!kinds.length || kinds.includes(a.kind) || (kinds.includes('refused') && a.outcome === 'refused')) && (!name || (a.release === name && (!ns || a.namespace === ns))) && (!q || JSON.stringify(a).toLowerCase().includes(q)));
      return answer(response, 200, { items: items.slice(0, 200) });
    }
    if (path === '/api/repository') return answer(response, 200, repository());
    if (path === '/api/system') return answer(response, 200, system());
    if (path === '/health') return response.end('ok');
    if (path === '/api/push' && request.method === 'POST') {
      const body = await bodyOf(request);
      const r = [...world.releases.values()].find((x) => x.name === body.image || x.artifacts.docker[0].image === body.image);
      if (!r) return refuse(response, 404, 'not_found', `no release uses the image ${body.image}`);
      push(r, body.tag, body.behaves ?? 'ok');
      return answer(response, 202, { command: `c-${Date.now()}` });
    }
    const m = path.match(/^\/api\/releases\/([^/]+)(?:\/([a-z]+))?$/);
    if (m) {
      const ns = url.searchParams.get('namespace');
      const r = [...world.releases.values()].find((x) => x.name === m[1] && (!ns || x.namespace === ns));
      if (!r) return refuse(response, 404, 'not_found', `there is no release ${m[1]}; ship-it get lists them`);
      if (request.method === 'POST') return command(r, m[2], await bodyOf(request), response);
      if (!m[2]) return answer(response, 200, detailOf(r));
      if (m[2] === 'resources') return answer(response, 200, resourcesOf(r));
      if (m[2] === 'diff') { const to = Number(url.searchParams.get('to') ?? r.version.revision); return answer(response, 200, diffOf(r, Number(url.searchParams.get('from') ?? to - 1), to)); }
    }
    if (path.startsWith('/api/')) return refuse(response, 404, 'not_found', `no such address: ${path}`);
    return file(path, url, response);
  }

  function command(r, verb, body, response) {
    if (verb === 'hold') after(150, () => change(r, r.state === 'deployed' ? 'deployed' : r.state, r.reason, { held: { by: 'you', reason: body.reason ?? '', since: new Date().toISOString(), source: 'annotation' } }));
    else if (verb === 'release') after(150, () => change(r, 'deployed', ''));
    else if (verb === 'retry') after(150, () => push(r, r.version.new, 'ok'));
    else if (verb === 'lift') after(150, () => change(r, 'pending', 'lifted; waits for its turn'));
    else if (verb === 'rollback') {
      if (!r.recent.some((x) => x.revision === (body.revision ?? x.revision))) return refuse(response, 404, 'not_found', `there is no revision ${body.revision}`);
      after(150, () => { const cur = change(r, 'rolling back', `asked for by you: back to revision ${body.revision}`); after(2000, () => change(cur, 'rolled back', cur.reason)); });
    } else return refuse(response, 404, 'not_found', `no such command: ${verb}`);
    say({ kind: 'command', outcome: 'ok', text: `${verb} ${r.name}`, release: r.name, namespace: r.namespace, actor: 'you' });
    return answer(response, 202, { command: `c-${Date.now().toString(36)}` });
  }

  const ago = (ms) => new Date(Date.now() - ms).toISOString();
  function repository() {
    const manifests = [...world.releases.values()].slice(0, 200).map((r) => ({ file: `registry/templates/${r.name}.yaml`, ok: true, release: r.name, namespace: r.namespace }));
    if (broken) manifests.push({ file: 'registry/templates/catalog.yaml', ok: false, line: 12, error: 'mapping values are not allowed in this context' });
    return { ...repositoryState(broken), url: 'https://github.com/example/miranda', branch: 'master', path: 'registry',
      seen: { id: '77aa10c4c1f2e3d4b5a69788796a5b4c3d2e1f00', message: 'Roll back checkout: monitor went to Alert', author: 'ship-it', at: ago(60_000), url: 'https://github.com/example/miranda/commit/77aa10c' },
      applied: { id: '5d1c2f0a9b3e4d7c8a6f5e4d3c2b1a0987654321', message: 'Updated 2 helm charts using image web', author: 'ship-it', at: ago(90_000) },
      manifests, pull_requests: [{ title: 'Quarantine payments-api 3f2a1b9', url: 'https://github.com/example/miranda/pull/412', state: 'open', at: ago(500_000) }],
      quarantine: [...world.releases.values()].filter((r) => r.state === 'rolled back').slice(0, 20).flatMap((r) => detailOf(r).quarantine), read_only: false, owed: broken ? ['revert checkout to 3f2a1b9'] : [] };
  }
  const system = () => ({ version: '0.1.0', commit: 'fac4717', started: ago(7_200_000), simulated: true, cluster: 'sandbox, Kubernetes 1.37 (simulated)', leader: { name: 'ship-it-0', self: true, since: ago(7_190_000) },
    sources: [{ name: 'ecr-pushes', kind: 'sqs', state: 'ok', last: ago(32_000), lag_ms: 240 }, { name: 'miranda', kind: 'git', state: 'ok', last: ago(60_000), lag_ms: 700 }, { name: 'docker-hub', kind: 'poll', state: 'error', reason: '429 too many requests; again in 40 s', last: ago(900_000) }],
    queues: [{ name: 'reconcile', depth: 0, busy: 2, limit: 8 }, { name: 'fetch', depth: 0, busy: 0, limit: 4 }, { name: 'commit', depth: 1, busy: 1, limit: 1, oldest_ms: 80 }],
    deliveries: [{ to: 'slack #squad-payments', sent: 41, failed: 0, last: ago(120_000) }, { to: 'github deployments', sent: 310, failed: 2, last: ago(31_000), error: '502 from the API; sent again' }],
    requests: [{ verb: 'GET', count: 1204, errors: 0, per_minute: 3.1 }, { verb: 'PATCH', count: 5120, errors: 3, per_minute: 14.2 }, { verb: 'WATCH', count: 9, errors: 0, per_minute: 0 }], counters: { events: 412, commits: 288, deploys: 301, rollbacks: 13 }, viewers: viewers.size, releases: world.releases.size });

  async function file(path, url, response) {
    if (!dist) return refuse(response, 404, 'not_found', 'build the pages first: npm run build');
    const wanted = extname(path) ? normalize(path) : '/index.html';
    let body;
    try { body = await readFile(join(dist, wanted)); } catch { return refuse(response, 404, 'not_found', `no such file: ${path}`); }
    if (wanted === '/index.html') {
      const boot = { version: '0.1.0', simulated: true, feed: `m.${sequence}`, repository: repositoryState(broken) };
      const m = path.match(/^\/releases\/([^/]+)\/([^/]+)$/);
      const r = m && world.releases.get(`${m[1]}/${m[2]}`);
      if (r) boot.release = detailOf(r);
      if (path === '/') { const params = new URLSearchParams(url.search); params.set('limit', '100'); boot.page = page(world, params); }
      body = body.toString().replace('id="boot"></script>', () => `id="boot">${JSON.stringify(boot).replaceAll('<', '\\u003c')}</script>`);
    }
    response.writeHead(200, { 'content-type': types[extname(wanted)] ?? 'application/octet-stream' });
    response.end(body);
  }

  if (lively) {
    const tick = setInterval(() => {
      const list = [...world.releases.values()].filter((r) => r.state === 'deployed');
      const r = list[Math.floor(world.random() * list.length)];
      if (r) push(r, Array.from({ length: 40 }, () => Math.floor(world.random() * 16).toString(16)).join(''), world.random() < 0.8 ? 'ok' : 'crash');
    }, 2500);
    timers.add(tick);
  }
  return new Promise((done) => server.listen(port, '127.0.0.1', () => done({
    port: server.address().port, world, push, send,
    close: () => { for (const t of timers) clearTimeout(t); for (const v of viewers) v.end(); server.close(); },
  })));
}
