import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findChromium } from '../../tools/lib/chromium.mjs';
import { inRoot } from '../../tools/lib/paths.mjs';
import { Stack, eventually, type Replica, type Upgrade } from '../e2e/stack.js';
import { BreakableWire } from './breakable-wire.js';
import { flags } from './flags.js';

const screenshots = inRoot('.cache/screenshots');
const timeout = 20_000;

interface Rollout {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
}

describe('the dashboard, in a real Chromium on the real service', () => {
  let stack: Stack;
  let replica: Replica;
  let upgrade: Upgrade;
  let wire: BreakableWire;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    stack = await Stack.start();
    replica = await stack.replica({ SLUICE_DASHBOARD_DIR: inRoot('apps/dashboard/dist') });
    upgrade = await stack.upgrade(replica);
    wire = await BreakableWire.to(replica.api);
    browser = await chromium.launch({ executablePath: findChromium()!, args: flags });
    page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    page.setDefaultTimeout(timeout);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on(
      'console',
      (message) => /content security policy|react/i.test(message.text()) && complaints.push(message.text()),
    );
  }, 240_000);

  afterEach(() => expect(complaints).toEqual([]));

  afterAll(async () => {
    await browser?.close();
    await wire?.stop();
    await stack?.stop();
  }, 60_000);

  const get = (id: string) => stack.rest(replica).get(`/rollouts/${id}`) as Promise<Rollout>;
  const verb = (id: string, name: string) =>
    stack.rest(replica).post(`/rollouts/${id}:${name}`, {}) as Promise<Rollout>;
  const shows = (state: string) => page.locator(`h1 [data-state="${state}"]`).waitFor();
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const shoot = (name: string) => page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });
  const isHolding = (id: string, step: number) =>
    eventually(`step ${String(step + 1)} held`, async () => {
      const { stepIndex, reason } = (await get(id)) as Rollout & { stepIndex: number };
      return stepIndex === step && reason === 'StepIsHolding';
    });

  /** Red to black in three steps that each last as long as a person takes. */
  async function startRollout(holdsMs: readonly number[]): Promise<string> {
    const rest = stack.rest(replica);
    const shares = [
      [90, 10],
      [50, 50],
      [0, 100],
    ];
    const steps = shares.map(([red, black], index) => ({ shares: { red, black }, holdMs: holdsMs[index] }));
    const spec = {
      routes: { kind: 'ids', ids: [upgrade.route.id] },
      steps: { kind: 'explicit', steps },
      minHealthyTargets: 1,
      settleMs: 200,
      bakeMs: 60_000,
    };
    const { plan } = await rest.post('/plans', {
      projectId: upgrade.project.id,
      name: `browser ${String(Date.now())}`,
      spec,
    });
    return (
      (await rest.post('/rollouts', {
        projectId: upgrade.project.id,
        planId: plan.id,
        name: 'blue/green upgrade',
      })) as Rollout
    ).id;
  }

  it('refuses a token that the service does not know, and signs in with one that it does', async () => {
    await page.goto(wire.url);
    await page.getByLabel('Bearer token').fill('sluice_not-a-token');
    await button('Sign in').click();
    await page.getByRole('alert').getByText('does not know this token').waitFor();
    await page.getByLabel('Bearer token').fill(stack.authorization.slice('Bearer '.length));
    await button('Sign in').click();
    await page.getByRole('heading', { name: 'No rollout yet' }).waitFor();
  }, 60_000);

  it('lists a rollout that somebody starts, and draws its shares as they are verified, without being reloaded', async () => {
    const id = await startRollout([500, 600_000, 500]);
    await page.getByRole('link', { name: 'blue/green upgrade' }).click();
    await shows('Running');
    await isHolding(id, 1);
    await page.locator('.legend-item', { hasText: 'black' }).getByText('50 %').waitFor();
    await page
      .locator('.step.current[aria-current="step"]', { hasText: '50 / 50' })
      .getByText(/^\d+:\d\d$/)
      .waitFor();
    for (const backend of ['red', 'black']) {
      const area = await page.locator(`.chart path.verified[data-backend="${backend}"]`).boundingBox();
      expect(area?.height).toBeGreaterThan(80);
    }
    const levels = await page.locator('.chart path.line.verified').getAttribute('d');
    expect(new Set(levels?.match(/,[\d.]+/g)).size).toBe(3);
    await page
      .getByRole('row', { name: /red blue-2025/ })
      .getByText('2/2')
      .waitFor();
    await shoot('running-light');
  }, 120_000);

  it('pauses by its button with a reason for the ledger, and shows it when somebody else resumes', async () => {
    const id = page.url().split('/').at(-1)!;
    await button('Pause').click();
    const dialog = page.getByRole('dialog', { name: 'Pause “blue/green upgrade”?' });
    await dialog.getByText('The weights stay as they are').waitFor();
    await dialog.getByRole('textbox').fill('lunch first');
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await shows('Paused');
    expect((await get(id)).state).toBe('Paused');
    await page.locator('.decisions').getByText('lunch first').waitFor();
    expect(await button('Advance').count()).toBe(0);
    await verb(id, 'resume');
    await shows('Running');
  }, 60_000);

  it('says since when it is stale while the stream is cut, and catches up with what it missed', async () => {
    const id = page.url().split('/').at(-1)!;
    wire.cut();
    await page.getByText(/^Stale since \d\d:\d\d:\d\d/).waitFor();
    expect(await button('Advance').isDisabled()).toBe(true);
    expect(await button('Roll back').isDisabled()).toBe(false);
    await verb(id, 'pause');
    wire.mend();
    await shows('Paused');
    await page.getByText('Stale since').waitFor({ state: 'detached' });
    await verb(id, 'resume');
    await shows('Running');
  }, 90_000);

  it('shows a console edit as a three-way diff and, in words, what can be done about it', async () => {
    const { aws } = stack.sandbox;
    const { ElasticLoadBalancingV2Client, ModifyListenerCommand } =
      await import('@aws-sdk/client-elastic-load-balancing-v2');
    const { weights } = (await stack.rest(replica).get(`/routes/${upgrade.route.id}/live`)) as {
      weights: { targetGroupArn: string }[];
    };
    const TargetGroups = weights.map(({ targetGroupArn }) => ({
      TargetGroupArn: targetGroupArn,
      Weight: targetGroupArn.includes('/red-') ? 33 : 67,
    }));
    const console_ = new ElasticLoadBalancingV2Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws });
    await console_.send(
      new ModifyListenerCommand({
        ListenerArn: upgrade.route.arn,
        DefaultActions: [{ Type: 'forward', ForwardConfig: { TargetGroups } }],
      }),
    );
    console_.destroy();
    await shows('Blocked');
    expect(
      await page
        .getByRole('row', { name: /^red blue-2025 50/ })
        .getByRole('cell')
        .allInnerTexts(),
    ).toEqual(['50 (50 %)', '50 (50 %)', '33 (33 %)']);
    await page.getByRole('definition').filter({ hasText: 'What Sluice last wrote is right' }).waitFor();
    await page.emulateMedia({ colorScheme: 'dark' });
    await shoot('blocked-dark');
    await page.emulateMedia({ colorScheme: 'light' });
  }, 90_000);

  it('says where a rollback goes before it goes there', async () => {
    const id = page.url().split('/').at(-1)!;
    await button('Roll back').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('red 100 %, black 0 %').waitFor();
    await shoot('rollback-dialog-light');
    await dialog.getByRole('button', { name: 'Roll back' }).click();
    await shows('RolledBack');
    expect((await get(id)).state).toBe('RolledBack');
    await page.locator('.legend-item', { hasText: 'red' }).getByText('100 %').waitFor();
    expect(await page.getByRole('group', { name: 'What you can do' }).getByRole('button').count()).toBe(0);
  }, 60_000);

  it('signs in by a link, takes the token out of the address, and fits a telephone', async () => {
    const phone = await browser.newContext({ viewport: { width: 390, height: 844 } });
    try {
      const small = await phone.newPage();
      await small.goto(`${page.url()}#token=${stack.authorization.slice('Bearer '.length)}`);
      await small.locator('h1 [data-state="RolledBack"]').waitFor({ timeout });
      expect(small.url()).toBe(page.url());
      const width = await small.evaluate('document.documentElement.scrollWidth');
      expect(width).toBe(390);
      await small.screenshot({ path: path.join(screenshots, 'rolled-back-390.png'), fullPage: true });
    } finally {
      await phone.close();
    }
  }, 60_000);
});
