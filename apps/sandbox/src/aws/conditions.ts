import { AwsError, validationError } from './aws-error.js';
import type { Condition, Transform } from './model.js';
import type { Params } from './params.js';

const fields = [
  'host-header',
  'path-pattern',
  'http-header',
  'query-string',
  'http-request-method',
  'source-ip',
] as const;
const onlyOnce = new Set<string>(['host-header', 'path-pattern', 'http-request-method', 'source-ip']);
const maxValuesPerRule = 5;
const maxWildcardsPerRule = 5;
const maxValueLength = 128;

/**
 * Reads the conditions of a rule. `Values` and the field's own `…Config` are two spellings of the same for host-header and path-pattern.
 * @throws AwsError ValidationError, or TooManyRules-like quota errors as ELBv2 words them.
 */
export function readConditions(list: readonly Params[]): Condition[] {
  const conditions = list.map(readCondition);
  for (const field of onlyOnce) {
    if (conditions.filter((condition) => condition.Field === field).length > 1)
      throw validationError(`A rule may have only one condition of field '${field}'`);
  }
  const values = conditions.flatMap(valuesOf);
  if (values.length > maxValuesPerRule)
    throw validationError(`A rule may have at most ${maxValuesPerRule} condition values`);
  const wildcards = values.reduce((sum, value) => sum + (value.match(/[*?]/g)?.length ?? 0), 0);
  if (wildcards > maxWildcardsPerRule)
    throw validationError(`A rule may have at most ${maxWildcardsPerRule} wildcards`);
  const long = values.find((value) => value.length > maxValueLength);
  if (long !== undefined)
    throw validationError(`Condition value '${long.slice(0, 20)}…' has more than ${maxValueLength} characters`);
  return conditions;
}

/** Every value of a condition, of whichever form. */
function valuesOf(condition: Condition): string[] {
  const nested = condition.HttpHeaderConfig ?? condition.HttpRequestMethodConfig ?? condition.SourceIpConfig;
  const pairs = condition.QueryStringConfig?.Values.map((pair) =>
    pair.Key === undefined ? pair.Value : `${pair.Key}=${pair.Value}`,
  );
  return [...(condition.Values ?? []), ...(condition.RegexValues ?? []), ...(nested?.Values ?? []), ...(pairs ?? [])];
}

function readCondition(item: Params): Condition {
  item.required('Field');
  const Field = item.oneOf('Field', fields);
  switch (Field) {
    case 'host-header': {
      const values = readPatterns(item, 'HostHeaderConfig');
      return { Field, ...values, HostHeaderConfig: values };
    }
    case 'path-pattern': {
      const values = readPatterns(item, 'PathPatternConfig');
      return { Field, ...values, PathPatternConfig: values };
    }
    case 'http-header':
      return { Field, HttpHeaderConfig: readHeader(item) };
    case 'query-string':
      return { Field, QueryStringConfig: { Values: readQueryPairs(item) } };
    case 'http-request-method':
      return { Field, HttpRequestMethodConfig: { Values: readMethods(item) } };
    case 'source-ip':
      return { Field, SourceIpConfig: { Values: readCidrs(item) } };
    case undefined:
      throw validationError(`'${item.at('Field')}' must be specified`);
  }
}

function readPatterns(item: Params, configName: string): { Values?: string[]; RegexValues?: string[] } {
  const config = item.struct(configName);
  const Values = item.strings('Values') ?? config?.strings('Values');
  const RegexValues = item.strings('RegexValues') ?? config?.strings('RegexValues');
  if (Values === undefined && RegexValues === undefined)
    throw validationError(`A condition value must be specified in '${item.at('Values')}'`);
  if (Values !== undefined && RegexValues !== undefined)
    throw validationError(`'${item.at('Values')}' and RegexValues may not both be specified`);
  for (const regex of RegexValues ?? []) checkRegex(regex, item);
  return Values === undefined ? { RegexValues } : { Values };
}

function checkRegex(regex: string, item: Params): void {
  try {
    new RegExp(regex);
  } catch {
    throw validationError(`'${regex}' in '${item.at('RegexValues')}' is not a valid regular expression`);
  }
}

function need<T>(value: T | undefined, item: Params, name: string): T {
  if (value === undefined) throw validationError(`A condition value must be specified in '${item.at(name)}'`);
  return value;
}

function readHeader(item: Params): NonNullable<Condition['HttpHeaderConfig']> {
  const config = need(item.struct('HttpHeaderConfig'), item, 'HttpHeaderConfig');
  const HttpHeaderName = config.required('HttpHeaderName');
  if (HttpHeaderName.length > 40)
    throw validationError(`'${config.at('HttpHeaderName')}' may have at most 40 characters`);
  return { HttpHeaderName, ...readPatterns(config, 'HttpHeaderConfig') };
}

function readQueryPairs(item: Params): { Key?: string; Value: string }[] {
  const pairs = need(item.struct('QueryStringConfig')?.structs('Values'), item, 'QueryStringConfig');
  return pairs.map((pair) => ({ Key: pair.string('Key'), Value: pair.required('Value') }));
}

function readMethods(item: Params): string[] {
  const methods = need(item.struct('HttpRequestMethodConfig')?.strings('Values'), item, 'HttpRequestMethodConfig');
  const wrong = methods.find((method) => !/^[A-Z_-]{1,40}$/.test(method));
  if (wrong !== undefined) throw validationError(`'${wrong}' is not a valid HTTP request method`);
  return methods;
}

function readCidrs(item: Params): string[] {
  const cidrs = need(item.struct('SourceIpConfig')?.strings('Values'), item, 'SourceIpConfig');
  const wrong = cidrs.find((cidr) => !/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]+)\/\d{1,3}$/i.test(cidr));
  if (wrong !== undefined) throw validationError(`'${wrong}' is not a valid CIDR block`);
  return cidrs;
}

/** Reads a rule's transforms; at most one of each type. They are kept and shown; the sandbox's data plane doesn't apply them. */
export function readTransforms(list: readonly Params[]): Transform[] {
  const transforms = list.map((item): Transform => {
    item.required('Type');
    const Type = item.oneOf('Type', ['host-header-rewrite', 'url-rewrite']);
    const name = Type === 'host-header-rewrite' ? 'HostHeaderRewriteConfig' : 'UrlRewriteConfig';
    const rewrites = item.struct(name)?.structs('Rewrites');
    if (Type === undefined || rewrites?.length !== 1) throw validationError(`'${item.at(name)}' must have one rewrite`);
    return {
      Type,
      [name]: {
        Rewrites: rewrites.map((rewrite) => ({
          Regex: rewrite.required('Regex'),
          Replace: rewrite.string('Replace') ?? '',
        })),
      },
    };
  });
  if (new Set(transforms.map((transform) => transform.Type)).size !== transforms.length) {
    throw new AwsError('InvalidConfigurationRequest', 'A rule may have only one transform of each type');
  }
  return transforms;
}
