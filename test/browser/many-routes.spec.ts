import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Rollout, RolloutProgress } from '@sluice/contracts';
import { chromium, type Browser, type Page } from 'playwright-core';
import { at, blackArn, redArn, rollout as builtRollout, weights } from '../../apps/dashboard/src/testing/rollout.js';
import { findChromium } from '../../tools/lib/chromium.mjs';
import { inRoot } from '../../tools/lib/paths.mjs';
import { cannedPage } from './canned-page.js';
import { flags } from './flags.js';

const count = 100;
type RouteOf = Rollout['routes'][number];
const nameOf = (i: number) => `catalog-web-${i}`;

/** In its first step: 60 verified, one of them with ill targets, one kept back, one failed, two being written, the rest queued. */
function standing(i: number): Partial<RouteOf> {
  const write = { intentId: `int_${i}`, purpose: 'step', state: 'pending', reason: null, message: null } as const;
  const open = { stepIndex: -1, verifiedAt: null };
  if (i === 7) return { ill: [{ backend: 'black', healthy: 0, total: 2 }] };
  if (i < 60) return {};
  if (i === 60)
    return {
      ...open,
      write: { ...write, reason: 'WaitingForHealthyTargets', message: 'black has 0 of 2 targets healthy.' },
    };
  if (i === 61) return { ...open, write: { ...write, state: 'failed', reason: 'AccessDenied', message: 'May not.' } };
  return { ...open, write: i < 64 ? { ...write, state: 'sent' } : write };
}

function manyRoutes(): Rollout {
  const one = builtRollout();
  const [frozen] = one.plan.routes;
  const [route] = one.routes;
  const indices = Array.from({ length: count }, (_, i) => i);
  return {
    ...one,
    name: 'a hundred routes',
    routeCount: count,
    reason: 'WaitingForWrite',
    verifiedAt: null,
    holdEndsAt: null,
    plan: { ...one.plan, routes: indices.map((i) => ({ ...frozen!, id: `rou_${i}`, name: nameOf(i) })) },
    routes: indices.map((i) => ({ ...route!, routeId: `rou_${i}`, name: nameOf(i), ...standing(i) })),
  };
}

const progress: RolloutProgress = {
  rolloutId: 'rol_1',
  decisions: [],
  points: [{ at: at(400), kind: 'verified', shares: { red: 940, black: 60 } }],
};
const ill = (name: string, targetGroupArn: string) => ({
  backendId: `bck_${name}`,
  name,
  clusterId: `clu_${name}`,
  targetGroupArn,
  seenAt: at(0),
  health: { healthy: 0, total: 2, initial: 0, unhealthy: 2, reasons: { 'Target.ResponseCodeMismatch': 2 } },
  failure: null,
  advice: ['Its targets answer the health check with another code than it expects.'],
});
const use = { perSecond: 2.9, allowedPerSecond: 3, tokens: 5 };
const replies = {
  '/v1/whoami': { actor: 'token:first', role: 'admin', projectId: null },
  '/v1/projects': { items: [{ id: 'prj_1', name: 'shop' }], next: null },
  '/v1/rollouts/rol_1': manyRoutes(),
  '/v1/rollouts/rol_1/progress': progress,
  '/v1/rollouts/rol_1/timeline': { rolloutId: 'rol_1', points: [], decisions: [], intents: [] },
  '/v1/routes/rou_61/live': { routeId: 'rou_61', at: at(0), weights: weights(100, 0), shares: [], foreign: [] },
  '/v1/routes/rou_61/target-health': {
    routeId: 'rou_61',
    at: at(0),
    backends: [ill('red', redArn), ill('black', blackArn)],
  },
  '/v1/accounts/acc_1/gateway': {
    awsAccountId: '111122223333',
    region: 'eu-central-1',
    gateway: {
      id: 'gtw_1',
      budget: { modifyPerSecond: 3, modifyBurst: 20, readPerSecond: 5, readBurst: 20 },
      accountCount: 1,
      isOwned: true,
      spending: { at: at(0), reads: { ...use, allowedPerSecond: 2.1 }, writes: use, lookEveryMs: 47_000 },
    },
  },
};

describe.each([
  ['a laptop', { width: 1366, height: 768 }],
  ['a telephone', { width: 390, height: 844 }],
])('a rollout over a hundred routes, on %s', (name, viewport) => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: findChromium()!, args: flags });
    page = await cannedPage(await browser.newContext({ viewport }), '/rollouts/rol_1', replies);
    page.setDefaultTimeout(10_000);
    await page.getByRole('heading', { name: 'Step 1 of 3 on 100 routes' }).waitFor();
  }, 60_000);
  afterAll(() => browser?.close());

  const names = () => page.locator('.table.routes tbody .link-button').allInnerTexts();
  const fits = async () =>
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width);

  /** What a cell holds may not lie over the next one. */
  const overlaps = () =>
    page.locator('.table.routes tbody tr').evaluateAll(
      (rows) =>
        rows.filter((row) => {
          const [badge, bar] = ['.badge', '.share-bar'].map((name) => row.querySelector(name)?.getBoundingClientRect());
          return badge === undefined || bar === undefined || badge.right > bar.left;
        }).length,
    );

  it('shows the step over all of them, those that differ on top, and why they wait', async () => {
    await page
      .getByRole('img', { name: '59 verified, 2 being written, 36 queued, 1 waits, 1 targets ill, 1 not written' })
      .waitFor();
    expect((await names()).slice(0, 4)).toEqual([61, 7, 60, 62].map(nameOf));
    const waits = await page.getByRole('list', { name: 'Why routes wait' }).getByRole('listitem').allInnerTexts();
    expect(waits).toEqual(['1 AccessDenied May not.', '1 WaitingForHealthyTargets black has 0 of 2 targets healthy.']);
    await fits();
    expect(await overlaps()).toBe(0);
    mkdirSync(inRoot('.cache/screenshots'), { recursive: true });
    const file = path.join(inRoot('.cache/screenshots'), `hundred-routes-${String(viewport.width)}.png`);
    await page.screenshot({ path: file, fullPage: true });
  }, 30_000);

  it("says what is spent of AWS's limits, and that AWS gives less than it was set to", async () => {
    const card = page.locator('.card', { hasText: 'AWS limits' });
    await card.getByText('2.9 of 3 a second').waitFor();
    await card.getByText('AWS throttles us: at most 2.1 a second for now.').waitFor();
    await page.getByText('38 to write: about 13 s').waitFor();
  }, 30_000);

  it('finds routes by their names and by how they stand', async () => {
    await page.getByRole('button', { name: '2 being written' }).click();
    expect(await names()).toEqual([62, 63].map(nameOf));
    await page.getByRole('button', { name: '2 being written' }).click();
    await page.getByLabel('Search routes by name').fill('web-6');
    await page.getByRole('button', { name: 'Show all 11' }).click();
    expect(await names()).toHaveLength(11);
    await page.getByLabel('Search routes by name').fill('nothing like it');
    await page.getByText('No route of this rollout is like that.').waitFor();
    await page.getByLabel('Search routes by name').fill('');
  }, 30_000);

  it("opens one route's detail and closes it again", async () => {
    await page.getByRole('button', { name: nameOf(61) }).click();
    const dialog = page.getByRole('dialog', { name: nameOf(61) });
    await dialog.getByText('May not.').waitFor();
    await dialog.locator('.chart svg').waitFor();
    expect(await dialog.evaluate((box) => box.scrollWidth <= box.clientWidth)).toBe(true);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dialog.waitFor({ state: 'detached' });
  }, 30_000);
});
