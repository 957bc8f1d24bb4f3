import { describe, expect, it } from '@jest/globals';
import { targetGroupBindings } from './crd/target-group-binding.js';
import type { KubeObject } from './kube-object.js';
import { apply, ownAfterUpdate } from './ownership.js';
import type { ResourceType } from './resource-type.js';
import { services } from './resources/services.js';

const bindings = targetGroupBindings('openSource');
const now = new Date('2026-01-01T00:00:00Z');

function object(type: ResourceType, spec: object, metadata: object = {}): KubeObject {
  return {
    apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
    kind: type.kind,
    metadata: { name: 'red', ...metadata },
    spec,
  };
}

function applied(
  type: ResourceType,
  live: KubeObject | undefined,
  manager: string,
  spec: object,
  metadata: object = {},
  force = false,
): KubeObject {
  return apply(type, live, object(type, spec, metadata), { manager, operation: 'Apply', subresource: '' }, force, now);
}

function updated(
  type: ResourceType,
  live: KubeObject,
  manager: string,
  spec: object,
  metadata: object = {},
): KubeObject {
  return ownAfterUpdate(
    type,
    live,
    { ...object(type, spec, { ...live.metadata, ...metadata }) },
    { manager, operation: 'Update', subresource: '' },
    now,
  );
}

/** Who owns what, in the form of `metadata.managedFields`. */
function owners({ metadata }: KubeObject): Record<string, unknown> {
  return Object.fromEntries(
    (metadata.managedFields ?? []).map((entry) => [`${entry.manager} ${entry.operation}`, entry.fieldsV1]),
  );
}

const serviceRef = { name: 'red-service', port: 80 };

describe('server-side apply', () => {
  it('owns each leaf that was applied, and no container', () => {
    const result = applied(bindings, undefined, 'sluice', { serviceRef, targetType: 'ip' }, { labels: { a: 'b' } });
    expect(owners(result)).toEqual({
      'sluice Apply': {
        'f:metadata': { 'f:labels': { 'f:a': {} } },
        'f:spec': { 'f:serviceRef': { 'f:name': {}, 'f:port': {} }, 'f:targetType': {} },
      },
    });
  });

  it('refuses another manager that wants another value, naming the owner and the field', () => {
    const live = applied(bindings, undefined, 'sluice', { serviceRef });
    expect(() => applied(bindings, live, 'other', { serviceRef: { name: 'red-service', port: 81 } })).toThrow(
      'Apply failed with 1 conflict: conflict with "sluice": .spec.serviceRef.port',
    );
  });

  it('lists several conflicts by owner', () => {
    const live = updated(bindings, applied(bindings, undefined, 'sluice', { serviceRef }), 'console', {
      serviceRef,
      targetType: 'ip',
    });
    expect(() =>
      applied(bindings, live, 'other', { serviceRef: { name: 'x', port: 81 }, targetType: 'instance' }),
    ).toThrow(
      [
        'Apply failed with 3 conflicts: conflicts with "console" using elbv2.k8s.aws/v1beta1:',
        '- .spec.targetType',
        'conflicts with "sluice":',
        '- .spec.serviceRef.name',
        '- .spec.serviceRef.port',
      ].join('\n'),
    );
  });

  it('shares a field with whoever applies the same value', () => {
    const live = applied(bindings, undefined, 'sluice', { serviceRef });
    const both = applied(bindings, live, 'other', { serviceRef });
    expect(Object.keys(owners(both))).toEqual(['other Apply', 'sluice Apply']);
  });

  it('takes the field from its owner when forced', () => {
    const live = applied(bindings, undefined, 'sluice', { serviceRef });
    const forced = applied(bindings, live, 'other', { serviceRef: { name: 'red-service', port: 81 } }, {}, true);
    expect(owners(forced)).toEqual({
      'other Apply': { 'f:spec': { 'f:serviceRef': { 'f:name': {}, 'f:port': {} } } },
      'sluice Apply': { 'f:spec': { 'f:serviceRef': { 'f:name': {} } } },
    });
  });

  it('removes what its manager leaves out, unless somebody else has it', () => {
    const first = applied(bindings, undefined, 'sluice', { serviceRef, targetType: 'ip', vpcID: 'vpc-1' });
    const shared = applied(bindings, first, 'other', { serviceRef, targetType: 'ip' });
    expect(applied(bindings, shared, 'sluice', { serviceRef })['spec']).toEqual({ serviceRef, targetType: 'ip' });
  });

  it('keeps what nobody owns: what a webhook filled in', () => {
    const live = applied(bindings, undefined, 'sluice', { serviceRef });
    const filled = { ...live, spec: { ...(live['spec'] as object), ipAddressType: 'ipv4' } };
    expect(applied(bindings, filled, 'sluice', { serviceRef })['spec']).toEqual({ serviceRef, ipAddressType: 'ipv4' });
  });

  it('joins keyed lists by their keys, and owns an entry besides its fields', () => {
    const live = applied(services, undefined, 'one', { ports: [{ port: 80, targetPort: 8080 }] });
    const both = applied(services, live, 'two', { ports: [{ port: 81 }] });
    expect(both['spec']).toEqual({ ports: [{ port: 80, targetPort: 8080 }, { port: 81 }] });
    expect(owners(both)['two Apply']).toEqual({
      'f:spec': { 'f:ports': { 'k:{"port":81,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } },
    });
  });

  it('removes an entry of a keyed list that its only manager leaves out', () => {
    const live = applied(services, undefined, 'one', { ports: [{ port: 80 }, { port: 81 }] });
    expect(applied(services, live, 'one', { ports: [{ port: 80 }] })['spec']).toEqual({ ports: [{ port: 80 }] });
  });

  it('takes atomic lists and maps as one', () => {
    const networking = { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [] }] };
    const live = applied(bindings, undefined, 'sluice', {
      serviceRef,
      networking,
      nodeSelector: { matchLabels: { a: 'b' } },
    });
    expect(owners(live)['sluice Apply']).toEqual({
      'f:spec': {
        'f:networking': { 'f:ingress': {} },
        'f:nodeSelector': {},
        'f:serviceRef': { 'f:name': {}, 'f:port': {} },
      },
    });
    expect(() => applied(bindings, live, 'other', { nodeSelector: { matchLabels: { c: 'd' } } })).toThrow(
      '.spec.nodeSelector',
    );
  });

  it('owns finalizers one by one', () => {
    const live = applied(bindings, undefined, 'sluice', { serviceRef }, { finalizers: ['a/x'] });
    const both = applied(bindings, live, 'other', { serviceRef }, { finalizers: ['a/y'] });
    expect(both.metadata.finalizers).toEqual(['a/x', 'a/y']);
    expect(applied(bindings, both, 'sluice', { serviceRef }).metadata.finalizers).toEqual(['a/y']);
  });
});

describe('an update', () => {
  it('gives the writer what it changed and takes that from the others', () => {
    const live = applied(bindings, undefined, 'sluice', { serviceRef, targetType: 'ip' });
    const after = updated(bindings, live, 'console', {
      serviceRef: { name: 'red-service', port: 81 },
      targetType: 'ip',
    });
    expect(owners(after)).toEqual({
      'sluice Apply': { 'f:spec': { 'f:serviceRef': { 'f:name': {} }, 'f:targetType': {} } },
      'console Update': { 'f:spec': { 'f:serviceRef': { 'f:port': {} } } },
    });
  });

  it('owns the containers that it made', () => {
    const live = applied(bindings, undefined, 'sluice', { serviceRef });
    expect(
      owners(updated(bindings, live, 'lbc', { serviceRef }, { annotations: { 'elbv2.k8s.aws/checkpoint': 'x' } }))[
        'lbc Update'
      ],
    ).toEqual({
      'f:metadata': { 'f:annotations': { '.': {}, 'f:elbv2.k8s.aws/checkpoint': {} } },
    });
  });

  it('leaves nobody owning what it removed', () => {
    const live = applied(bindings, undefined, 'sluice', { serviceRef, vpcID: 'vpc-1' });
    expect(owners(updated(bindings, live, 'console', { serviceRef }))).toEqual({
      'sluice Apply': { 'f:spec': { 'f:serviceRef': { 'f:name': {}, 'f:port': {} } } },
    });
  });

  it('forgets all ownership when the client empties managedFields', () => {
    const live = applied(bindings, undefined, 'sluice', { serviceRef });
    expect(
      updated(bindings, live, 'console', { serviceRef }, { managedFields: [] }).metadata.managedFields,
    ).toBeUndefined();
  });
});
