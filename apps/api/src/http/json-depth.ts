/** How deep arrays and objects of a body may stand in each other; the deepest that any operation takes has seven levels. */
export const deepestBody = 64;

/**
 * Whether JSON is nested deeper than `levels`. Counted in the text, before anything has parsed it: what walks the value
 * afterwards (validation, hashing for an Idempotency-Key) recurses, and never sees more. Of text that isn't JSON the answer
 * means nothing; the parser refuses it.
 */
export function isDeeperThan(levels: number, json: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i += 1) {
    const char = json[i];
    if (inString) {
      if (char === '\\') i += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '[' || char === '{') {
      depth += 1;
      if (depth > levels) return true;
    } else if (char === ']' || char === '}') depth -= 1;
  }
  return false;
}
