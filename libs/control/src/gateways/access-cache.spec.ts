import { describe, it, expect, beforeEach } from '@jest/globals';
import { Conflict } from '@sluice/domain';
import { ManualTimers } from '@sluice/testing';
import { AccessCache } from './access-cache.js';

interface Row {
  readonly version: number;
  readonly region: string;
}

let timers: ManualTimers;
let row: Row | null;
let found: number;
let opened: number;
let unreadable: boolean;
let cache: AccessCache<Row>;

beforeEach(() => {
  timers = new ManualTimers();
  row = { version: 1, region: 'eu-west-1' };
  [found, opened, unreadable] = [0, 0, false];
  const find = async () => {
    found += 1;
    return row;
  };
  const open = ({ region }: Row) => {
    opened += 1;
    if (unreadable) throw new Conflict('CredentialsUnreadable', 'no key');
    return { accountId: '1', region, endpoint: null, credentials: null, role: null };
  };
  cache = new AccessCache(timers, find, open);
});

const regionOf = async () => (await cache.of('acc_1')).region;

describe('the access to an account', () => {
  it('is opened once, and its row looked up every five seconds at the most', async () => {
    await Promise.all([regionOf(), regionOf()]);
    await timers.advance(4_999);
    await regionOf();
    expect([found, opened]).toEqual([1, 1]);
    await timers.advance(1);
    await regionOf();
    expect([found, opened]).toEqual([2, 1]);
  });

  it('is opened again when the row has another version', async () => {
    await regionOf();
    row = { version: 2, region: 'eu-central-1' };
    await timers.advance(5_000);
    expect(await regionOf()).toBe('eu-central-1');
    expect(opened).toBe(2);
  });

  it('that failed is tried by the next caller, and never served from before', async () => {
    await regionOf();
    row = { version: 2, region: 'eu-central-1' };
    unreadable = true;
    await timers.advance(5_000);
    await expect(regionOf()).rejects.toMatchObject({ reason: 'CredentialsUnreadable' });
    unreadable = false;
    expect(await regionOf()).toBe('eu-central-1');
  });

  it('of an account that is gone is gone', async () => {
    await regionOf();
    row = null;
    await timers.advance(5_000);
    await expect(regionOf()).rejects.toMatchObject({ name: 'NotFound' });
  });
});
