// The release's objects as a tree with health.
import { useQuery } from '@tanstack/react-query';
import { api } from '../api/client';
import type { ResourceNode } from '../api/schema';
import { Async } from '../parts/Async';

export function Resources({ namespace, name }: { namespace: string; name: string }) {
  const query = useQuery({ queryKey: ['resources', namespace, name], queryFn: () => api.resources(namespace, name) });
  return (
    <section aria-labelledby="resources-title" className="resources">
      <h2 id="resources-title">Resources</h2>
      <Async query={query}>
        {({ tree }) => (tree.length ? <Tree nodes={tree} /> : <p className="nothing">Nothing is in the cluster yet.</p>)}
      </Async>
    </section>
  );
}

function Tree({ nodes }: { nodes: ResourceNode[] }) {
  return (
    <ul className="tree">
      {nodes.map((node) => (
        <li key={`${node.kind}/${node.namespace ?? ''}/${node.name}`}>
          <span className="node">
            <span className={`health is-${node.health}`} role="img" aria-label={node.health} title={node.health} />
            <span className="kind">{node.kind}</span>
            <span className="node-name">{node.name}</span>
            {node.message && <span className="second node-message" title={node.message}>{node.message}</span>}
          </span>
          {node.children && node.children.length > 0 && <Tree nodes={node.children} />}
        </li>
      ))}
    </ul>
  );
}
