// npm run mock -- [--port 18090] [--count 60] [--lively] [--clean]: the mock with the built pages, if there are any.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { start } from './server.mjs';

const value = (name, fallback) => { const i = process.argv.indexOf(`--${name}`); return i < 0 ? fallback : Number(process.argv[i + 1]); };
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const mock = await start({
  port: value('port', 18090), count: value('count', 60), lively: process.argv.includes('--lively'),
  broken: !process.argv.includes('--clean'), dist: existsSync(dist) ? dist : undefined,
});
console.log(`http://127.0.0.1:${mock.port}`);
