import { isIP } from 'node:net';
import { isRecord, listAt, stringAt } from '../json.js';
import type { FieldError } from '../kube-error.js';
import type { KubeObject } from '../kube-object.js';
import { allVerbs, type ResourceType } from '../resource-type.js';
import { boolean, integer, list, object, oneOf, open, setOf, string, stringMap } from '../schema.js';
import { ageColumn, kindSchema, nameColumn } from './metadata.js';

const reference = object({
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string,
  uid: string,
  resourceVersion: string,
  fieldPath: string,
});

const endpoint = object(
  {
    addresses: setOf(string),
    conditions: object({ ready: boolean, serving: boolean, terminating: boolean }),
    hostname: string,
    nodeName: string,
    targetRef: reference,
    zone: string,
    hints: open,
    deprecatedTopology: stringMap,
  },
  ['addresses'],
);

const endpointPort = object({ name: string, port: integer, protocol: string, appProtocol: string });

export const endpointSlices: ResourceType = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  namespaced: true,
  verbs: allVerbs,
  hasStatus: false,
  hasGeneration: true,
  isCustom: false,
  schema: kindSchema(
    {
      addressType: oneOf('FQDN', 'IPv4', 'IPv6'),
      endpoints: { ...list(endpoint), nullable: true },
      ports: list(endpointPort),
    },
    ['addressType', 'endpoints'],
  ),
  columns: [
    nameColumn,
    { name: 'AddressType', cell: (each) => stringAt(each, 'addressType') ?? '' },
    {
      name: 'Ports',
      cell: (each) =>
        listAt(each, 'ports')
          .filter(isRecord)
          .map((port) => String(port['port']))
          .join(',') || '<unset>',
    },
    {
      name: 'Endpoints',
      cell: (each) =>
        listAt(each, 'endpoints')
          .flatMap((one) => listAt(one, 'addresses'))
          .join(',') || '<unset>',
    },
    ageColumn,
  ],
  setDefaults(slice) {
    if (listAt(slice, 'endpoints').length === 0) slice['endpoints'] = null; // as what is stored without any comes back
    for (const one of listAt(slice, 'endpoints').filter(isRecord)) one['conditions'] ??= {};
    for (const port of listAt(slice, 'ports').filter(isRecord)) {
      port['protocol'] ??= 'TCP';
      port['name'] ??= '';
    }
  },
  validate(slice, before) {
    const errors = listAt(slice, 'endpoints').flatMap((one, at) =>
      listAt(one, 'addresses').flatMap((address, index) =>
        addressErrors(String(address), `endpoints[${at}].addresses[${index}]`, slice),
      ),
    );
    if (before && stringAt(before, 'addressType') !== stringAt(slice, 'addressType')) {
      errors.push({
        type: 'FieldValueInvalid',
        field: 'addressType',
        message: `Invalid value: ${JSON.stringify(slice['addressType'])}: field is immutable`,
      });
    }
    return errors;
  },
};

function addressErrors(address: string, field: string, slice: KubeObject): FieldError[] {
  const invalid = (message: string): FieldError[] => [
    { type: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(address)}: ${message}` },
  ];
  const family = isIP(address);
  const type = stringAt(slice, 'addressType');
  if (type === 'FQDN') return [];
  if (family === 0) return invalid('must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
  if (type === 'IPv4' && family !== 4) return invalid('must be a valid IPv4 address');
  if (type === 'IPv6' && family !== 6) return invalid('must be a valid IPv6 address');
  if (address.startsWith('127.') || address === '::1')
    return invalid('may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if (address === '0.0.0.0' || address === '::') return invalid('may not be unspecified (0.0.0.0 or ::)');
  if (address.startsWith('169.254.')) return invalid('may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  return [];
}
