import { textOf, valueAt } from './json.js';
import { kubeErrors } from './kube-error.js';
import type { KubeObject } from './kube-object.js';
import type { ResourceType } from './resource-type.js';

export type Matcher = (object: KubeObject) => boolean;

/** Parses a label selector: `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x)`, `a`, `!a`. Throws 400 when it can't be read. */
export function labelMatcher(selector: string): Matcher {
  const terms = splitTerms(selector).map(labelTerm);
  return (object) => terms.every((term) => term(object.metadata.labels ?? {}));
}

type LabelTerm = (labels: Record<string, string>) => boolean;

function splitTerms(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}

function labelTerm(term: string): LabelTerm {
  const inSet = /^([^\s!=(),]+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (inSet) {
    const [, key = '', operator, list = ''] = inSet;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (labels) => (labels[key] !== undefined && values.has(labels[key])) === (operator === 'in');
  }
  const equality = /^([^\s!=(),]+)\s*(==|=|!=)\s*([^\s!=(),]*)$/.exec(term);
  if (equality) {
    const [, key = '', operator, value = ''] = equality;
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const existence = /^(!?)\s*([^\s!=(),]+)$/.exec(term);
  if (!existence) throw kubeErrors.badRequest(`unable to parse requirement: ${JSON.stringify(term)}`);
  const [, not, key = ''] = existence;
  return (labels) => (labels[key] === undefined) === (not === '!');
}

/** Parses a field selector over the fields that the kind supports. Throws 400 for any other. */
export function fieldMatcher(type: ResourceType, selector: string): Matcher {
  const supported = ['metadata.name', 'metadata.namespace', ...(type.fieldSelectors ?? [])];
  const terms = splitTerms(selector).map((term): Matcher => {
    const [, field = '', operator, value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(term) ?? [];
    if (operator === undefined)
      throw kubeErrors.badRequest(`invalid field selector ${JSON.stringify(term)}: can't understand`);
    if (!supported.includes(field)) {
      if (type.isCustom) throw kubeErrors.badRequest(`field label not supported: ${field}`);
      throw kubeErrors.badRequest(
        `Unable to find "${type.group === '' ? '' : `${type.group}/`}${type.version}, Resource=${type.plural}" that match label selector "", field selector ${JSON.stringify(selector)}: field label not supported: ${field}`,
      );
    }
    return (object) => (fieldText(object, field) === value) === (operator !== '!=');
  });
  return (object) => terms.every((term) => term(object));
}

function fieldText(object: KubeObject, field: string): string {
  if (field === 'source' && object.kind === 'Event') return textOf(valueAt(object, 'source', 'component'));
  return textOf(valueAt(object, ...field.split('.')));
}
