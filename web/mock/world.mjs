// A believable fleet for development and for the web's own tests. Deterministic: the same seed gives the same fleet.
// Shapes are those of contracts/openapi.yaml.

const second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
const iso = (ms) => new Date(ms).toISOString();

/** A small seeded generator of numbers in [0, 1). */
export function generator(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
const hex = (random, n) => Array.from({ length: n }, () => Math.floor(random() * 16).toString(16)).join('');
const pick = (random, list) => list[Math.floor(random() * list.length)];

const squads = ['velocity', 'reader', 'payments', 'discovery', 'platform', 'growth', 'trust'];
const people = ['ana', 'jun', 'mateo', 'priya', 'sam', 'olu'];
const stems = ['story', 'comment', 'inbox', 'ranking', 'image', 'billing', 'profile', 'session', 'catalog', 'mailer', 'quota',
  'export', 'import', 'ledger', 'metrics', 'token', 'webhook', 'tagging', 'follow', 'reader'];
const roles = ['api', 'worker', 'sync', 'index', 'gateway', 'cache', 'jobs', 'stream'];
const registry = '723255503624.dkr.ecr.us-east-1.amazonaws.com';

const pinned = [
  { name: 'checkout', squad: 'payments', state: 'rolled back', age: 2 * minute, reason: 'monitor checkout error rate went OK → Alert 40 s after the rollout' },
  { name: 'search', squad: 'discovery', state: 'failed', age: 11 * minute, reason: 'template: microservice/templates/deployment.yaml:31: nil pointer evaluating interface {}.port; nothing good to return to' },
  { name: 'ledger', squad: 'payments', state: 'held', age: 3 * hour, reason: 'held by priya: month end, release after the 1st; 9c8d7e6 waits' },
  { name: 'web', squad: 'reader', state: 'deploying', age: 9 * second, reason: '2 of 6 new pods are ready' },
  { name: 'hello', squad: 'platform', state: 'verifying', age: 22 * second, reason: 'all 3 pods are ready; watching 1 monitor for 38 s more' },
  { name: 'inbox-api', squad: 'growth', state: 'rolling back', age: 4 * second, reason: 'its new pods crash: exit code 1, 3 restarts in 20 s' },
  { name: 'worker', squad: 'platform', state: 'deployed', age: 5 * hour, reason: '' },
  { name: 'mailer', squad: 'growth', state: 'pending', age: 40 * second, reason: 'waits for profile-api, which is verifying' },
];

const stageNames = ['commit', 'sync', 'rollout', 'verify', 'done'];
const reached = { pending: 1, deploying: 2, verifying: 3, deployed: 5, 'rolled back': 3, 'rolling back': 2, failed: 2, held: 0, deleting: 5 };

export function stagesOf(state, since, now) {
  const at = reached[state];
  const bad = ['rolled back', 'rolling back', 'failed'].includes(state);
  const spans = [120, 900, 9 * second, 40 * second, 0];
  return stageNames.map((stage, i) => {
    if (state === 'held') return { stage, state: 'pending' };
    if (i < at || at === 5) return { stage, state: 'done', at: iso(since - minute), duration_ms: spans[i] };
    if (i === at) return { stage, state: bad ? 'failed' : 'active', at: iso(Math.min(since, now)), ...(bad ? { duration_ms: spans[i] } : {}) };
    return { stage, state: bad ? 'skipped' : 'pending' };
  });
}

/** After a rollback `version.old` is the tag that was taken back. */
export const isBack = (state) => state === 'rolled back' || state === 'rolling back';

const originalStatus = { pending: 'pending_upgrade', deploying: 'pending_upgrade', verifying: 'deployed', deployed: 'deployed',
  'rolling back': 'pending_rollback', 'rolled back': 'deployed', failed: 'failed', held: 'deployed', deleting: 'deleting' };

export function nextOf(state, now) {
  if (state === 'verifying') return { what: 'deployed, if the monitors stay OK', at: iso(now + 38 * second) };
  if (state === 'deploying') return { what: 'rolled back, unless all pods are ready', at: iso(now + 4 * minute) };
  if (state === 'rolled back') return { what: 'nothing by itself until a newer version is pushed' };
  if (state === 'held') return { what: 'nothing until the hold is released' };
  if (state === 'failed') return { what: 'nothing by itself: push a fix, or retry' };
  return undefined;
}

function release(random, now, seed) {
  const { name, squad, state } = seed;
  const since = now - seed.age;
  const tag = hex(random, 40), old = hex(random, 40);
  const moving = !['deployed', 'pending'].includes(state);
  const recent = [];
  const count = 4 + Math.floor(random() * 17);
  for (let i = 0; i < count; i++) {
    const last = i === count - 1;
    const roll = random();
    const outcome = i === count - 2 ? 'good' : last ? ({ deployed: 'good', 'rolled back': 'rolled back', failed: 'failed', held: 'good' }[state] ?? 'open')
      : roll < 0.82 ? 'good' : roll < 0.9 ? 'rolled back' : roll < 0.94 ? 'failed' : roll < 0.97 ? 'superseded' : 'unproven';
    recent.push({ revision: i + 3, outcome, at: iso(since - (count - 1 - i) * 9 * hour), version: last ? tag : i === count - 2 ? old : hex(random, 40) });
  }
  return {
    name, created: iso(now - 400 * day), lastDeployed: iso(since), owner: { squad, slack: `#squad-${squad}` }, autoDeploy: state !== 'held',
    code: { github: `https://github.com/example/${name}`, ref: 'master' },
    build: { travis: `https://travis-ci.com/example/${name}` },
    monitoring: { datadog: { dashboard: 'https://app.datadoghq.com/dashboard/a8k-ro2zk-k8a', monitors: `https://app.datadoghq.com/monitors/manage?q=service%3A${name}` }, sumologic: 'https://service.us2.sumologic.com/ui/#/search/ufB9' },
    artifacts: { docker: [{ image: `${registry}/${name}`, tag: state === 'held' || isBack(state) ? old : tag }], chart: { path: 'microservice', repository: 's3://charts.example.com', version: '1.4.0' } },
    status: originalStatus[state],
    namespace: seed.namespace ?? 'default', state, reason: seed.reason ?? '', since: iso(since),
    stages: stagesOf(state, since, now),
    version: isBack(state) ? { new: old, old: tag, revision: count + 2 } : { new: tag, ...(moving ? { old } : {}), revision: count + 2 },
    recent,
    ...(nextOf(state, now) ? { next: nextOf(state, now) } : {}),
    ...(state === 'held' ? { held: { by: 'priya', reason: 'month end, release after the 1st', since: iso(since), source: 'annotation' } } : {}),
    conditions: [
      { type: 'Ready', status: state === 'deployed' || state === 'rolled back' ? 'True' : 'False', lastTransitionTime: iso(since) },
      { type: 'Healthy', status: state === 'failed' ? 'False' : 'True', lastTransitionTime: iso(since) },
    ],
  };
}

/** `count` releases; the first few show every state. */
export function makeWorld({ count = 60, seed = 7, now = Date.now() } = {}) {
  const random = generator(seed);
  const releases = new Map();
  for (const p of pinned.slice(0, count)) releases.set(`default/${p.name}`, release(random, now, p));
  for (let i = 0; releases.size < count; i++) {
    const base = `${stems[i % stems.length]}-${roles[Math.floor(i / stems.length) % roles.length]}`;
    const name = i < stems.length * roles.length ? base : `${base}-${Math.floor(i / (stems.length * roles.length))}`;
    const namespace = pick(random, ['default', 'default', 'reader', 'payments']);
    if (releases.has(`${namespace}/${name}`)) continue;
    const back = random() < 0.04;
    releases.set(`${namespace}/${name}`, release(random, now, {
      name, namespace, squad: pick(random, squads), state: back ? 'rolled back' : 'deployed', age: Math.floor(random() ** 3 * 30 * day) + minute,
      reason: back ? 'readiness probe failed for 60 s: GET /healthz answered 503' : '',
    }));
  }
  return { random, releases, activity: firstActivity(releases, now), now };
}

function firstActivity(releases, now) {
  const items = [];
  const say = (age, kind, outcome, text, more = {}) => items.push({ id: `a-${items.length}`, at: iso(now - age), kind, outcome, text, ...more });
  say(4 * second, 'rollback', 'info', 'inbox-api goes back to revision 11', { release: 'inbox-api', namespace: 'default', actor: 'ship-it', reason: 'its new pods crash: exit code 1' });
  say(31 * second, 'commit', 'ok', 'Updated 2 helm charts using image web', { actor: 'ship-it', commit: '5d1c2f0a9b3e4d7c8a6f5e4d3c2b1a0987654321', release: 'web', namespace: 'default' });
  say(32 * second, 'event', 'ok', 'web:1f0c2d3 was pushed', { image: 'web', tag: '1f0c2d3b4a5968778695a4b3c2d1e0f123456789', actor: 'sqs ecr-pushes' });
  say(50 * second, 'event', 'refused', 'web:latest ignored', { image: 'web', tag: 'latest', reason: 'the policy of web wants a commit sha (40 hex digits)', actor: 'sqs ecr-pushes' });
  say(2 * minute, 'quarantine', 'ok', 'checkout: tag is quarantined', { release: 'checkout', namespace: 'default', actor: 'ship-it', reason: 'monitor checkout error rate went OK → Alert' });
  say(2 * minute, 'verdict', 'failed', 'checkout revision 14 failed', { release: 'checkout', namespace: 'default', reason: 'monitor checkout error rate went OK → Alert 40 s after the rollout' });
  say(11 * minute, 'deploy', 'failed', 'search does not render', { release: 'search', namespace: 'default', reason: 'nil pointer evaluating interface {}.port' });
  say(3 * hour, 'hold', 'ok', 'ledger is held', { release: 'ledger', namespace: 'default', actor: 'priya', reason: 'month end, release after the 1st' });
  [...releases.values()].filter((r) => r.state === 'deployed').slice(0, 40).forEach((r) =>
    say(now - Date.parse(r.since), 'deploy', 'ok', `${r.name} revision ${r.version.revision} is deployed`, { release: r.name, namespace: r.namespace, tag: r.version.new, commit: r.version.new, actor: pick(generator(r.name.length), people) }));
  return items.sort((a, b) => (a.at < b.at ? 1 : -1));
}
