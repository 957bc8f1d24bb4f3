// Where things are. Everything the tools write lives in two git-ignored folders: `.sluice` (state of running things,
// safe to keep) and `.cache` (can be deleted at any time), or in the user's own cache for what outlives a clone.
import os from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');
export const stateDir = path.join(root, '.sluice');
export const cacheDir = path.join(root, '.cache');
export const userCacheDir = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'sluice');

export const inRoot = (...parts) => path.join(root, ...parts);

/** Whether this module is the program that was started (rather than imported). */
export const isMain = (meta) => process.argv[1] !== undefined && path.resolve(process.argv[1]) === meta.filename;
