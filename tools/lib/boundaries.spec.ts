import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { boundaryViolations } from './boundaries.mjs';

const wrong = [
  ['domain that imports control', 'libs/domain/src/a.ts', '../../control/src/index.js', 'domain-imports-nothing'],
  ['domain that imports a Node module', 'libs/domain/src/b.ts', 'node:fs', 'domain-imports-nothing'],
  ['control that imports an adapter', 'libs/control/src/a.ts', '../../aws/src/index.js', 'control-sees-domain-alone'],
  ['control that reaches the network', 'libs/control/src/b.ts', 'node:http', 'control-sees-domain-alone'],
  ['an adapter that imports another', 'libs/aws/src/a.ts', '../../postgres/src/index.js', 'aws-sees-no-other-adapter'],
  ['the sandbox using a library', 'apps/sandbox/src/a.ts', '../../../libs/domain/src/index.js', 'sandbox-stands-alone'],
  ['an app that imports another', 'apps/api/src/a.ts', '../../sandbox/src/index.js', 'apps-never-see-each-other'],
  ['a library that imports an app', 'libs/aws/src/b.ts', '../../../apps/api/src/index.js', 'libs-never-see-apps'],
] as const;

let tree: string;
let violations: string[];

beforeAll(async () => {
  tree = mkdtempSync(path.join(os.tmpdir(), 'sluice-boundaries-'));
  write('tsconfig.check.json', '{"compilerOptions":{"module":"nodenext"}}');
  for (const place of ['libs/domain', 'libs/control', 'libs/aws', 'libs/postgres', 'apps/api', 'apps/sandbox']) {
    write(`${place}/src/index.ts`, 'export const here = 1;');
  }
  write('libs/control/src/flow.ts', importing('../../domain/src/index.js'));
  for (const [, file, module] of wrong) write(file, importing(module));
  ({ violations } = await boundaryViolations(tree, []));
});

afterAll(() => rmSync(tree, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
  writeFileSync(path.join(tree, file), text);
}

const importing = (module: string): string => `import * as there from '${module}';\nexport const seen = there;`;

describe('the boundary checker', () => {
  it.each(wrong)('reports %s', (_what, file, _module, rule) => {
    expect(violations).toContainEqual(expect.stringContaining(`${rule}: ${file} ->`));
  });

  it('is content with control that imports domain', () => {
    expect(violations).not.toContainEqual(expect.stringContaining('libs/control/src/flow.ts'));
  });

  it('fails rather than reports nothing when it sees no module of a workspace', async () => {
    await expect(boundaryViolations(tree, ['libs/kubernetes'])).rejects.toThrow('saw no module of libs/kubernetes');
  });
});
