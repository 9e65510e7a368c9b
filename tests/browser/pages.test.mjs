// A person with a browser and a second terminal: pushes, sees the states change without a reload, sees a bad version
// come back with its reason; the pages pass axe, can be used by the keyboard, and don't move by themselves.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { json, openBrowser, sha, shipIt, startSandbox, until } from './ship-it.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let sandbox, browser;

before(async () => {
  sandbox = await startSandbox();
  await until('the three sample services', async () => {
    const page = await json(`${sandbox.page}/api/releases?limit=10`);
    return page.items.length >= 3 && page.items.every((r) => r.state === 'deployed');
  }, 60_000);
  browser = await openBrowser();
}, { timeout: 120_000 });
after(async () => {
  await browser?.close();
  await sandbox?.stop();
});

/** A page that fails the test on any script error, and that notices a reload. */
async function visit(path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(sandbox.page + path);
  await page.evaluate(() => (window.notReloaded = true));
  return { page, close: () => context.close(), errors };
}
const row = (page, name) => page.locator(`[data-release="default/${name}"]`);
const current = async (page) => assert.equal(await page.evaluate(() => window.notReloaded), true, 'the page was loaded again');

async function violations(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return result.violations.map((v) => `${v.id}: ${v.nodes[0]?.html}`);
}

test('the first paint has the data, without a request, a spinner or a shift', async () => {
  const html = await (await fetch(sandbox.page)).text();
  const boot = JSON.parse(html.match(/id="boot">(.*?)<\/script>/s)[1]);
  assert.ok(boot.page.items.some((r) => r.name === 'hello'));
  assert.equal(boot.simulated, true);
  const { page, close, errors } = await visit('/');
  await row(page, 'hello').waitFor();
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0);
  const lists = await page.evaluate(() => performance.getEntriesByType('resource').filter((r) => r.name.includes('/api/releases')).length);
  const shift = await page.evaluate(() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((e) => (sum += e.value))).observe({ type: 'layout-shift', buffered: true });
    requestAnimationFrame(() => setTimeout(() => done(sum), 0));
  }));
  assert.equal(lists, 0);
  assert.ok(shift < 0.01, `layout shift ${shift}`);
  console.log(`first paint after ${Math.round(paint)} ms`);
  assert.deepEqual(errors, []);
  await close();
});

test('a push from a second terminal ships before the eyes of who watches', async () => {
  const tag = sha();
  const { page, close, errors } = await visit('/');
  await row(page, 'hello').waitFor();
  const states = new Set();
  await page.exposeFunction('sawState', (state) => states.add(state));
  await page.evaluate(() => {
    const look = () => {
      const word = document.querySelector('[data-release="default/hello"] .state-word')?.textContent;
      if (word) window.sawState(word);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const pushed = await shipIt(sandbox.page, 'push', `hello:${tag}`);
  assert.equal(pushed.code, 0, pushed.out);
  await row(page, 'hello').getByText(tag.slice(0, 7)).first().waitFor({ timeout: 20_000 });
  await until('hello to be deployed with the new tag', async () => {
    const r = await json(`${sandbox.page}/api/releases/hello`);
    return r.state === 'deployed' && r.artifacts.docker[0].tag === tag;
  });
  await row(page, 'hello').locator('.st-deployed').first().waitFor({ timeout: 5000 });
  assert.ok([...states].some((s) => ['pending', 'deploying', 'verifying'].includes(s)), `saw only ${[...states]}`);
  await current(page);
  assert.deepEqual(errors, []);
  await close();
});

test('a bad version is rolled back with its reason, in the cluster and in git, and can be lifted', async () => {
  const tag = sha();
  const { page, close, errors } = await visit('/releases/default/web');
  const good = (await json(`${sandbox.page}/api/releases/web`)).version.new;
  const pushed = await shipIt(sandbox.page, 'push', `web:${tag}`, '--behaves', 'crash');
  assert.equal(pushed.code === 0 || /rolled back/.test(pushed.out), true, pushed.out);
  await page.locator('.answer-line').getByText('rolled back', { exact: true }).waitFor({ timeout: 60_000 });
  const reason = await page.locator('.answer-reason').textContent();
  assert.ok(reason.length > 10, 'the answer line says why');
  await page.getByRole('heading', { name: 'Quarantine' }).waitFor({ timeout: 20_000 });
  await page.getByRole('tab', { name: /rollout/ }).waitFor();
  assert.equal(await page.locator('.stage.is-failed').count() > 0, true, 'a stage shows the failure');
  await until('git to have the good tag again', async () => (await json(`${sandbox.page}/api/releases/web`)).artifacts.docker[0].tag === good);
  assert.deepEqual(await violations(page), []);
  await page.getByRole('button', { name: /^Lift/ }).click();
  await page.getByRole('dialog').getByText('quarantine.yaml').waitFor();
  await page.keyboard.press('Escape');
  await current(page);
  assert.deepEqual(errors, []);
  await close();
});

test('holding and releasing answer where they were clicked', async () => {
  const { page, close, errors } = await visit('/releases/default/worker');
  await page.getByRole('button', { name: 'Hold…' }).click();
  await page.getByLabel('Reason').fill('month end');
  await page.getByRole('button', { name: 'Hold', exact: true }).click();
  await page.locator('.actions .said').getByText('On hold').waitFor();
  await page.locator('.next').getByText('month end').waitFor({ timeout: 10_000 });
  await page.getByRole('button', { name: 'Release the hold' }).click();
  await page.getByRole('button', { name: 'Hold…' }).waitFor({ timeout: 10_000 });
  await current(page);
  assert.deepEqual(errors, []);
  await close();
});

test('rolling back asks once, with the consequence', async () => {
  const { page, close } = await visit('/releases/default/hello');
  const button = page.locator('.actions').getByRole('button', { name: 'Roll back…' });
  await button.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Cluster', { exact: true }).waitFor();
  await dialog.getByText('Git', { exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await page.getByRole('dialog').count(), 0);
  await close();
});

test('the keyboard is enough', async () => {
  const { page, close, errors } = await visit('/');
  await row(page, 'hello').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('worker');
  await until('the filter in the address', () => page.url().includes('q=worker'));
  await row(page, 'hello').waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await row(page, 'hello').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  const name = await page.evaluate(() => document.activeElement?.textContent);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name }).waitFor();
  for (const [keys, title] of [['ga', 'Activity'], ['gr', 'Repository'], ['gs', 'System']]) {
    await page.keyboard.type(keys);
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
  }
  await page.keyboard.type('gf');
  await row(page, 'hello').waitFor();
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keyboard' }).waitFor();
  await page.keyboard.press('Escape');
  await current(page);
  assert.deepEqual(errors, []);
  await close();
});

for (const colorScheme of ['light', 'dark']) {
  test(`every page passes axe in ${colorScheme} and fits 360 pixels`, async () => {
    for (const path of ['/', '/releases/default/hello', '/activity', '/repository', '/system']) {
      for (const width of [360, 1280]) {
        const { page, close, errors } = await visit(path, { colorScheme, viewport: { width, height: 900 } });
        await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
        await page.waitForLoadState('load');
        await page.locator('.waiting').first().waitFor({ state: 'detached' });
        assert.deepEqual(await violations(page), [], `${path} at ${width}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), `${path} scrolls sideways at ${width}`);
        assert.deepEqual(errors, [], path);
        await close();
      }
    }
  });
}

test('a lost connection is said quietly and made up for', async () => {
  const { page, close } = await visit('/');
  await page.locator('.connection.is-live').waitFor();
  await page.context().setOffline(true);
  const tag = sha();
  await shipIt(sandbox.page, 'push', `worker:${tag}`);
  await until('the push', async () => (await json(`${sandbox.page}/api/releases/worker`)).artifacts.docker[0].tag === tag);
  await page.context().setOffline(false);
  await row(page, 'worker').getByText(tag.slice(0, 7)).first().waitFor({ timeout: 30_000 });
  await current(page);
  await close();
});
