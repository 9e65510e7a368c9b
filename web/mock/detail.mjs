// What the mock says about one release: history, the life of its deploy with evidence, objects, diffs.
import { generator, isBack } from './world.mjs';

const iso = (ms) => new Date(ms).toISOString();
const seedOf = (text) => [...text].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) | 0, 7);

const manifestDiff = (name, from, to) => `--- a/registry/templates/${name}.yaml
+++ b/registry/templates/${name}.yaml
@@ -17,7 +17,7 @@ spec:
   values:
     image:
       repository: 723255503624.dkr.ecr.us-east-1.amazonaws.com/${name}
-      tag: ${from}  # set by ship-it
+      tag: ${to}  # set by ship-it
     replicas: 3
     resources:
       requests: {cpu: 100m, memory: 128Mi}
`;

export function pods(release) {
  const random = generator(seedOf(release.name));
  const suffix = () => Array.from({ length: 5 }, () => 'bcdfghjklmnpqrstvwxz'[Math.floor(random() * 20)]).join('');
  const desired = release.name === 'web' ? 6 : 3;
  const crash = release.state === 'rolling back';
  const ready = release.state === 'deploying' ? 2 : crash ? 0 : desired;
  return {
    kind: 'pods', ready, desired,
    pods: Array.from({ length: desired }, (_, i) => ({
      name: `${release.name}-6c9f7d5b8-${suffix()}`, ready: i < ready,
      phase: i < ready ? 'Running' : crash ? 'CrashLoopBackOff' : i < ready + 2 ? 'ContainerCreating' : 'Pending',
      ...(crash ? { reason: 'exit code 1: cannot read config /etc/app.yaml', restarts: 3 } : { restarts: 0 }),
      since: iso(Date.parse(release.since) + i * 900),
    })),
  };
}

export function samples(release) {
  const random = generator(seedOf(release.name));
  const rollout = Date.parse(release.since) - 40_000;
  const alert = release.state === 'rolled back';
  const points = [];
  for (let t = -300; t <= 60; t += 5) {
    const wave = 0.6 + 0.25 * Math.sin(t / 37) + random() * 0.3;
    points.push([rollout + t * 1000, t > 12 && alert ? wave + Math.min(7.5, (t - 12) * 0.24) : wave]);
  }
  return { kind: 'samples', monitor: `${release.name} error rate`, unit: '%', url: 'https://app.datadoghq.com/monitors/1', state: alert ? 'Alert' : 'OK', baseline: 0.7, threshold: 5, rollout_at: iso(rollout), points };
}

export function lifeOf(release) {
  const since = Date.parse(release.since);
  const start = since - 60_000;
  const { old: replaced = release.version.new, new: now } = release.version;
  const [old, tag] = isBack(release.state) ? [now, replaced] : [replaced, now];
  const bad = ['rolled back', 'rolling back', 'failed'].includes(release.state);
  const at = { pending: 2, deploying: 3, verifying: 4, deployed: 6, 'rolled back': 6, 'rolling back': 3, failed: 3, held: 0, deleting: 6 }[release.state];
  const all = [
    { stage: 'event', duration_ms: 240, actor: 'ana', summary: `${release.name}:${tag.slice(0, 7)} was pushed`, evidence: [
      { kind: 'message', text: 'From the queue ecr-pushes, 240 ms after the push. Wanted by the policy of this release: a commit sha, newer than what is there.' }] },
    { stage: 'commit', duration_ms: 118, actor: 'ship-it', summary: '5d1c2f0 sets the tag in registry/templates', evidence: [
      { kind: 'diff', title: `Updated 1 helm charts using image ${release.name}`, text: manifestDiff(release.name, old, tag), url: `https://github.com/example/miranda/commit/5d1c2f0` }] },
    { stage: 'sync', duration_ms: 904, actor: 'ship-it', summary: '1 HelmRelease changed, 59 unchanged', evidence: [
      { kind: 'objects', objects: [{ kind: 'HelmRelease', name: release.name, namespace: release.namespace, change: 'changed' }] }] },
    { stage: 'rollout', duration_ms: 9_200, actor: 'ship-it', summary: `revision ${release.version.revision}: ${pods(release).ready} of ${pods(release).desired} pods are ready`, evidence: [
      { kind: 'objects', objects: [
        { kind: 'Deployment', name: release.name, namespace: release.namespace, change: 'changed' },
        { kind: 'ConfigMap', name: `${release.name}-env`, namespace: release.namespace, change: 'created' },
        { kind: 'Service', name: release.name, namespace: release.namespace, change: 'unchanged' },
        { kind: 'HorizontalPodAutoscaler', name: release.name, namespace: release.namespace, change: 'unchanged' }] },
      pods(release),
      ...(release.state === 'rolling back' ? [{ kind: 'log', pod: pods(release).pods[0].name, container: 'app', previous: true, lines: [
        '2026-11-24T16:40:01Z starting inbox-api', '2026-11-24T16:40:01Z reading /etc/app.yaml', 'panic: open /etc/app.yaml: no such file or directory', '', 'goroutine 1 [running]:', 'main.main()', '\t/src/main.go:41 +0x1d'] }] : [])] },
    { stage: 'gates', duration_ms: 40_000, actor: 'datadog', summary: release.state === 'rolled back' ? `${release.name} error rate: OK → Alert after 40 s` : `${release.name} error rate: OK`, evidence: [samples(release)] },
    { stage: 'verdict', duration_ms: 3_100, actor: 'ship-it', summary: bad ? `rolled back to revision ${release.version.revision - 1}, tag quarantined` : 'good', evidence: bad ? [
      { kind: 'message', level: 'error', text: release.reason },
      { kind: 'diff', title: 'Roll back: quarantine and last good tag', text: manifestDiff(release.name, tag, old), url: 'https://github.com/example/miranda/commit/77aa10c' }] : [] },
  ];
  let clock = start;
  const failedAt = release.state === 'rolled back' ? 4 : 3;
  return {
    revision: release.version.revision,
    steps: all.map((step, i) => {
      const began = clock;
      clock += step.duration_ms;
      const state = i > at || (i === at && release.state === 'held') ? (bad ? 'skipped' : 'pending') : bad && i === failedAt ? 'failed' : i < at ? 'done' : bad ? 'failed' : 'active';
      if (state === 'pending' || state === 'skipped') return { stage: step.stage, state, evidence: [] };
      const { duration_ms, ...rest } = step;
      return { ...rest, state, at: iso(state === 'active' ? since : began), ...(state === 'active' ? {} : { duration_ms }) };
    }),
  };
}

export function detailOf(release) {
  const people = ['ana', 'jun', 'mateo', 'priya'];
  const history = [...release.recent].reverse().map((r, i) => ({
    revision: r.revision, outcome: r.outcome, version: r.version, chart: 'microservice 1.4.0', at: r.at, duration_ms: 41_000 + r.revision * 700,
    actor: people[r.revision % people.length], commit: r.version,
    current: i === (isBack(release.state) ? 1 : 0),
    ...(['failed', 'rolled back'].includes(r.outcome) ? { reason: i === 0 ? release.reason : 'readiness probe failed for 60 s' } : {}),
    rollback: ['failed', 'rolled back'].includes(r.outcome)
      ? { possible: false, why_not: 'its verdict was failed' }
      : { possible: true, cluster: `The stored manifest of revision ${r.revision} is applied to ${release.namespace} at once, as a new revision.`, git: `Then ${(r.version ?? '').slice(0, 7)} is committed to registry/templates/${release.name}.yaml and ${(isBack(release.state) ? release.version.old : release.version.new).slice(0, 7)} is quarantined.` },
  }));
  return {
    ...release, history, life: lifeOf(release),
    quarantine: release.state === 'rolled back' ? [{ release: `${release.namespace}/${release.name}`, image: release.artifacts.docker[0].image, tag: release.version.old, reason: release.reason, at: release.since }] : [],
    links: [{ name: 'Code', url: release.code.github }, { name: 'Build', url: release.build.travis }, { name: 'Dashboard', url: release.monitoring.datadog.dashboard }, { name: 'Monitors', url: release.monitoring.datadog.monitors }, { name: 'Logs', url: release.monitoring.sumologic }],
  };
}

export function resourcesOf(release) {
  const p = pods(release);
  const moving = p.ready < p.desired;
  const n = release.name, namespace = release.namespace;
  return {
    name: n, status: `==> v1/Service\nNAME  TYPE       CLUSTER-IP\n${n}  ClusterIP  10.0.0.12\n`,
    tree: [
      { kind: 'Deployment', apiVersion: 'apps/v1', name: n, namespace, health: moving ? 'progressing' : 'healthy', message: `${p.ready} of ${p.desired} pods are ready`, children: [
        { kind: 'ReplicaSet', apiVersion: 'apps/v1', name: `${n}-6c9f7d5b8`, namespace, health: moving ? 'progressing' : 'healthy', children: p.pods.map((x) => ({ kind: 'Pod', apiVersion: 'v1', name: x.name, namespace, health: x.ready ? 'healthy' : x.phase === 'CrashLoopBackOff' ? 'degraded' : 'progressing', message: x.reason ?? x.phase, since: x.since })) }] },
      { kind: 'Service', apiVersion: 'v1', name: n, namespace, health: 'healthy' },
      { kind: 'ConfigMap', apiVersion: 'v1', name: `${n}-env`, namespace, health: 'healthy' },
      { kind: 'HorizontalPodAutoscaler', apiVersion: 'autoscaling/v2', name: n, namespace, health: 'healthy', message: '3 of 2–6 replicas, CPU 41 % of 80 %' },
    ],
  };
}

export function diffOf(release, from, to) {
  const versions = new Map(release.recent.map((r) => [r.revision, r.version]));
  const a = versions.get(from) ?? '0'.repeat(40), b = versions.get(to) ?? '1'.repeat(40);
  return {
    from, to,
    values: a === b ? '' : `--- revision ${from}\n+++ revision ${to}\n@@ -1,5 +1,5 @@\n image:\n   repository: example/${release.name}\n-  tag: ${a}\n+  tag: ${b}\n replicas: 3\n`,
    manifest: a === b ? '' : `--- revision ${from}\n+++ revision ${to}\n@@ -31,7 +31,7 @@ spec:\n       containers:\n         - name: app\n-          image: example/${release.name}:${a}\n+          image: example/${release.name}:${b}\n           ports:\n             - containerPort: 8080\n`,
  };
}
