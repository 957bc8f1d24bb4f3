import { describe, it } from '@jest/globals';
import { realApiServerAssets } from '@sluice/testing';
import { operatorsView } from '../by-hand/operator.js';
import { walkthroughScenario } from '../walkthrough/scenario.js';

describe('the walkthrough with real kube-apiservers as clusters', () => {
  const assets = realApiServerAssets();
  if (assets === null) {
    it.skip('is left out: KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver', () => undefined);
    return;
  }
  const walked = walkthroughScenario({ assets, holdMs: 6_000 });

  operatorsView(() => walked().stack);
});
