import { expect, it } from '@jest/globals';
import { eventually } from '@sluice/testing';
import { startTestService } from '../testing/test-service.js';
import { blueGreen } from '../testing/world.js';

it('a worker notices by itself that a binding is gone from its cluster, and tells it once', async () => {
  const service = await startTestService({ role: 'all', agentLivenessMs: 50 });
  try {
    const { admin, agent } = service;
    const { red, blue } = await blueGreen(service);
    agent.cluster(blue.id).service({ namespace: red.namespace, name: red.service });
    const { binding } = await admin.bindings.create({ backendId: red.id });
    expect(binding.state).toBe('Applied');
    agent.cluster(blue.id).bindings.clear();
    const missing = await eventually('the binding to be missed', async () => {
      const now = await admin.bindings.get(binding.id);
      return now.reason === 'BindingMissing' ? now : null;
    });
    await eventually('more runs', async () => {
      const text = await (await fetch(`${service.url}/metrics`)).text();
      const runs = /^sluice_job_duration_seconds_count\{job="refreshBindings",result="ok"\} (\d+)/m.exec(text)?.[1];
      return Number(runs ?? 0) >= 5 ? true : null;
    });
    expect(await admin.bindings.get(binding.id)).toEqual(missing);
  } finally {
    await service.close();
  }
}, 20_000);
