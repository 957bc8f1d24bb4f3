import { describe, it, expect } from '@jest/globals';
import { groupArn, InMemoryFactStore, ManualTimers } from '@sluice/testing';
import type { FactWrite } from '../ports/fact-store.js';
import { FactRecorder } from './fact-recorder.js';

function look(at: number, code: string): FactWrite {
  const fact = { ok: false, at, transient: true, code, message: '' } as const;
  const watched = { fact, periodMs: 1_000, runs: [{ from: at, to: at, joined: false, mark: null }] };
  return { kind: 'health', accountId: 'acc_1', arn: groupArn('black'), watched };
}

/** A store that breaks down while something else is seen. */
class BreakingFactStore extends InMemoryFactStore {
  meanwhile: (() => void) | null = null;

  override async record(...call: Parameters<InMemoryFactStore['record']>): Promise<boolean> {
    const once = this.meanwhile;
    this.meanwhile = null;
    once?.();
    return super.record(...call);
  }
}

function recorderOf(
  facts: InMemoryFactStore,
  timers: ManualTimers,
  onFailed: (error: unknown) => void = () => undefined,
) {
  const fence = { gatewayId: 'gtw_1', epoch: 1n, grantId: 'grant' };
  return new FactRecorder({ facts, fence, timers, delayMs: 500, onFenced: () => undefined, onFailed });
}

describe('the recorder of looks', () => {
  it('stores what is as it was within a sixth of its period, at once when somebody waits, never what another stores', async () => {
    const timers = new ManualTimers();
    const facts = new InMemoryFactStore();
    const recorder = recorderOf(facts, timers);
    recorder.add('black', look(1, 'Same'), false);
    await timers.advance(166);
    expect(facts.records).toHaveLength(0);
    await timers.advance(1);
    expect(facts.records).toHaveLength(1);
    recorder.add('black', look(2, 'Same'), false);
    recorder.storeNow();
    await timers.advance(0);
    expect(facts.records).toHaveLength(2);
    recorder.add('black', look(3, 'Same'), false);
    recorder.forget('black');
    await timers.advance(1_000);
    expect(facts.records).toHaveLength(2);
  });

  it('keeps what could not be stored: the newest look, and that something changed before it', async () => {
    const timers = new ManualTimers();
    const facts = new BreakingFactStore();
    const failed: unknown[] = [];
    const recorder = recorderOf(facts, timers, (error) => void failed.push(error));
    facts.outage = new Error('connection refused');
    recorder.add('black', look(1, 'Changed'), true);
    facts.meanwhile = () => recorder.add('black', look(2, 'Same'), false);
    await timers.advance(1_500);
    facts.outage = null;
    await timers.advance(1_000);
    expect(facts.records).toEqual([{ facts: [look(2, 'Same')], changed: [look(2, 'Same')] }]);
    expect(failed).toHaveLength(1);
    expect(timers.nextInMs).toBeNull();
  });
});
