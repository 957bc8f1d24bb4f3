import { XMLBuilder } from 'fast-xml-parser';
import type { AwsError } from './aws-error.js';

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  suppressEmptyNode: true,
  format: false,
});
const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** The reply of a Query service (ELBv2, STS): `<ActionResponse><ActionResult>…`. */
export function queryReply(namespace: string, action: string, result: object, requestId: string): string {
  return (
    declaration +
    String(
      builder.build({
        [`${action}Response`]: {
          '@xmlns': namespace,
          [`${action}Result`]: toXml(result, 'member'),
          ResponseMetadata: { RequestId: requestId },
        },
      }),
    )
  );
}

/** The reply of EC2, which has no result element and calls list members `item`. */
export function ec2Reply(action: string, result: object, requestId: string): string {
  return (
    declaration +
    String(
      builder.build({
        [`${action}Response`]: {
          '@xmlns': 'http://ec2.amazonaws.com/doc/2016-11-15/',
          requestId,
          ...(toXml(result, 'item') as object),
        },
      }),
    )
  );
}

export function queryError(namespace: string, error: AwsError, requestId: string): string {
  const type = error.status >= 500 ? 'Receiver' : 'Sender';
  return (
    declaration +
    String(
      builder.build({
        ErrorResponse: {
          '@xmlns': namespace,
          Error: { Type: type, Code: error.code, Message: legible(error.message) },
          RequestId: requestId,
        },
      }),
    )
  );
}

export function ec2Error(error: AwsError, requestId: string): string {
  return (
    declaration +
    String(
      builder.build({
        Response: { Errors: { Error: { Code: error.code, Message: legible(error.message) } }, RequestID: requestId },
      }),
    )
  );
}

function toXml(value: unknown, member: string): unknown {
  if (Array.isArray(value)) return value.length === 0 ? '' : { [member]: value.map((item) => toXml(item, member)) };
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, toXml(item, member)]),
    );
  }
  return typeof value === 'string' ? legible(value) : String(value);
}

/** XML 1.0 has no way to write most control characters, and readers refuse the whole reply for one. */
function legible(text: string): string {
  return text.replace(/[^\t\n\r\x20-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
}
