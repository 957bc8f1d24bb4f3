import type { JsonRecord } from './json.js';
import { kubeErrors } from './kube-error.js';
import { protobufKinds, type ProtoField, type ProtoMessage } from './protobuf-kinds.js';

const magic = Buffer.from('k8s\0');

type WireValue =
  { readonly wire: 'number'; readonly value: bigint } | { readonly wire: 'bytes'; readonly value: Buffer };

/** The envelope in which Kubernetes sends protobuf: the kind, and the object's own bytes. */
const envelope: ProtoMessage = {
  1: { name: 'typeMeta', as: { 1: { name: 'apiVersion', as: 'text' }, 2: { name: 'kind', as: 'text' } } },
  2: { name: 'raw', as: 'bytes' },
};

/** Reads a body of `application/vnd.kubernetes.protobuf` as the JSON object it stands for. Throws 400 or 415. */
export function decodeKubernetesProtobuf(body: Buffer): JsonRecord {
  if (!body.subarray(0, magic.length).equals(magic))
    throw kubeErrors.badRequest(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  const { typeMeta, raw } = decode(envelope, body.subarray(magic.length)) as {
    typeMeta?: { apiVersion?: string; kind?: string };
    raw?: string;
  }; // by the envelope's own table
  const message = protobufKinds[typeMeta?.kind ?? ''];
  if (message === undefined) throw kubeErrors.unsupportedMediaType(['application/json', 'application/yaml']);
  return { ...typeMeta, ...decode(message, Buffer.from(raw ?? '', 'base64')) };
}

function decode(message: ProtoMessage, bytes: Buffer): JsonRecord {
  const result: JsonRecord = {};
  for (const [number, value] of wireFields(bytes)) {
    const field = message[number];
    if (field !== undefined) put(result, field, value);
  }
  return result;
}

function put(result: JsonRecord, field: ProtoField, wire: WireValue): void {
  const value = read(field, wire);
  if (field.as === 'map' || field.as === 'bytesMap')
    result[field.name] = { ...(result[field.name] as JsonRecord | undefined), ...(value as JsonRecord) };
  else if (field.many) result[field.name] = [...((result[field.name] as unknown[] | undefined) ?? []), value];
  else if (value !== '' && value !== undefined) result[field.name] = value;
}

/** Empty texts and a zero nodePort are how Go's encoder writes "not given". */
function read({ as, name }: ProtoField, wire: WireValue): unknown {
  if (wire.wire === 'number') {
    const number = Number(BigInt.asIntN(64, wire.value));
    if (as === 'boolean') return number !== 0;
    return number === 0 && name !== 'gracePeriodSeconds' ? undefined : number;
  }
  const { value } = wire;
  switch (as) {
    case 'text':
      return value.toString('utf8');
    case 'bytes':
      return value.toString('base64');
    case 'time':
      return timeOf(value);
    case 'intOrString':
      return intOrString(value);
    case 'map':
    case 'bytesMap':
      return mapEntry(value, as === 'map' ? 'text' : 'bytes');
    case 'integer':
    case 'boolean':
      return undefined;
    default:
      return decode(as, value);
  }
}

function mapEntry(bytes: Buffer, as: 'text' | 'bytes'): JsonRecord {
  const { key = '', value = '' } = decode({ 1: { name: 'key', as: 'text' }, 2: { name: 'value', as } }, bytes);
  return { [String(key)]: value };
}

function timeOf(bytes: Buffer): string | undefined {
  const { seconds } = decode({ 1: { name: 'seconds', as: 'integer' } }, bytes);
  return typeof seconds === 'number' && seconds > 0
    ? `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
    : undefined;
}

function intOrString(bytes: Buffer): number | string | undefined {
  const { type, number, text } = decode(
    { 1: { name: 'type', as: 'integer' }, 2: { name: 'number', as: 'integer' }, 3: { name: 'text', as: 'text' } },
    bytes,
  );
  if (type === 1) return typeof text === 'string' ? text : undefined;
  return typeof number === 'number' ? number : undefined;
}

function* wireFields(bytes: Buffer): Generator<[number, WireValue]> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw kubeErrors.badRequest('unexpected EOF in a protobuf message');
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [number, wire] = [tag >> 3, tag & 7];
    if (wire === 0) yield [number, { wire: 'number', value: varint() }];
    else if (wire === 1 || wire === 5) at += wire === 1 ? 8 : 4;
    else if (wire === 2) {
      const length = Number(varint());
      if (at + length > bytes.length) throw kubeErrors.badRequest('unexpected EOF in a protobuf message');
      yield [number, { wire: 'bytes', value: bytes.subarray(at, at + length) }];
      at += length;
    } else throw kubeErrors.badRequest(`proto: illegal wireType ${wire}`);
  }
}
