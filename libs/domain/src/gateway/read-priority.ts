/**
 * Why a gateway asks AWS something, most urgent first: an emergency's reads, the read before a send, what is watched,
 * and somebody's `?fresh=true`.
 */
export const readPriorities = ['emergency', 'send', 'watch', 'fresh'] as const;
export type ReadPriority = (typeof readPriorities)[number];

/** The part of the budget that stays for watching while it has something due, whatever is sent. */
const watchersPart = 0.4;

/**
 * How far sends are ahead of their part while watching waits too, in reads: above 0 it is watching's turn. Never
 * leaves (-1, 1), so that nobody saves up a claim.
 */
export type SendsAhead = number;

export interface Turn {
  readonly priority: ReadPriority;
  readonly sendsAhead: SendsAhead;
}

/** Whose turn it is among the priorities that have somebody waiting; null = nobody waits. */
export function nextTurn(waiting: ReadonlySet<ReadPriority>, sendsAhead: SendsAhead): Turn | null {
  if (waiting.has('emergency')) return { priority: 'emergency', sendsAhead };
  if (waiting.has('send') && waiting.has('watch')) {
    return sendsAhead > 0
      ? { priority: 'watch', sendsAhead: sendsAhead - (1 - watchersPart) }
      : { priority: 'send', sendsAhead: sendsAhead + watchersPart };
  }
  const priority = readPriorities.find((one) => waiting.has(one));
  return priority === undefined ? null : { priority, sendsAhead };
}
