import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { inRoot } from '../../tools/lib/paths.mjs';

const origin = 'http://dashboard.test';
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/**
 * Opens the built dashboard at this address, with replies that are given by path (without its query) in place of a service.
 * The stream of events stays silent.
 */
export async function cannedPage(context: BrowserContext, address: string, replies: Readonly<Record<string, unknown>>) {
  await context.route(`${origin}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/v1/events') return;
    if (pathname.startsWith('/v1/')) {
      const reply = replies[pathname];
      return route.fulfill(reply === undefined ? { status: 404, json: { detail: pathname } } : { json: reply });
    }
    const file = inRoot('apps/dashboard/dist', pathname.slice(1));
    const found = path.extname(pathname) !== '' && existsSync(file) ? file : inRoot('apps/dashboard/dist/index.html');
    await route.fulfill({ body: readFileSync(found), contentType: types[path.extname(found)] ?? 'text/plain' });
  });
  const page = await context.newPage();
  await page.goto(`${origin}${address}#token=canned`);
  return page;
}
