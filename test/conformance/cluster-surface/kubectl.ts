import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { arn, type Surface } from './surface.js';

const program = path.join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubectl');
const available = process.env['KUBEBUILDER_ASSETS'] !== undefined && existsSync(program);

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Everyday kubectl, the real program, against the server. */
export function kubectlSurface(surface: Surface): void {
  const suite = available ? describe : describe.skip;
  suite('kubectl', () => {
    let cache = '';
    beforeAll(async () => {
      cache = await mkdtemp(path.join(tmpdir(), 'sluice-kubectl-'));
    });
    afterAll(() => rm(cache, { recursive: true, force: true }));
    const kubectl = (args: readonly string[], input = ''): Promise<Answer> =>
      new Promise((resolve) => {
        const all = ['--kubeconfig', surface.peer().kubeconfig, '--cache-dir', cache, ...args];
        const child = execFile(
          program,
          all,
          { timeout: 30_000, env: { HOME: cache, PATH: process.env['PATH'] ?? '' } },
          (error, out, err) => {
            resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
          },
        );
        child.stdin?.end(input);
      });
    const must = async (args: readonly string[], input = ''): Promise<string> => {
      const { code, out, err } = await kubectl(args, input);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}${out}`);
      return out;
    };
    const yaml = (port: number) =>
      JSON.stringify(surface.manifest('red', { spec: { serviceRef: { name: 'red-service', port } } }));

    it('applies a binding, sees that it is unchanged, changes it and deletes it', async () => {
      const namespace = await surface.namespace();
      expect(await must(['apply', '-n', namespace, '-f', '-'], yaml(80))).toBe(
        'targetgroupbinding.elbv2.k8s.aws/red created\n',
      );
      expect(await must(['apply', '-n', namespace, '-f', '-'], yaml(80))).toBe(
        'targetgroupbinding.elbv2.k8s.aws/red unchanged\n',
      );
      expect(await must(['apply', '-n', namespace, '-f', '-'], yaml(81))).toBe(
        'targetgroupbinding.elbv2.k8s.aws/red configured\n',
      );
      expect(await must(['delete', 'targetgroupbinding', 'red', '-n', namespace])).toMatch(
        /^targetgroupbinding.elbv2.k8s.aws "red" deleted/,
      );
      expect(await kubectl(['get', 'targetgroupbinding', 'red', '-n', namespace])).toEqual({
        code: 1,
        out: '',
        err: 'Error from server (NotFound): targetgroupbindings.elbv2.k8s.aws "red" not found\n',
      });
    });

    it('lists bindings of all namespaces in columns', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      const lines = (await must(['get', 'targetgroupbindings', '-A'])).split('\n');
      expect(lines[0]?.split(/\s+/)).toEqual([
        'NAMESPACE',
        'NAME',
        'SERVICE-NAME',
        'SERVICE-PORT',
        'TARGET-TYPE',
        'AGE',
      ]);
      expect(
        lines
          .find((line) => line.startsWith(`${namespace} `))
          ?.split(/\s+/)
          .slice(1, 5),
      ).toEqual(['red', 'red-service', '80', 'ip']);
    });

    it('shows the ARN when asked for more', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      expect(await must(['get', 'targetgroupbindings', '-n', namespace, '-o', 'wide'])).toContain(arn);
    });

    it('shows a conflict with Sluice on server-side apply, and how to force it', async () => {
      const namespace = await surface.namespace();
      await must(['apply', '--server-side', '--field-manager', 'sluice', '-n', namespace, '-f', '-'], yaml(80));
      const refused = await kubectl(['apply', '--server-side', '-n', namespace, '-f', '-'], yaml(81));
      expect(refused.code).toBe(1);
      expect(refused.err).toContain('Apply failed with 1 conflict: conflict with "sluice": .spec.serviceRef.port');
      expect(await must(['apply', '--server-side', '--force-conflicts', '-n', namespace, '-f', '-'], yaml(81))).toBe(
        'targetgroupbinding.elbv2.k8s.aws/red serverside-applied\n',
      );
    });

    it('goes over from client-side to server-side apply, with everything that was applied before', async () => {
      const namespace = await surface.namespace();
      const labelled = (labels: object) => JSON.stringify(surface.manifest('red', { metadata: { labels } }));
      await must(['apply', '-n', namespace, '-f', '-'], labelled({ old: 'a', kept: 'b' }));
      await must(['apply', '--server-side', '-n', namespace, '-f', '-'], labelled({ kept: 'c' }));
      await must(['apply', '--server-side', '-n', namespace, '-f', '-'], labelled({ kept: 'c' }));
      const labels = await must([
        'get',
        'targetgroupbinding',
        'red',
        '-n',
        namespace,
        '-o',
        'jsonpath={.metadata.labels}',
      ]);
      expect(JSON.parse(labels)).toEqual({ kept: 'c' });
    });

    it('says which value the schema does not take', async () => {
      const namespace = await surface.namespace();
      const bad = JSON.stringify(surface.manifest('red', { spec: { targetType: 'lambda' } }));
      expect(await kubectl(['apply', '-n', namespace, '-f', '-'], bad)).toMatchObject({
        code: 1,
        err: expect.stringContaining('Unsupported value: "lambda": supported values: "instance", "ip"'),
      });
    });

    it('refuses a field it does not know', async () => {
      const namespace = await surface.namespace();
      const bad = JSON.stringify(surface.manifest('red', { spec: { targetTyp: 'ip' } }));
      expect(await kubectl(['apply', '-n', namespace, '-f', '-'], bad)).toMatchObject({
        code: 1,
        err: expect.stringContaining('unknown field "spec.targetTyp"'),
      });
    });

    it('makes Services and namespaces, and lists them', async () => {
      const namespace = await surface.namespace();
      expect(await must(['create', 'namespace', `${namespace}-b`])).toBe(`namespace/${namespace}-b created\n`);
      expect(await must(['create', 'service', 'clusterip', 'red-service', '--tcp=80:8080', '-n', namespace])).toBe(
        'service/red-service created\n',
      );
      expect(await must(['get', 'svc', '-n', namespace])).toMatch(
        /red-service\s+ClusterIP\s+10\.96\.\d+\.\d+\s+<none>\s+80\/TCP/,
      );
      expect(await must(['get', 'ns', namespace])).toMatch(/Active/);
    });

    it('labels, annotates and patches', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      expect(await must(['label', 'targetgroupbinding', 'red', 'tier=web', '-n', namespace])).toContain('labeled');
      expect(await must(['annotate', 'targetgroupbinding', 'red', 'note=x', '-n', namespace])).toContain('annotated');
      expect(
        await must([
          'patch',
          'targetgroupbinding',
          'red',
          '-n',
          namespace,
          '--type',
          'merge',
          '-p',
          '{"spec":{"serviceRef":{"port":82}}}',
        ]),
      ).toContain('patched');
      expect(
        await must([
          'get',
          'targetgroupbinding',
          'red',
          '-n',
          namespace,
          '-o',
          'jsonpath={.spec.serviceRef.port} {.metadata.labels.tier} {.metadata.annotations.note}',
        ]),
      ).toBe('82 web x');
    });

    it('describes a binding with its events', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      expect(await must(['describe', 'targetgroupbinding', 'red', '-n', namespace])).toMatch(
        /Name:\s+red\n[\s\S]*Target Type:\s+ip[\s\S]*Events:\s+<none>/,
      );
    });

    it('waits until something is gone', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      const waiting = must(['wait', '--for=delete', 'targetgroupbinding/red', '-n', namespace, '--timeout=20s']);
      await must(['delete', 'targetgroupbinding', 'red', '-n', namespace, '--wait=false']);
      await waiting;
    });

    it('tells what a user may do, and what there is', async () => {
      expect(await must(['auth', 'can-i', 'create', 'targetgroupbindings.elbv2.k8s.aws'])).toBe('yes\n');
      expect(await must(['api-resources', '--api-group=elbv2.k8s.aws', '-o', 'name'])).toBe(
        'targetgroupbindings.elbv2.k8s.aws\n',
      );
      expect(await must(['version', '-o', 'json'])).toContain('serverVersion');
    });

    it('shows what would change', async () => {
      const namespace = await surface.namespace();
      await must(['apply', '-n', namespace, '-f', '-'], yaml(80));
      expect(await must(['apply', '--dry-run=server', '-n', namespace, '-f', '-'], yaml(81))).toBe(
        'targetgroupbinding.elbv2.k8s.aws/red configured (server dry run)\n',
      );
      expect(
        await must(['get', 'targetgroupbinding', 'red', '-n', namespace, '-o', 'jsonpath={.spec.serviceRef.port}']),
      ).toBe('80');
    });
  });
}
