import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import * as contracts from './index.js';

const named = Object.entries(contracts as Record<string, unknown>).flatMap(([name, schema]) =>
  schema instanceof z.ZodType ? [[name, schema] as const] : [],
);
const requests = named.filter(([name]) => /^(Create|Update|Set)[A-Z]|ReasonBody$/.test(name));

describe('the schemas', () => {
  it.each(named.filter(([, schema]) => schema.meta()?.examples !== undefined))(
    '%s: its examples are valid',
    (_, schema) => {
      for (const example of schema.meta()?.examples as unknown[])
        expect(schema.safeParse(example).error?.issues ?? []).toEqual([]);
    },
  );

  it.each(requests)(
    '%s: has an example, an id and a description, and refuses a field that nobody knows',
    (name, schema) => {
      const meta = schema.meta();
      expect(meta?.id).toBe(name);
      expect(meta?.description).toEqual(expect.any(String));
      const [example] = (meta?.examples ?? []) as object[];
      expect(example).toBeDefined();
      const read = schema.safeParse({ ...example, zzz: 1 });
      expect(contracts.fieldErrors(read.error?.issues ?? [])).toContainEqual({
        field: 'zzz',
        message: 'is not known here; leave it out',
      });
    },
  );

  it.each(named.filter(([, schema]) => schema.meta()?.id !== undefined))(
    '%s: stands in OpenAPI under its own name',
    (name, schema) => {
      expect(schema.meta()?.id).toBe(name);
      expect(() => z.toJSONSchema(schema, { io: 'output' })).not.toThrow();
    },
  );
});

describe('text that people type', () => {
  const Name = contracts.Name;
  it.each(['a\u0000', 'a\nb', 'a\u007f', 'a\u0085', '\ud800', '', ' ', '-a', 'x'.repeat(64), 'naïve'])(
    '%j is no name',
    (name) => {
      expect(Name.safeParse(name).success).toBe(false);
    },
  );
  it.each(['a', 'blue-2025', 'blue/green upgrade', 'x'.repeat(63)])('%j is a name', (name) => {
    expect(Name.safeParse(name).success).toBe(true);
  });
});

describe('shares', () => {
  it('have one decimal, and an explicit step has to sum to 100 of them', () => {
    expect(contracts.FullShares.safeParse({ red: 33.3, black: 66.7 }).success).toBe(true);
    expect(contracts.FullShares.safeParse({ red: 33.3, black: 66.6 }).success).toBe(false);
    expect(contracts.Shares.safeParse({ red: 33.33 }).success).toBe(false);
    expect(contracts.Shares.safeParse({ red: -1 }).success).toBe(false);
    expect(contracts.Shares.safeParse({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }).success).toBe(false);
  });
});

describe('what is wrong with a union', () => {
  it('is told of the branch that was meant', () => {
    const read = contracts.CreateCluster.safeParse({
      accountId: 'acc_0123456789abcdefghij',
      name: 'blue',
      server: 'https://10.0.0.1',
      caData: 'eA==',
      credentials: { tokn: 'x' },
    });
    expect(contracts.fieldErrors(read.error?.issues ?? [])).toEqual([
      { field: 'credentials.token', message: 'is needed' },
      { field: 'credentials.tokn', message: 'is not known here; leave it out' },
    ]);
  });
});

describe('a PEM', () => {
  const accepts = (credentials: object) => contracts.ClusterCredentials.safeParse(credentials).success;
  const pem = (kind: string) => `-----BEGIN ${kind}-----\nAAAA\n-----END ${kind}-----\n`;

  it('is a certificate, and a key of any kind', () => {
    for (const kind of ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'])
      expect(accepts({ clientCertificate: `comment\n${pem('CERTIFICATE')}`, clientKey: pem(kind) })).toBe(true);
    expect(accepts({ clientCertificate: pem('PRIVATE KEY'), clientKey: pem('PRIVATE KEY') })).toBe(false);
    expect(accepts({ clientCertificate: pem('CERTIFICATE'), clientKey: pem('CERTIFICATE') })).toBe(false);
    expect(
      accepts({
        clientCertificate: '-----END CERTIFICATE----------BEGIN CERTIFICATE-----',
        clientKey: pem('PRIVATE KEY'),
      }),
    ).toBe(false);
  });
});
