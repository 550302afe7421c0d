import { Cluster } from '../../cluster/index.js';
import type { MapCluster } from './cluster-options.js';

/** @param say called with what the user should know, once for each message */
export function openCluster(
  { engine, engineVariable: _, ...options }: MapCluster,
  say: (message: string) => void,
): Cluster {
  const cluster = new Cluster({ ...engine, ...options });
  const said = new Set<string>();
  cluster.on('engineError', ({ message }) => {
    if (said.has(message)) return;
    said.add(message);
    say(`the engine: ${message}`);
  });
  return cluster;
}

/** Where it is, without its password. */
export function describeEngine({ engine }: MapCluster): string {
  const [text] = Object.values(engine) as [string];
  try {
    const url = new URL(text);
    url.password = '';
    return url.href;
  } catch {
    return Object.keys(engine).join();
  }
}
