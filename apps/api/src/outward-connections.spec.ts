import { expect, it, jest } from '@jest/globals';
import { ElbV2LoadBalancer } from '@sluice/aws';
import { ClusterAgent, Engine, LoadBalancer } from '@sluice/control';
import { DirectClusterAgent } from '@sluice/kubernetes';
import { startTestService } from './testing/test-service.js';

it('connections to AWS and clusters are closed at the end, once the lanes that use them are handed over', async () => {
  const loadBalancer = new ElbV2LoadBalancer();
  const agent = new DirectClusterAgent();
  const service = await startTestService({ role: 'all' }, [
    { provide: LoadBalancer, useValue: loadBalancer },
    { provide: ClusterAgent, useValue: agent },
  ]);
  const order: string[] = [];
  const noted = <T extends object>(object: T, method: keyof T & string, name: string) => {
    const original = (object[method] as (...args: never[]) => unknown).bind(object);
    jest.spyOn(object as Record<string, () => unknown>, method).mockImplementation(async () => {
      await original();
      order.push(name);
    });
  };
  noted(service.app.nest.get(Engine), 'stop', 'engine');
  noted(loadBalancer, 'close', 'aws');
  noted(agent, 'close', 'clusters');
  await service.close();
  expect(order).toEqual(['engine', 'aws', 'clusters']);
}, 20_000);
