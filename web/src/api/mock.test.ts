// The mock answers what the pages' types promise: its shapes are compared with the contract by the code that uses them.
import { afterAll, beforeAll, expect, it } from 'vitest';
// @ts-expect-error the mock is plain JavaScript, run by node
import { start } from '../../mock/server.mjs';
import type { ReleaseDetail, ReleasePage } from './schema';

let mock: { port: number; close: () => void };
beforeAll(async () => {
  mock = await start({ port: 0, count: 250 });
});
afterAll(() => mock.close());
const get = async <T>(path: string) => (await (await fetch(`http://127.0.0.1:${mock.port}${path}`)).json()) as T;

it('pages through the whole fleet, each release once', async () => {
  const names = new Set<string>();
  let cursor = '';
  do {
    const page: ReleasePage = await get(`/api/releases?limit=100${cursor && `&cursor=${cursor}`}`);
    for (const r of page.items) names.add(`${r.namespace}/${r.name}`);
    cursor = page.next ?? '';
  } while (cursor);
  expect(names.size).toBe(250);
});

it('a rolled back release shows the failing stage with its samples and is quarantined', async () => {
  const r = await get<ReleaseDetail>('/api/releases/checkout');
  const failed = r.life?.steps.find((s) => s.state === 'failed');
  expect(failed?.stage).toBe('gates');
  expect(failed?.evidence[0]?.kind).toBe('samples');
  expect(r.quarantine[0]?.tag).toBe(r.version.old);
});

it('a push changes states until it is deployed or rolled back', async () => {
  const response = await fetch(`http://127.0.0.1:${mock.port}/api/push`, { method: 'POST', body: JSON.stringify({ image: 'worker', tag: 'd'.repeat(40) }) });
  expect(response.status).toBe(202);
  expect((await get<ReleaseDetail>('/api/releases/worker')).state).toBe('pending');
});
