// What the Fleet shows: the filter in the URL, whether a release matches it, and the order. Pure.
// The server does the same for whole pages; here it keeps a page right while events arrive.
import type { Release, State } from '../api/schema';

export type Sort = 'attention' | 'changed' | 'deployed' | 'name';
export interface Filter {
  q: string;
  state: string;
  sort: Sort;
}

const sorts: readonly Sort[] = ['attention', 'changed', 'deployed', 'name'];
const attention: readonly State[] = ['failed', 'held'];
const moving: readonly State[] = ['pending', 'deploying', 'verifying', 'rolling back', 'deleting'];

export function readFilter(search: string): Filter {
  const params = new URLSearchParams(search);
  const sort = params.get('sort') as Sort | null;
  return {
    q: params.get('q') ?? '',
    state: params.get('state') ?? '',
    sort: sort && sorts.includes(sort) ? sort : 'attention',
  };
}

/** The query of a page's address; empty for the plain Fleet. */
export function writeFilter(filter: Filter): string {
  const params = new URLSearchParams();
  if (filter.q.trim()) params.set('q', filter.q.trim());
  if (filter.state) params.set('state', filter.state);
  if (filter.sort !== 'attention') params.set('sort', filter.sort);
  const text = params.toString();
  return text ? `?${text}` : '';
}

export type Group = 'attention' | 'moving' | 'rest';

/** What needs a person, what is in flight, the rest. */
export function groupOf(release: Release): Group {
  if (attention.includes(release.state) || isStalled(release)) return 'attention';
  return moving.includes(release.state) ? 'moving' : 'rest';
}

export function isStalled(release: Release): boolean {
  return release.conditions.some((c) => c.type === 'Stalled' && c.status === 'True');
}

/** The states that a filter's word stands for; none: all. */
export function statesOf(state: string): string[] {
  return state
    .split(',')
    .filter(Boolean)
    .flatMap((word): readonly string[] => (word === 'attention' ? attention : word === 'moving' ? moving : [word]));
}

export function matches(release: Release, filter: Filter): boolean {
  const states = statesOf(filter.state);
  if (states.length && !states.includes(release.state)) return false;
  const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const text = [
    release.name,
    release.namespace,
    release.owner.squad,
    release.version.new,
    release.version.old ?? '',
    ...release.artifacts.docker.flatMap((d) => [d.image, d.tag]),
  ]
    .join('\n')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

const rank: Record<Group, number> = { attention: 0, moving: 1, rest: 2 };
const newer = (a: string, b: string) => (a < b ? 1 : a > b ? -1 : 0);

/** The order of a sort; ties by name, so that nothing jumps. */
export function compare(sort: Sort): (a: Release, b: Release) => number {
  const named = (a: Release, b: Release) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : a.namespace < b.namespace ? -1 : a.namespace > b.namespace ? 1 : 0;
  switch (sort) {
    case 'name':
      return named;
    case 'changed':
      return (a, b) => newer(a.since, b.since) || named(a, b);
    case 'deployed':
      return (a, b) => newer(a.lastDeployed, b.lastDeployed) || named(a, b);
    case 'attention':
      return (a, b) => rank[groupOf(a)] - rank[groupOf(b)] || newer(a.since, b.since) || named(a, b);
  }
}
