// What the binary answers is what contracts/openapi.yaml promises. SHIPIT_SERVER: hold another server against it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { contract } from './contract.mjs';
import { json, startSandbox, until } from './ship-it.mjs';

const { check, paths } = contract();
let sandbox, base;

before(async () => {
  if (!process.env.SHIPIT_SERVER) sandbox = await startSandbox();
  base = process.env.SHIPIT_SERVER ?? sandbox.page;
  await until('releases', async () => (await json(`${base}/api/releases`)).length > 0, 60_000);
}, { timeout: 120_000 });
after(() => sandbox?.stop());

test('the list, whole and by pages', async () => {
  for (const release of await json(`${base}/api/releases`)) assert.deepEqual(check('Release', release), []);
  assert.deepEqual(check('ReleasePage', await json(`${base}/api/releases?limit=2&sort=changed`)), []);
});

test('each release with its detail, objects and difference', async () => {
  const { items } = await json(`${base}/api/releases?limit=20`);
  for (const { name, namespace, version } of items) {
    const at = `${base}/api/releases/${name}`;
    assert.deepEqual(check('ReleaseDetail', await json(`${at}?namespace=${namespace}`)), [], name);
    assert.deepEqual(check('ReleaseResources', await json(`${at}/resources?namespace=${namespace}`)), [], name);
    if (version.revision > 1) assert.deepEqual(check('RevisionDiff', await json(`${at}/diff?namespace=${namespace}`)), [], name);
  }
});

test('activity, repository, system', async () => {
  assert.deepEqual(check('ActivityPage', await json(`${base}/api/activity`)), []);
  assert.deepEqual(check('Repository', await json(`${base}/api/repository`)), []);
  assert.deepEqual(check('System', await json(`${base}/api/system`)), []);
});

test('errors have one shape', async () => {
  for (const path of ['/api/releases/nobody-has-this-name', '/api/nothing']) {
    const response = await fetch(base + path);
    assert.equal(response.status, 404);
    assert.deepEqual(check('Error', await response.json()), []);
  }
});

test('every path of the contract is there', async () => {
  for (const [path, item] of Object.entries(paths)) {
    if (!item.get || path === '/api/feed') continue;
    const response = await fetch(base + path.replace('{name}', 'nobody-has-this-name'));
    const expected = path.includes('{name}') ? 404 : 200;
    assert.equal(response.status, expected, path);
  }
});

test('the feed begins with hello and an id', async () => {
  const stop = new AbortController();
  const response = await fetch(`${base}/api/feed`, { signal: stop.signal });
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  const { value } = await response.body.getReader().read();
  assert.match(new TextDecoder().decode(value), /event: hello/);
  assert.match(new TextDecoder().decode(value), /id: /);
  stop.abort();
});
