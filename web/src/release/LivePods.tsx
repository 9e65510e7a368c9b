// The pods of a rollout as they become ready, from the live objects: where the stage itself brings no list of them.
import { useQuery } from '@tanstack/react-query';
import { api } from '../api/client';
import type { PodsEvidence, ResourceNode } from '../api/schema';
import { Evidence } from './Evidence';

/** The pods of a tree, wherever they hang. Pure. */
export function podsOf(tree: ResourceNode[]): PodsEvidence {
  const pods: PodsEvidence['pods'] = [];
  const walk = (nodes: ResourceNode[]) => {
    for (const node of nodes) {
      if (node.kind === 'Pod')
        pods.push({
          name: node.name,
          ready: node.health === 'healthy',
          phase: node.health === 'degraded' ? 'failing' : 'starting',
          ...(node.message && node.health !== 'healthy' ? { reason: node.message } : {}),
        });
      walk(node.children ?? []);
    }
  };
  walk(tree);
  return { kind: 'pods', ready: pods.filter((p) => p.ready).length, desired: pods.length, pods };
}

export function LivePods({ namespace, name }: { namespace: string; name: string }) {
  const { data } = useQuery({ queryKey: ['resources', namespace, name], queryFn: () => api.resources(namespace, name), refetchInterval: 1000 });
  const evidence = podsOf(data?.tree ?? []);
  return evidence.pods.length ? <Evidence evidence={evidence} /> : null;
}
