// Requests to the server, and the types of what it answers (generated from contracts/openapi.yaml).
import type { Accepted, ActivityPage, Boot, ReleaseDetail, ReleasePage, ReleaseResources, Repository, RevisionDiff, System } from './schema';

export const page = 100;

/** What the server said was wrong, in its own words. */
export class ApiError extends Error {
  constructor(readonly kind: string, message: string, readonly status: number) {
    super(message);
  }
}

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new ApiError('unavailable', 'the server does not answer', 0);
  }
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError('corrupt', `the server answered ${response.status} without JSON`, response.status);
  }
  if (!response.ok) {
    const error = (body as { error?: { kind?: string; message?: string } }).error;
    throw new ApiError(error?.kind ?? 'internal', error?.message ?? `the server answered ${response.status}`, response.status);
  }
  return body as T;
}

const post = (path: string, body: object) =>
  ask<Accepted>(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const query = (params: Record<string, string | number | undefined>) => {
  const kept = Object.entries(params).filter(([, v]) => v !== undefined && v !== '') as [string, string][];
  return kept.length ? `?${new URLSearchParams(kept.map(([k, v]) => [k, String(v)]))}` : '';
};
const at = (namespace: string, name: string, rest = '') =>
  `/api/releases/${encodeURIComponent(name)}${rest}${query({ namespace })}`;

export type Verb = 'rollback' | 'hold' | 'release' | 'retry' | 'lift';

export const api = {
  releases: (filter: { q: string; state: string; sort: string }, cursor?: string) =>
    ask<ReleasePage>(`/api/releases${query({ limit: page, cursor, q: filter.q, state: filter.state, sort: filter.sort })}`),
  counts: (q: string) => ask<ReleasePage>(`/api/releases${query({ limit: 1, q })}`),
  release: (namespace: string, name: string) => ask<ReleaseDetail>(at(namespace, name)),
  resources: (namespace: string, name: string) => ask<ReleaseResources>(at(namespace, name, '/resources')),
  diff: (namespace: string, name: string, from: number, to: number) =>
    ask<RevisionDiff>(`/api/releases/${encodeURIComponent(name)}/diff${query({ namespace, from, to })}`),
  activity: (filter: { q: string; kind: string; release: string }, cursor?: string) =>
    ask<ActivityPage>(`/api/activity${query({ limit: page, cursor, ...filter })}`),
  repository: () => ask<Repository>('/api/repository'),
  system: () => ask<System>('/api/system'),
  command: (namespace: string, name: string, verb: Verb, body: object = {}) => post(at(namespace, name, `/${verb}`), body),
  confirm: (commit: string) => post('/api/repository/confirm', { commit }),
  resume: () => post('/api/system/resume', {}),
};

/** What the server wrote into the page; undefined on a development server. */
export function readBoot(): Boot | undefined {
  const text = document.getElementById('boot')?.textContent;
  if (!text) return undefined;
  try {
    return JSON.parse(text) as Boot;
  } catch {
    return undefined;
  }
}
