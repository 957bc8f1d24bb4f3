// The plans of everything that a replica asks PostgreSQL, by auto_explain in the server's log.
import { openSync, readSync, closeSync, statSync } from 'node:fs';

/** Settings of the server: whose line of the log it is. */
export const LOGGING = { log_line_prefix: '%u|' };

/** Settings of a role: every plan with the rows that it read, also those inside functions. */
export const EXPLAINING = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_nested_statements': 'on',
  'auto_explain.log_parameter_max_length': '0',
  'auto_explain.log_format': 'json',
};

export const endOf = (file) => statSync(file).size;

/**
 * The plans that a role's statements had between two places of the log.
 * @returns `[{ text, scans: [{ node, table, rows }] }]`, `rows`: how many were read there, whether or not they were wanted
 */
export function plansOf(file, role, from, to = endOf(file)) {
  const begin = `${role}|LOG:  duration: `;
  const entries = [];
  let current = null;
  for (const line of linesOf(file, from, to)) {
    if (line.startsWith('\t')) current?.push(line.slice(1));
    else if (line.startsWith(begin) && line.endsWith('plan:')) entries.push((current = []));
    else current = null;
  }
  return entries.map((lines) => {
    const { 'Query Text': text, Plan: plan } = JSON.parse(lines.join('\n'));
    return { text: text.replace(/\s+/g, ' ').trim(), scans: scansIn(plan) };
  });
}

function linesOf(file, from, to) {
  const buffer = Buffer.alloc(to - from);
  const handle = openSync(file);
  readSync(handle, buffer, 0, buffer.length, from);
  closeSync(handle);
  return buffer.toString('utf8').split('\n');
}

function scansIn(node) {
  const inner = (node.Plans ?? []).flatMap(scansIn);
  if (node['Relation Name'] === undefined || !node['Node Type'].includes('Scan')) return inner;
  const perLoop =
    node['Actual Rows'] +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0) +
    (node['Rows Removed by Join Filter'] ?? 0);
  return [
    ...inner,
    { node: node['Node Type'], table: node['Relation Name'], rows: Math.round(perLoop * node['Actual Loops']) },
  ];
}
