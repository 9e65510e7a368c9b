import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

// The server writes the boot data into index.html, so a development server passes everything but modules on:
// to the mock (npm run mock) or to a running ship-it (SHIPIT_SERVER).
const server = process.env.SHIPIT_SERVER ?? 'http://127.0.0.1:18090';

/** Each file once more with .gz: what the binary embeds. The same input gives the same bytes (no name, no time). */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      const walk = (folder: string) => {
        for (const entry of readdirSync(folder, { withFileTypes: true })) {
          const path = join(folder, entry.name);
          if (entry.isDirectory()) walk(path);
          else if (!entry.name.endsWith('.gz')) writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
        }
      };
      walk('dist');
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed()],
  build: {
    target: 'es2021',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { host: '127.0.0.1', proxy: { '/api': server, '/health': server, '/metrics': server } },
});
