import { describe, expect, it } from '@jest/globals';
import { bindingPath, patchTypes } from '@sluice/testing';
import type { Surface } from './surface.js';

/** Watching: everything after a version, in order, once. */
export function watchSurface(surface: Surface): void {
  const versionOf = async (namespace: string) =>
    (await surface.admin.must('GET', bindingPath(namespace))).metadata.resourceVersion as string;
  const label = (namespace: string, value: string | null) =>
    surface.admin.must('PATCH', bindingPath(namespace, 'red'), {
      body: { metadata: { labels: { tier: value } } },
      contentType: patchTypes.merge,
    });

  describe('watching', () => {
    it('tells what happened after a version, in order', async () => {
      const namespace = await surface.namespace();
      const from = await versionOf(namespace);
      await surface.created(namespace, 'red');
      await label(namespace, 'web');
      const watch = await surface.admin.watch(`${bindingPath(namespace)}?watch=true&resourceVersion=${from}`);
      try {
        expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'red' } } });
        expect(await watch.next()).toMatchObject({
          type: 'MODIFIED',
          object: { metadata: { labels: { tier: 'web' } } },
        });
        await surface.admin.must('DELETE', bindingPath(namespace, 'red'));
        expect(await watch.next()).toMatchObject({
          type: 'DELETED',
          object: { metadata: { name: 'red', labels: { tier: 'web' } } },
        });
      } finally {
        watch.close();
      }
    });

    it('begins with what is there when no version is given', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      const watch = await surface.admin.watch(`${bindingPath(namespace)}?watch=1`);
      expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'red' } } });
      watch.close();
    });

    it('gives the list as a watch, and says where it ends', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
      const watch = await surface.admin.watch(`${bindingPath(namespace)}?${query}`);
      expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'red' } } });
      expect(await watch.next()).toMatchObject({
        type: 'BOOKMARK',
        object: {
          metadata: { annotations: { 'k8s.io/initial-events-end': 'true' }, resourceVersion: expect.any(String) },
        },
      });
      watch.close();
    });

    it('tells that an object has left the selection as a deletion, and that it came in as an addition', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      const watch = await surface.admin.watch(
        `${bindingPath(namespace)}?watch=true&labelSelector=tier%3Dweb&resourceVersion=${await versionOf(namespace)}`,
      );
      await label(namespace, 'web');
      expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'red' } } });
      await label(namespace, null);
      expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'red' } } });
      watch.close();
    });

    it('watches one object by name', async () => {
      const namespace = await surface.namespace();
      const watch = await surface.admin.watch(
        `${bindingPath(namespace)}?watch=true&fieldSelector=metadata.name%3Dred&resourceVersion=${await versionOf(namespace)}`,
      );
      await surface.created(namespace, 'black');
      await surface.created(namespace, 'red');
      expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'red' } } });
      watch.close();
    });

    it('ends when its time is over', async () => {
      const namespace = await surface.namespace();
      const watch = await surface.admin.watch(
        `${bindingPath(namespace)}?watch=true&timeoutSeconds=1&resourceVersion=${await versionOf(namespace)}`,
      );
      expect(await watch.next()).toBeNull();
    });

    it('says 410 when the version is too old', async () => {
      const namespace = await surface.namespace();
      const watch = await surface.admin.watch(`${bindingPath(namespace)}?watch=true&resourceVersion=1`);
      const event = await watch.next();
      watch.close();
      const status = event?.type === 'ERROR' ? event.object : event;
      expect(status).toMatchObject({
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: expect.stringContaining('too old resource version: 1 ('),
      });
    });
  });
}
