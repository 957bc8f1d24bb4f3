import { counted, listed } from '../text/duration.js';
import { policyRules } from './may-move.js';
import type { Summary } from './rules/rule.js';
import type { RuleFinding } from './types.js';

/**
 * What was found on many routes, one sentence per rule and reason: how many routes and the first names, `limit` of each.
 * `outOf`: how many routes the move has, for `98 of 100 routes`. Empty where nothing was found.
 */
export function groupedText(findings: readonly RuleFinding[], limit = 3, outOf: number | null = null): string {
  const sentences = policyRules.flatMap((rule) =>
    Object.entries(rule.summaries).map(([reason, summary]) =>
      groupText(
        findings.filter((one) => one.rule === rule.name && one.reason === reason),
        summary,
        limit,
        outOf,
      ),
    ),
  );
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

function groupText(
  group: readonly RuleFinding[],
  [one, several]: Summary,
  limit: number,
  outOf: number | null,
): string {
  const [first] = group;
  if (!first) return '';
  const routes = [...new Map(group.map((one) => [one.routeId, one.routeName])).values()];
  if (routes.length === 1) return `Route ${first.routeName}: ${first.message}`;
  const count = outOf === null ? counted(routes.length, 'route') : `${routes.length} of ${counted(outOf, 'route')}`;
  const where = `${count} (${firstOf(routes, limit)})`;
  const subjects = [...new Set(group.flatMap((finding) => finding.subjects))];
  const head =
    subjects.length === 0
      ? `${where} ${several}`
      : `${firstOf(subjects, limit)} ${subjects.length === 1 ? one : several} on ${where}`;
  return `${head}: ${first.message}`;
}

/** `a, b, c and 95 more`. */
function firstOf(names: readonly string[], limit: number): string {
  if (names.length <= limit) return listed(names);
  return `${names.slice(0, limit).join(', ')} and ${names.length - limit} more`;
}
