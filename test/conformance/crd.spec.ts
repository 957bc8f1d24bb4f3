import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { targetGroupBindingCrd } from '../../apps/sandbox/src/cluster/crd/target-group-binding-crd.js';

/** The controller's own CRDs, where somebody has put them beside the repository. */
const file = fileURLToPath(
  new URL('../../../shared/data/crds/elbv2.k8s.aws_targetgroupbindings.yaml', import.meta.url),
);

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly subresources: object;
  readonly additionalPrinterColumns: object[];
  readonly schema: {
    readonly openAPIV3Schema: { readonly properties: { readonly spec: object; readonly status: object } };
  };
}

interface CrdSpec {
  readonly group: string;
  readonly scope: string;
  readonly names: object;
  readonly versions: readonly Version[];
}

const suite = existsSync(file) ? describe : describe.skip;

suite('the CRD of TargetGroupBinding in the sandbox (needs the controller’s CRDs in ../shared/data/crds)', () => {
  const ours = targetGroupBindingCrd('openSource')['spec'] as CrdSpec;
  const theirs = () => (parse(readFileSync(file, 'utf8')) as { spec: CrdSpec }).spec;
  const v1beta1 = ({ versions }: CrdSpec) => {
    const found = versions.find(({ name }) => name === 'v1beta1');
    if (found === undefined) throw new Error('no version v1beta1');
    return found;
  };

  it.each(['spec', 'status'] as const)('has the same schema of %s', (part) => {
    const schemaOf = (crd: CrdSpec) => comparable(v1beta1(crd).schema.openAPIV3Schema.properties[part]);
    expect(schemaOf(ours)).toEqual(schemaOf(theirs()));
  });

  it('has the same names, scope, subresources and columns', () => {
    const rest = (crd: CrdSpec) => {
      const { served, storage, subresources, additionalPrinterColumns } = v1beta1(crd);
      return {
        group: crd.group,
        scope: crd.scope,
        names: crd.names,
        served,
        storage,
        subresources,
        columns: comparable(additionalPrinterColumns),
      };
    };
    expect(rest(ours)).toEqual(rest(theirs()));
  });
});

/** Without prose, and with what is a set in sorted order. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, inner]) => key !== 'description' || typeof inner !== 'string');
  return Object.fromEntries(
    entries.map(([key, inner]) => [
      key,
      (key === 'required' || key === 'enum') && Array.isArray(inner) ? [...inner].sort() : comparable(inner),
    ]),
  );
}
