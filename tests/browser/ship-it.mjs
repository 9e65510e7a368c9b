// The real binary for a test: a sandbox of its own on free ports, in a temporary folder, ended with the test.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const binary = process.env.SHIPIT_BINARY ?? join(root, 'build/release/ship-it');

/** Calls `look` until it gives something; an Error that says what was waited for when it does not in time. */
export async function until(what, look, ms = 30_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Starts `ship-it sandbox`; `page` is its address. */
export async function startSandbox() {
  if (!existsSync(binary)) throw new Error(`${binary} is not there: build it first (make build)`);
  const state = mkdtempSync(join(tmpdir(), 'ship-it-browser-'));
  const child = spawn(binary, ['sandbox', '--port', '0', '--state', state], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  child.stderr.on('data', (data) => (said += data));
  const exited = new Promise((done) => child.on('exit', done));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(state, { recursive: true, force: true });
  };
  try {
    const server = await until('server.json', () => {
      if (child.exitCode !== null) throw new Error(`ship-it ended with ${child.exitCode}:\n${said}`);
      const file = join(state, 'server.json');
      if (!existsSync(file)) return undefined;
      try {
        return JSON.parse(readFileSync(file, 'utf8'));
      } catch {
        return undefined; // half written
      }
    });
    await until('/health', async () => (await fetch(`${server.page}/health`).catch(() => undefined))?.ok);
    return { page: server.page, state, stop, log: () => said };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs a verb of the command line against the sandbox: the second terminal. */
export function shipIt(page, ...args) {
  return new Promise((done) => {
    const child = spawn(binary, args, { env: { ...process.env, SHIPIT_SERVER: page, NO_COLOR: '1' } });
    let out = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (out += data));
    child.on('exit', (code) => done({ code, out }));
  });
}

export async function json(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

export const openBrowser = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  });

/** A random commit sha. */
export const sha = () => Array.from({ length: 40 }, () => Math.floor(Math.random() * 16).toString(16)).join('');
