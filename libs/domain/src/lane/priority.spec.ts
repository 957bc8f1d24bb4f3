import { describe, it, expect } from '@jest/globals';
import { intentPurposes, isEmergency, priorityOf } from './priority.js';

describe('the order of a lane', () => {
  it('sends rollbacks first, then what a person wrote, then steps and attachments', () => {
    const inOrder = [...intentPurposes].sort((a, b) => priorityOf[a] - priorityOf[b]);
    expect(inOrder).toEqual(['rollback', 'oneOff', 'reassert', 'step', 'attach', 'detach']);
    expect(priorityOf.step).toBeGreaterThan(priorityOf.oneOff);
  });

  it('calls a rollback an emergency, and nothing else', () => {
    expect(intentPurposes.filter(isEmergency)).toEqual(['rollback']);
  });
});
