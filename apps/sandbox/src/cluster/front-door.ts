import { meansName, type Faults } from '../shared/faults.js';

/** Faults of one cluster's front door, asked at every connection and request. */
export interface FrontDoor {
  isDown(): boolean;
  latencyMs(): number;
}

export function frontDoor(cluster: string, faults: Faults): FrontDoor {
  return {
    isDown: () => {
      const down = faults.get('cluster.down');
      return down !== undefined && meansName(down.name, cluster);
    },
    latencyMs: () => {
      const latency = faults.get('cluster.latency');
      return latency !== undefined && meansName(latency.name, cluster) ? latency.ms : 0;
    },
  };
}

/** Calls `drop` whenever the cluster goes down. Answers how to stop. */
export function onDown(faults: Faults, door: FrontDoor, drop: () => void): () => void {
  return faults.onChange((changed) => {
    if (changed === 'cluster.down' && door.isDown()) drop();
  });
}
