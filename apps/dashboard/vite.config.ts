import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `SLUICE_API`: the API that `vite` on its own passes requests on to. */
export default defineConfig({
  plugins: [react()],
  build: { target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { '/v1': process.env['SLUICE_API'] ?? 'http://127.0.0.1:4780' } },
});
