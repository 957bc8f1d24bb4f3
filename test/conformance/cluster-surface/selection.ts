import { describe, expect, it } from '@jest/globals';
import { bindingPath, type RawReply } from '@sluice/testing';
import { namesOf, refusalOf, type Surface } from './surface.js';

const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

function columnsOf({ body }: RawReply) {
  return body.columnDefinitions as { readonly name: string; readonly priority: number }[];
}

/** Lists: by label, by field, by page, and as a table. */
export function selectionSurface(surface: Surface): void {
  const three = async () => {
    const namespace = await surface.namespace();
    await surface.created(namespace, 'a', { metadata: { labels: { tier: 'web', side: 'blue' } } });
    await surface.created(namespace, 'b', { metadata: { labels: { tier: 'web' } } });
    await surface.created(namespace, 'c', { metadata: { labels: { tier: 'db' } } });
    return namespace;
  };
  const listed = async (namespace: string, query: Record<string, string>) => {
    const reply = await surface.admin.must('GET', `${bindingPath(namespace)}?${new URLSearchParams(query).toString()}`);
    return namesOf(reply);
  };

  describe('listing', () => {
    it.each([
      ['tier=web', ['a', 'b']],
      ['tier!=web', ['c']],
      ['tier in (db,web),side', ['a']],
      ['tier notin (db)', ['a', 'b']],
      ['!side', ['b', 'c']],
      ['tier==db', ['c']],
    ])('selects by the labels %s', async (labelSelector, names) => {
      expect(await listed(await three(), { labelSelector })).toEqual(names);
    });

    it('selects by name and namespace', async () => {
      const namespace = await three();
      expect(await listed(namespace, { fieldSelector: 'metadata.name=b' })).toEqual(['b']);
      expect(await listed(namespace, { fieldSelector: 'metadata.namespace=elsewhere' })).toEqual([]);
    });

    it('refuses selectors that it does not understand', async () => {
      const namespace = await three();
      expect((await surface.admin.send('GET', `${bindingPath(namespace)}?labelSelector=a==b==c`)).status).toBe(400);
      expect(
        refusalOf(await surface.admin.send('GET', `${bindingPath(namespace)}?fieldSelector=spec.colour=red`)),
      ).toMatchObject({ status: 400, message: expect.stringContaining('field label not supported: spec.colour') });
    });

    it('selects events by the object they are about', async () => {
      const namespace = await surface.namespace();
      for (const [name, about, type] of [
        ['e1', 'red', 'Warning'],
        ['e2', 'red', 'Normal'],
        ['e3', 'black', 'Warning'],
      ] as const) {
        await surface.admin.must('POST', `/api/v1/namespaces/${namespace}/events`, {
          body: {
            apiVersion: 'v1',
            kind: 'Event',
            metadata: { name },
            type,
            reason: 'R',
            message: 'm',
            involvedObject: { kind: 'TargetGroupBinding', name: about, namespace, uid: 'u' },
            lastTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
          },
        });
      }
      const names = async (fieldSelector: string) => {
        const query = new URLSearchParams({ fieldSelector }).toString();
        return namesOf(await surface.admin.must('GET', `/api/v1/namespaces/${namespace}/events?${query}`));
      };
      expect(await names('involvedObject.name=red')).toEqual(['e1', 'e2']);
      expect(await names('involvedObject.name=red,type=Warning')).toEqual(['e1']);
      expect(await names('involvedObject.kind=TargetGroupBinding,involvedObject.uid=u,reason=R,type!=Normal')).toEqual([
        'e1',
        'e3',
      ]);
    });

    it('gives pages, with what remains, and the version of the whole list', async () => {
      const namespace = await three();
      const first = await surface.admin.must('GET', `${bindingPath(namespace)}?limit=2`);
      expect(first).toMatchObject({
        kind: 'TargetGroupBindingList',
        apiVersion: 'elbv2.k8s.aws/v1beta1',
        metadata: { remainingItemCount: 1 },
      });
      expect(namesOf(first)).toEqual(['a', 'b']);
      await surface.created(namespace, 'd');
      const second = await surface.admin.must(
        'GET',
        `${bindingPath(namespace)}?limit=2&continue=${encodeURIComponent(first.metadata.continue)}`,
      );
      expect(namesOf(second)).toEqual(['c']);
      expect(second.metadata).toMatchObject({ resourceVersion: first.metadata.resourceVersion });
      expect(second.metadata.continue ?? '').toBe('');
    });

    it('refuses a page token that it did not give', async () => {
      expect((await surface.admin.send('GET', `${bindingPath(await three())}?limit=2&continue=bogus`)).status).toBe(
        400,
      );
    });

    it('gives every namespace at once', async () => {
      const [one, two] = [await three(), await three()];
      const { items } = await surface.admin.must('GET', '/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings');
      const all = items as { readonly metadata: { readonly namespace: string } }[];
      expect(all.map(({ metadata }) => metadata.namespace)).toEqual(expect.arrayContaining([one, two]));
    });

    it('gives the table that kubectl prints', async () => {
      const namespace = await three();
      const reply = await surface.admin.send('GET', bindingPath(namespace), { accept: tableType });
      expect(reply.body.kind).toBe('Table');
      expect(columnsOf(reply).map(({ name, priority }) => [name, priority])).toEqual([
        ['Name', 0],
        ['SERVICE-NAME', 0],
        ['SERVICE-PORT', 0],
        ['TARGET-TYPE', 0],
        ['ARN', 1],
        ['NAME', 2],
        ['AGE', 0],
      ]);
      const [row] = reply.body.rows as { readonly cells: readonly unknown[]; readonly object: unknown }[];
      expect(row?.cells.slice(0, 4)).toEqual(['a', 'red-service', '80', 'ip']);
      expect(row?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    });

    it.each([
      ['/api/v1/namespaces', ['Name', 'Status', 'Age']],
      [
        '/api/v1/namespaces/default/services',
        ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector'],
      ],
      [
        '/api/v1/namespaces/default/pods',
        ['Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP', 'Node', 'Nominated Node', 'Readiness Gates'],
      ],
    ])('gives a table of %s', async (path, columns) => {
      const reply = await surface.admin.send('GET', path, { accept: tableType });
      expect(columnsOf(reply).map(({ name }) => name)).toEqual(columns);
    });
  });
}
