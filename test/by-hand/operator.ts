import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { type Stack } from '../e2e/stack.js';
import { Terminal, must, type Ended } from './programs.js';

const SIDES = [
  { name: 'red', cluster: 'blue-2025', namespace: 'red-ns', service: 'red-service' },
  { name: 'black', cluster: 'green-2026', namespace: 'black-ns', service: 'black-service' },
] as const;

/** What somebody with the kubeconfigs of `access.json` sees of the bindings that Sluice has made, by the real kubectl. */
export function operatorsView(stackOf: () => Stack): void {
  it.each(SIDES)('kubectl lists the binding of $name in $cluster', async ({ cluster, namespace, service }) => {
    await atTerminal(stackOf(), async (terminal, clusters) => {
      const listed = must(
        await terminal.kubectl(clusters[cluster] ?? '', 'get', 'targetgroupbindings', '-A'),
        'kubectl get',
      );
      const [head, ...lines] = listed.trimEnd().split('\n');
      expect(head?.split(/\s+/).slice(0, 4)).toEqual(['NAMESPACE', 'NAME', 'SERVICE-NAME', 'SERVICE-PORT']);
      expect(lines.map((line) => line.split(/\s+/))).toEqual([
        [namespace, expect.stringMatching(/^sluice-/), service, '80', 'ip', expect.any(String)],
      ]);
    });
  });

  it("kubectl shows another manager, who applies a changed binding, the conflict with Sluice's fields, and changes nothing", async () => {
    await atTerminal(stackOf(), async (terminal, clusters) => {
      const { cluster, namespace, service } = SIDES[0];
      const kubectl = (...args: string[]) => terminal.kubectl(clusters[cluster] ?? '', ...args);
      const read = async () =>
        (
          JSON.parse(
            must(await kubectl('get', 'targetgroupbindings', '-n', namespace, '-o', 'json'), 'kubectl get'),
          ) as { items: Binding[] }
        ).items[0]!;
      const before = await read();
      const changed = {
        apiVersion: before.apiVersion,
        kind: before.kind,
        metadata: { name: before.metadata.name, namespace },
        spec: { ...before.spec, serviceRef: { name: service, port: 8080 } },
      };
      const refused = await withFile(JSON.stringify(changed), (file) =>
        kubectl('apply', '--server-side', '--field-manager', 'somebody-else', '-f', file),
      );
      expect(refused.code).toBe(1);
      expect(refused.err).toContain('Apply failed with 1 conflict: conflict with "sluice"');
      expect(refused.err).toContain('.spec.serviceRef.port');
      expect((await read()).spec).toEqual(before.spec);
    });
  });
}

interface Binding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly serviceRef: object };
}

async function atTerminal(
  stack: Stack,
  work: (terminal: Terminal, clusters: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const terminal = new Terminal(stack.sandbox);
  try {
    await work(terminal, stack.sandbox.clusters);
  } finally {
    terminal.close();
  }
}

async function withFile(text: string, work: (file: string) => Promise<Ended>): Promise<Ended> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sluice-by-hand-'));
  try {
    const file = path.join(dir, 'binding.json');
    await writeFile(file, text);
    return await work(file);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
