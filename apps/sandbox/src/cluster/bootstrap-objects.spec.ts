import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { sluiceAccess } from './bootstrap-objects.js';

interface Role {
  readonly kind: string;
  readonly rules: readonly { readonly apiGroups: readonly string[] }[];
}

const inRoot = (file: string) => readFileSync(path.resolve(import.meta.dirname, '../../../..', file), 'utf8');
const manifest = inRoot('deploy/kubernetes/sluice.yaml');
const roleIn = (objects: readonly unknown[]) =>
  (objects as readonly Role[]).find((object) => object.kind === 'ClusterRole')?.rules ?? [];

describe('the role by which Sluice acts in a cluster', () => {
  it('is in the sandbox the one that people are told to apply, and the same for Auto Mode', () => {
    const published = roleIn(parseAllDocuments(manifest).map((document) => document.toJS() as unknown));
    expect(published).toHaveLength(5);
    const forAutoMode = { ...published[0], apiGroups: ['eks.amazonaws.com'] };
    expect(roleIn(sluiceAccess)).toEqual([published[0], forAutoMode, ...published.slice(1)]);
  });

  it('is in the README word for word', () => {
    const withoutItsComment = manifest.slice(manifest.indexOf('\n') + 1);
    expect(inRoot('README.md')).toContain(`\`\`\`yaml\n${withoutItsComment}\`\`\``);
  });
});
