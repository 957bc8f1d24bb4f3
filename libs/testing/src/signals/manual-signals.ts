import { Signals } from '@sluice/control';

type Topic = Parameters<Signals['on']>[0];

/** Signals that a test gives. */
export class ManualSignals extends Signals {
  private readonly listeners = new Map<Topic, Set<(payload: string) => void>>();

  on(topic: Topic, listener: (payload: string) => void): () => void {
    const set = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, set.add(listener));
    return () => set.delete(listener);
  }

  tell(topic: Topic): void {
    for (const listener of this.listeners.get(topic) ?? []) listener('');
  }
}
