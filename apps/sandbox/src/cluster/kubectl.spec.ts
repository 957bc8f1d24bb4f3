import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { binding, bindingsPath, ClusterWorld } from '../testing/cluster-world.js';

const program = 'kubectl';
const isThere = spawnSync(program, ['version', '--client']).status === 0;
if (!isThere) console.warn("kubectl is not on PATH: what it says of the sandbox's clusters is not tested here");
const withKubectl = isThere ? describe : describe.skip;

let world: ClusterWorld;

beforeAll(async () => {
  world = await ClusterWorld.start();
  await world.namespace('red-ns');
});
afterAll(() => world.stop());

/** Runs kubectl and gives back its exit code and everything it printed. */
function kubectl(args: string, input?: object): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [
      '--kubeconfig',
      world.cluster.kubeconfigs.admin,
      '--cache-dir',
      `${world.dir}/cache`,
      ...args.split(' '),
    ]);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
    child.on('error', reject).on('close', (code) => resolve({ code: code ?? -1, text }));
    child.stdin.end(input === undefined ? '' : JSON.stringify(input));
  });
}

withKubectl('kubectl', () => {
  it('lists the bindings of all namespaces with their columns', async () => {
    await world.apply(`${bindingsPath}/sluice-red`, 'sluice', binding('sluice-red'));
    const { text } = await kubectl('get targetgroupbindings -A');
    const [header, row] = text.split('\n').map((line) => line.trim().split(/\s{2,}/));
    expect(header).toEqual(['NAMESPACE', 'NAME', 'SERVICE-NAME', 'SERVICE-PORT', 'TARGET-TYPE', 'AGE']);
    expect(row?.slice(0, 5)).toEqual(['red-ns', 'sluice-red', 'red-service', '80', 'ip']);
    expect((await kubectl('get targetgroupbindings -A -o wide')).text).toContain('targetgroup/red/');
  });

  it('shows the conflict with the manager of a field that somebody else applies', async () => {
    const changed = binding('sluice-red', { serviceRef: { name: 'red-service', port: 81 } });
    const refused = await kubectl('apply --server-side -f -', changed);
    expect(refused.code).not.toBe(0);
    expect(refused.text).toContain('Apply failed with 1 conflict: conflict with "sluice": .spec.serviceRef.port');
    expect((await kubectl('apply --server-side --force-conflicts -f -', changed)).text).toContain('serverside-applied');
  });

  it('applies on its own side too, creating, changing and seeing nothing to change', async () => {
    const service = (port: number) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'red-service', namespace: 'red-ns' },
      spec: { selector: { app: 'red' }, ports: [{ name: 'http', port }] },
    });
    const said = async (object: object) => (await kubectl('apply -f -', object)).text.trim();
    expect(await said(service(80))).toBe('service/red-service created');
    expect(await said(service(80))).toBe('service/red-service unchanged');
    expect(await said(service(81))).toBe('service/red-service configured');
    expect(await said(binding('by-hand'))).toBe('targetgroupbinding.elbv2.k8s.aws/by-hand created');
    expect((await kubectl('get service red-service -n red-ns -o jsonpath={.spec.ports[*].port}')).text).toBe('81');
  });

  it('refuses what is misspelt', async () => {
    expect((await kubectl('apply -f -', binding('typo', { targetTyp: 'ip' }))).text).toContain(
      'strict decoding error: unknown field "spec.targetTyp"',
    );
    expect((await kubectl('apply --server-side -f -', binding('typo', { targetTyp: 'ip' }))).text).toContain(
      'failed to create typed patch object (red-ns/typo; elbv2.k8s.aws/v1beta1, Kind=TargetGroupBinding): .spec.targetTyp: field not declared in schema',
    );
  });

  it.each([
    ['create namespace by-kubectl', 'namespace/by-kubectl created'],
    ['create configmap c -n red-ns --from-literal=a=b', 'configmap/c created'],
    ['create secret generic s -n red-ns --from-literal=a=b', 'secret/s created'],
    ['create service nodeport np -n red-ns --tcp=80:http', 'service/np created'],
    ['create clusterrole r --verb=get --resource=pods', 'clusterrole.rbac.authorization.k8s.io/r created'],
    [
      'create clusterrolebinding rb --clusterrole=r --user=u',
      'clusterrolebinding.rbac.authorization.k8s.io/rb created',
    ],
    ['label namespace red-ns team=red', 'namespace/red-ns labeled'],
    ['annotate service red-service -n red-ns sandbox.sluice.dev/pods=3', 'service/red-service annotated'],
    ['auth whoami', 'admin'],
    ['auth can-i delete nodes', 'yes'],
    ['auth can-i --list', 'selfsubjectaccessreviews.authorization.k8s.io'],
    ['version', 'Server Version'],
    ['api-resources', 'targetgroupbindings'],
    ['get all -n red-ns', 'service/red-service'],
    ['explain targetgroupbinding.spec.serviceRef', 'port'],
    ['describe targetgroupbinding sluice-red -n red-ns', 'Service Ref'],
    ['get --raw /readyz', 'ok'],
    ['get events -n red-ns', 'No resources found'],
    ['get svc red-service -n red-ns -o wide', 'app=red'],
    ['delete configmap c -n red-ns', 'deleted'],
    ['delete namespace by-kubectl', 'deleted'],
  ])('%s', async (args, wanted) => {
    const { text } = await kubectl(args);
    expect(text).toContain(wanted);
  });

  it('reads a secret that it sent as protobuf as it was', async () => {
    expect((await world.ask('GET', '/api/v1/namespaces/red-ns/secrets/s')).body).toMatchObject({
      type: 'Opaque',
      data: { a: 'Yg==' },
    });
    expect((await world.ask('GET', '/api/v1/namespaces/red-ns/services/np')).body.spec.ports).toMatchObject([
      { port: 80, targetPort: 'http', protocol: 'TCP', nodePort: expect.any(Number) },
    ]);
  });

  it('waits until a binding with a finalizer is gone', async () => {
    await world.apply(`${bindingsPath}/held`, 'lbc', binding('held', {}, { finalizers: ['elbv2.k8s.aws/resources'] }));
    const deleting = kubectl('delete targetgroupbinding held -n red-ns');
    await world.ask('PATCH', `${bindingsPath}/held`, {
      body: { metadata: { finalizers: null } },
      type: 'application/merge-patch+json',
    });
    expect((await deleting).text).toContain('"held" deleted');
  });
});
