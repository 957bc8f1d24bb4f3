import { describe, it, expect } from '@jest/globals';
import { byUrgency, intentPurposes, isEmergency } from './priority.js';

describe('the order of a lane', () => {
  it('sends rollbacks and evacuations first, in the order they were decided, then steps, verifications and drift reads', () => {
    const queue = [...intentPurposes].reverse().flatMap((purpose, i) => [
      { purpose, sequence: i + 10 },
      { purpose, sequence: i },
    ]);
    expect([...queue].sort(byUrgency).map(({ purpose, sequence }) => `${purpose} ${sequence}`)).toEqual([
      'evacuate 3',
      'rollback 4',
      'evacuate 13',
      'rollback 14',
      'step 2',
      'step 12',
      'verify 1',
      'verify 11',
      'driftRead 0',
      'driftRead 10',
    ]);
  });

  it('calls rollback and evacuation emergencies, and nothing else', () => {
    expect(intentPurposes.filter(isEmergency)).toEqual(['rollback', 'evacuate']);
  });
});
