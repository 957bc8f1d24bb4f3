import { arnKind, findListener, findLoadBalancer, findRule, findTargetGroup } from './arns.js';
import { AwsError, validationError } from './aws-error.js';
import type { Call } from './call.js';
import type { RegionState } from './model.js';
import type { Params } from './params.js';

const maxTagsPerResource = 50;
const maxArnsPerCall = 20;
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Reads `Tags` of a creating call or of AddTags. */
export function readTags(params: Params): Record<string, string> {
  const tags = new Map<string, string>();
  for (const item of params.structs('Tags') ?? []) {
    const key = item.required('Key');
    const value = item.string('Value') ?? '';
    if (key.length > 128 || !allowed.test(key)) throw validationError(`'${key}' is not a valid tag key`);
    if (value.length > 256 || !allowed.test(value)) throw validationError(`The value of tag '${key}' is not valid`);
    if (key.toLowerCase().startsWith('aws:'))
      throw validationError(`Tag keys may not start with 'aws:', as '${key}' does`);
    if (tags.has(key)) throw new AwsError('DuplicateTagKeys', `Tag key '${key}' was specified more than once`);
    tags.set(key, value);
  }
  if (tags.size > maxTagsPerResource)
    throw new AwsError('TooManyTags', `A resource may have at most ${maxTagsPerResource} tags`);
  return Object.fromEntries(tags);
}

export function addTags({ region, params }: Call): object {
  const arns = readArns(region, params);
  if (params.structs('Tags') === undefined) throw validationError("'Tags' must be specified");
  const tags = readTags(params);
  for (const arn of arns) {
    const merged = { ...region.tags[arn], ...tags };
    if (Object.keys(merged).length > maxTagsPerResource)
      throw new AwsError('TooManyTags', `A resource may have at most ${maxTagsPerResource} tags`);
  }
  for (const arn of arns) region.tags[arn] = { ...region.tags[arn], ...tags };
  return {};
}

export function removeTags({ region, params }: Call): object {
  const arns = readArns(region, params);
  const keys = params.strings('TagKeys');
  if (keys === undefined) throw validationError("'TagKeys' must be specified");
  for (const arn of arns) {
    region.tags[arn] = Object.fromEntries(
      Object.entries(region.tags[arn] ?? {}).filter(([key]) => !keys.includes(key)),
    );
  }
  return {};
}

export function describeTags({ region, params }: Call): object {
  return {
    TagDescriptions: readArns(region, params).map((ResourceArn) => ({
      ResourceArn,
      Tags: Object.entries(region.tags[ResourceArn] ?? {}).map(([Key, Value]) => ({ Key, Value })),
    })),
  };
}

function readArns(region: RegionState, params: Params): string[] {
  const arns = params.strings('ResourceArns');
  if (arns === undefined) throw validationError("'ResourceArns' must be specified");
  if (arns.length > maxArnsPerCall)
    throw validationError(`At most ${maxArnsPerCall} resources may be specified, not ${arns.length}`);
  for (const arn of arns) checkExists(region, arn);
  return [...new Set(arns)];
}

function checkExists(region: RegionState, arn: string): void {
  switch (arnKind(arn)) {
    case 'loadBalancer':
      findLoadBalancer(region, arn);
      return;
    case 'targetGroup':
      findTargetGroup(region, arn);
      return;
    case 'listener':
      findListener(region, arn);
      return;
    case 'rule':
      findRule(region, arn);
      return;
    case undefined:
      throw validationError(`'${arn}' is not a valid ARN of a taggable resource`);
  }
}
