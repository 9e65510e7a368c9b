// A release for tests; what a test is about it says itself.
import type { Release, ReleasePage } from '../api/schema';

export function release(change: Partial<Release> = {}): Release {
  return {
    name: 'hello',
    created: '2026-01-01T00:00:00Z',
    lastDeployed: '2026-01-02T00:00:00Z',
    owner: { squad: 'velocity', slack: '#squad-velocity' },
    autoDeploy: true,
    code: { github: 'https://github.com/example/hello', ref: 'main' },
    build: { travis: '' },
    monitoring: { datadog: { dashboard: '', monitors: '' }, sumologic: '' },
    artifacts: { docker: [{ image: 'registry.example/hello', tag: 'a'.repeat(40) }], chart: { path: 'microservice', repository: '', version: '1.0.0' } },
    status: 'deployed',
    namespace: 'default',
    state: 'deployed',
    reason: '',
    since: '2026-01-02T00:00:00Z',
    stages: [],
    version: { new: 'a'.repeat(40), revision: 1 },
    recent: [],
    conditions: [],
    ...change,
  };
}

export const page = (items: Release[], change: Partial<ReleasePage> = {}): ReleasePage => ({
  items,
  total: items.length,
  counts: items.reduce<Record<string, number>>((c, r) => ({ ...c, [r.state]: (c[r.state] ?? 0) + 1 }), {}),
  ...change,
});
