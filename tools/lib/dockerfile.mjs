// A Dockerfile read and followed without Docker: each stage becomes a folder, COPY copies, RUN runs. It knows the few
// instructions that ours has and refuses any other, so that nothing is passed over in silence.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { runOrFail } from './processes.mjs';
import { ToolError, step } from './say.mjs';

const WITHOUT_EFFECT_HERE = ['ARG', 'USER', 'EXPOSE'];

/** The instructions of a Dockerfile: `{ name, text }` each, comments left out, continued lines joined. */
export function parseDockerfile(text) {
  const lines = text
    .replace(/^\s*#.*\n?/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
  return lines
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const [, name, rest] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
      if (name === undefined) throw new ToolError(`not an instruction: ${line}`);
      return { name: name.toUpperCase(), text: rest };
    });
}

/**
 * Follows all stages with `context` as build context and `dir` as the place for the stages' file systems.
 * @returns `{ workDir, env, cmd }` of the last stage.
 */
export async function followDockerfile({ instructions, context, dir, env }) {
  const stages = new Map();
  let stage;
  for (const { name, text } of instructions) {
    if (name === 'FROM') {
      const [, alias] = /\sAS\s+(\S+)$/i.exec(text) ?? [];
      stage = { root: path.join(dir, alias), workDir: '/', env: {}, cmd: undefined };
      mkdirSync(stage.root, { recursive: true });
      stages.set(alias, stage);
    } else if (!WITHOUT_EFFECT_HERE.includes(name)) {
      const follow = FOLLOW[name];
      if (follow === undefined)
        throw new ToolError(`the Dockerfile has ${name}, which this check can't follow: teach it, or do without`);
      await follow({ stage, stages, text, context, env });
    }
  }
  return { workDir: within(stage, '.'), env: stage.env, cmd: stage.cmd };
}

const FOLLOW = {
  WORKDIR: ({ stage, text }) => {
    stage.workDir = path.posix.resolve(stage.workDir, text);
    mkdirSync(within(stage, '.'), { recursive: true });
  },
  ENV: ({ stage, text }) => {
    const [name, ...value] = text.split('=');
    stage.env[name] = value.join('=');
  },
  CMD: ({ stage, text }) => {
    stage.cmd = JSON.parse(text);
  },
  COPY: ({ stage, stages, text, context }) => {
    const words = text.split(/\s+/);
    const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
    const [source, target] = words.filter((word) => !word.startsWith('--'));
    const sourcePath = from === undefined ? path.join(context, source) : path.join(stages.get(from).root, source);
    if (!existsSync(sourcePath)) throw new ToolError(`COPY ${text}: there is no ${source}`);
    copy(sourcePath, within(stage, target));
  },
  RUN: async ({ stage, text, env }) => {
    await step(`RUN ${text}`, () =>
      runOrFail('sh', ['-c', text], { cwd: within(stage, '.'), env: { ...env, ...stage.env } }),
    );
  },
};

/** A path of the stage (absolute, or from its working directory) as a path of this machine. */
const within = (stage, place) => path.join(stage.root, path.posix.resolve(stage.workDir, place));

function copy(source, target) {
  mkdirSync(path.dirname(target), { recursive: true });
  if (process.platform === 'win32' || !statSync(source).isDirectory())
    return cpSync(source, target, { recursive: true });
  mkdirSync(target, { recursive: true });
  execFileSync('cp', ['-a', `${source}/.`, target]);
}
