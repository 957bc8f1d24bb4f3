// The arrows between the workspaces (.dependency-cruiser.cjs), checked over a source tree.
import { inRoot } from './paths.mjs';
import { capture } from './processes.mjs';
import { ToolError } from './say.mjs';

const PLACES = ['libs', 'apps'];

/**
 * Which imports break which rule: sentences, empty when all keep to them.
 * @param {string} tree the folder that holds `libs` and `apps`.
 * @param {string[]} expected workspaces of which modules must be seen: a checker that sees nothing finds nothing.
 */
export async function boundaryViolations(tree, expected) {
  const cli = inRoot('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [cli, ...PLACES, '--config', inRoot('.dependency-cruiser.cjs'), '--output-type', 'json'];
  const { stdout, stderr } = await capture(process.execPath, args, { cwd: tree });
  const report = parse(stdout, stderr);
  const seen = report.modules.map((module) => module.source);
  const unseen = expected.filter((workspace) => !seen.some((source) => source.startsWith(`${workspace}/src/`)));
  if (unseen.length > 0)
    throw new ToolError(`the boundary checker saw no module of ${unseen.join(', ')}: its findings mean nothing`);
  return {
    modules: seen.length,
    violations: report.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
  };
}

function parse(stdout, stderr) {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new ToolError(`dependency-cruiser failed: ${stderr || stdout}`);
  }
}
