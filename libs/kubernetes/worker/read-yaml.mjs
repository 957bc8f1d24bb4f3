// One YAML text in, plain data or a refusal out. A program of its own, not a module: it runs in a worker thread, so that a
// text that is slow to read delays nobody (see ../src/bounded-yaml.ts). Plain JavaScript beside src/ and dist/, because a
// worker is started from a file, and the file must be the same for the sources and for what is built from them.
import { parentPort, workerData } from 'node:worker_threads';
import { Lexer, Parser, parseDocument } from 'yaml';

const { text, deepest } = workerData;
const collections = new Set(['block-map', 'block-seq', 'flow-collection']);

/**
 * The line where nesting exceeds `deepest`, or null. Counted by YAML's own tokens, one at a time and without recursion, and
 * given up at the first one too deep: what comes after it (composing the document) recurses, and a stack that runs out
 * there can end the whole process, not only this thread.
 */
function lineOfTooDeep() {
  const parser = new Parser();
  let line = 1;
  for (const token of new Lexer().lex(text)) {
    Array.from(parser.next(token));
    if (parser.stack.filter(({ type }) => collections.has(type)).length > deepest) return line;
    if (token === '\n' || token === '\r\n') line += 1;
  }
  return null;
}

function read() {
  const line = lineOfTooDeep();
  if (line !== null) return { problem: `is nested deeper than ${deepest} levels in line ${line}` };
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent', schema: 'core' });
  const error = document.errors[0] ?? document.warnings[0];
  // only the parser's code: its messages quote the text, and the text holds secrets
  if (error !== undefined) return { problem: `is not plain YAML (${error.code})` };
  try {
    return { value: document.toJS({ maxAliasCount: 0 }) };
  } catch {
    return { problem: 'must not use YAML aliases' };
  }
}

// the time that counts begins here: starting a thread is our own cost, not the text's
parentPort.postMessage('ready');
parentPort.postMessage(read());
