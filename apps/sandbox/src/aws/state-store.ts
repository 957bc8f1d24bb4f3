import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Session } from './identities.js';
import { emptyRegion, type RegionState } from './model.js';

interface Stored {
  readonly version: 1;
  readonly regions: Record<string, RegionState>;
  readonly sessions: Session[];
}

/**
 * Everything the sandbox's AWS knows, in one JSON file that is replaced as a whole, so that a kill leaves the old or the new one.
 * It survives the process, not the machine: writes are not synced to the disk.
 */
export class StateStore {
  /** Changes with every write and every change of health; whoever polls may skip what hasn't moved. */
  revision = 1;
  private lastWrite: Promise<void> = Promise.resolve();
  private nextWrite: Promise<void> | undefined;

  private constructor(
    private readonly file: string,
    private readonly stored: Stored,
    private readonly isKept: boolean,
  ) {}

  /** `isKept` false: nothing is written, what it knows ends with the process. */
  static async open(dir: string, isKept = true): Promise<StateStore> {
    await mkdir(dir, { recursive: true });
    const file = path.join(dir, 'aws.json');
    return new StateStore(file, await read(file), isKept);
  }

  get sessions(): Session[] {
    return this.stored.sessions;
  }

  /** The state of one account in one Region, made at first sight. */
  region(account: string, regionName: string): RegionState {
    return (this.stored.regions[`${account}/${regionName}`] ??= emptyRegion());
  }

  /** Every account and Region that something was asked of. */
  regions(): { account: string; regionName: string; state: RegionState }[] {
    return Object.entries(this.stored.regions).map(([key, state]) => {
      const [account = '', regionName = ''] = key.split('/');
      return { account, regionName, state };
    });
  }

  /** Resolves once a file that holds everything up to now is in place. All that ask while a write is under way share the next one. */
  save(): Promise<void> {
    this.revision += 1;
    if (!this.isKept) return Promise.resolve();
    if (this.nextWrite === undefined) {
      this.nextWrite = this.lastWrite.then(() => {
        this.nextWrite = undefined;
        return writeFileAtomic(this.file, JSON.stringify(this.stored), { fsync: false });
      });
      this.lastWrite = this.nextWrite.catch(() => undefined);
    }
    return this.nextWrite;
  }
}

async function read(file: string): Promise<Stored> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Stored; // written by `write` alone
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, regions: {}, sessions: [] };
    throw new Error(`${file} cannot be read (${String(error)}). Move it away to start with an empty AWS.`, {
      cause: error,
    });
  }
}
