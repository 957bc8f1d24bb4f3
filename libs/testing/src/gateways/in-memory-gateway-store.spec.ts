import { describeGatewayStoreContract } from './contract.js';
import { InMemoryGatewayStore } from './in-memory-gateway-store.js';

describeGatewayStoreContract('in memory', () => {
  let now = 0;
  const store = new InMemoryGatewayStore(() => now);
  return Promise.resolve({
    store,
    account: async (gatewayId, budget) => store.account(gatewayId, budget),
    pass: async (ms) => void (now += ms),
    close: async () => undefined,
  });
});
