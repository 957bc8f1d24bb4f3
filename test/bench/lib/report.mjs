// What every bench says in the end: a table of figures with their goals, the raw runs in a file, and an exit code.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { say } from '../../../tools/lib/say.mjs';

/** Goals: `{ what, holds }`, the sentence that stands in the table and whether a figure meets it. */
export const atMost = (limit, unit = '') => ({
  what: `≤ ${shown(limit)}${unit}`,
  holds: (value) => typeof value === 'number' && value <= limit + 1e-9,
});
export const atLeast = (limit, unit = '') => ({
  what: `≥ ${shown(limit)}${unit}`,
  holds: (value) => typeof value === 'number' && value >= limit - 1e-9,
});
export const exactly = (expected) => ({ what: shown(expected), holds: (value) => value === expected });

/**
 * Reads the command line of a bench: `--check`, `--json FILE` and its own options (as `parseArgs` takes them).
 * @returns {{ report: Report, values: Record<string, string | boolean> }}
 */
export function beginReport(name, options = {}) {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, json: { type: 'string' }, ...options },
  });
  return { report: new Report(name, values), values };
}

export class Report {
  #name;
  #options;
  #rows = [];
  #runs = [];
  #began = new Date();

  constructor(name, options) {
    this.#name = name;
    this.#options = options;
  }

  /** One figure of one case (`R = 100`); without a goal it is there to be read. */
  figure(scenario, what, value, goal) {
    const missed = goal !== undefined && !goal.holds(value);
    this.#rows.push({ scenario, what, value, goal: goal?.what ?? '', missed });
    say(`    ${scenario}: ${what} = ${shown(value)}${goal ? ` (goal ${goal.what}${missed ? ', MISSED' : ''})` : ''}`);
  }

  /** What the figures were made of; goes to the file. */
  raw(scenario, data) {
    this.#runs.push({ scenario, data });
  }

  /** Prints the table, writes the file, and gives the exit code: 1 where `--check` was given and a goal was missed. */
  end() {
    say('');
    say(table(['case', 'figure', 'value', 'goal', ''], this.#rows.map(cells)));
    const missed = this.#rows.filter((row) => row.missed).length;
    const judged = this.#rows.filter((row) => row.goal !== '').length;
    say(`\n${this.#name}: ${judged - missed} of ${judged} goals met`);
    const { json, check } = this.#options;
    if (json !== undefined) {
      const content = {
        bench: this.#name,
        began: this.#began,
        options: this.#options,
        figures: this.#rows,
        runs: this.#runs,
      };
      writeFileSync(path.resolve(json), `${JSON.stringify(content, null, 1)}\n`);
      say(`raw runs: ${json}`);
    }
    return check && (missed > 0 || judged === 0) ? 1 : 0;
  }
}

const cells = ({ scenario, what, value, goal, missed }) => [scenario, what, shown(value), goal, missed ? 'MISSED' : ''];

function shown(value) {
  if (typeof value !== 'number') return String(value);
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

/** Columns as wide as their widest cell. */
export function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => [...row[column]].length)));
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}
