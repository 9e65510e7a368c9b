import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The server writes the boot data into index.html, so a development server passes everything but modules on:
// to the mock (npm run mock) or to a running ship-it (SHIPIT_SERVER).
const server = process.env.SHIPIT_SERVER ?? 'http://127.0.0.1:18090';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2021',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { host: '127.0.0.1', proxy: { '/api': server, '/health': server, '/metrics': server } },
});
