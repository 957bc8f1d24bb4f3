import { Worker } from 'node:worker_threads';
import { InvalidInput } from '@sluice/domain';

/** How much a text may ask of us. */
export interface YamlLimits {
  readonly bytes: number;
  /** Levels of mappings and lists inside each other. */
  readonly depth: number;
  readonly timeMs: number;
}

type Answer = { readonly value: unknown } | { readonly problem: string };

const program = new URL('../worker/read-yaml.mjs', import.meta.url);
const heap = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };

/** Texts are read one after another, so that many at once cost one thread, not many. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Reads YAML that a stranger wrote: plain data, no tags, no aliases. Parsing happens in a thread of its own with a limit for
 * time and memory, so whatever the text holds, neither this process nor a lease waits for it.
 * `what` is what it is called in messages. Throws InvalidInput (field '') without quoting the text.
 */
export async function readYaml(what: string, text: string, limits: YamlLimits): Promise<unknown> {
  if (Buffer.byteLength(text) > limits.bytes) throw refused(`${what} is larger than ${limits.bytes} bytes`);
  const turn = last.then(() => askWorker(text, limits));
  last = turn.catch(() => undefined);
  const answer = await turn;
  if ('problem' in answer) throw refused(`${what} ${answer.problem}`);
  return answer.value;
}

function askWorker(text: string, { depth, timeMs }: YamlLimits): Promise<Answer> {
  return new Promise((resolve) => {
    const worker = new Worker(program, {
      workerData: { text, deepest: depth },
      resourceLimits: heap,
      // nothing of ours reaches it: it has no use for a variable, and secrets stand in some
      env: {},
      execArgv: [],
    });
    let timer: NodeJS.Timeout | undefined;
    const end = (answer: Answer) => {
      clearTimeout(timer);
      resolve(answer);
      void worker.terminate();
    };
    worker.on('message', (message: 'ready' | Answer) => {
      if (message !== 'ready') return end(message);
      timer = setTimeout(() => end({ problem: `takes longer than ${timeMs} ms to read` }), timeMs);
    });
    // out of memory, or a failure of the parser itself: its message could quote the text
    worker.once('error', () => end({ problem: 'cannot be read within the memory allowed for it' }));
    worker.once('exit', () => end({ problem: 'cannot be read' }));
  });
}

function refused(message: string): InvalidInput {
  return new InvalidInput([{ field: '', message }]);
}
