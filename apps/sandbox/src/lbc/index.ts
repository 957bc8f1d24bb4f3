import { join } from 'node:path';
import { podRanges } from '../pods/index.js';
import type { ControllersOptions, RunningPart } from '../shared/parts.js';
import { ClusterControllers } from './cluster-controllers.js';

export interface StartControllersOptions extends ControllersOptions {
  /** Told of every failure that the controllers come back to by themselves; silent by default. */
  onFailure?(message: string): void;
}

/** Starts, for each cluster, the simulated AWS Load Balancer Controller with its webhooks, and the pods. */
export async function startControllers(options: StartControllersOptions): Promise<RunningPart> {
  const { dir, kubeconfigs, onFailure = () => undefined } = options;
  const ranges = podRanges(dir, Object.keys(kubeconfigs));
  const running = Object.entries(kubeconfigs).map(
    ([cluster, kubeconfig]) =>
      new ClusterControllers({
        ...options,
        cluster,
        kubeconfig,
        dir: join(dir, 'lbc', cluster),
        podRange: ranges[cluster] ?? '',
        onFailure,
      }),
  );
  const stop = async (): Promise<void> => void (await Promise.all(running.map((each) => each.stop())));
  try {
    await Promise.all(running.map((each) => each.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
