// The live feed into the query cache: one EventSource for the page, merged by the pure functions of lib/merge.
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { readFilter } from '../lib/filter';
import { isGone, mergeActivity, mergeDetail, mergeRelease, needsCounts, type ReleaseEvent } from '../lib/merge';
import { api } from './client';
import type { Activity, ActivityPage, ReleaseDetail, ReleasePage, RepositoryState } from './schema';

export type FeedState = 'connecting' | 'live' | 'lost';

let state: FeedState = 'connecting';
const listeners = new Set<() => void>();
function become(next: FeedState) {
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener();
}
export function useFeedState(): FeedState {
  return useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => state,
  );
}

/** Connects and stays connected; continues after the last id seen, so that nothing is missed. Returns how to stop. */
export function startFeed(client: QueryClient, from: string | undefined): () => void {
  let last = from;
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let delay = 500;
  const counts = countsLater(client);

  const on = <T>(name: string, handle: (data: T) => void) =>
    source?.addEventListener(name, (event: MessageEvent<string>) => {
      if (event.lastEventId) last = event.lastEventId;
      handle(JSON.parse(event.data) as T);
    });

  const connect = () => {
    source = new EventSource(`/api/feed${last ? `?last=${encodeURIComponent(last)}` : ''}`);
    source.onopen = () => {
      delay = 500;
      become('live');
    };
    source.onerror = () => {
      become('lost');
      source?.close();
      clearTimeout(retry);
      retry = setTimeout(connect, delay + Math.random() * delay);
      delay = Math.min(delay * 2, 15_000);
    };
    on('hello', () => undefined);
    on<ReleaseEvent>('release', (event) => applyRelease(client, event, counts));
    on<Activity>('activity', (event) => applyActivity(client, event));
    on<RepositoryState>('repository', (event) => {
      client.setQueryData(['repository-state'], event);
      void client.invalidateQueries({ queryKey: ['repository'] });
    });
    on('reset', () => void client.invalidateQueries());
  };
  connect();
  return () => {
    clearTimeout(retry);
    source?.close();
  };
}

function applyRelease(client: QueryClient, event: ReleaseEvent, counts: (q: string) => void) {
  for (const [key, data] of client.getQueriesData<InfiniteData<ReleasePage>>({ queryKey: ['releases'] })) {
    if (!data) continue;
    const filter = readFilter(String(key[1] ?? ''));
    if (needsCounts(data.pages, event)) counts(filter.q);
    const pages = mergeRelease(data.pages, event, filter);
    if (pages !== data.pages) client.setQueryData(key, { ...data, pages });
  }
  const one = ['release', event.namespace, event.name];
  if (!isGone(event)) client.setQueryData<ReleaseDetail>(one, (detail) => mergeDetail(detail, event));
  void client.invalidateQueries({ queryKey: one });
  void client.invalidateQueries({ queryKey: ['resources', event.namespace, event.name] });
}

function applyActivity(client: QueryClient, event: Activity) {
  client.setQueriesData<InfiniteData<ActivityPage>>({ queryKey: ['activity', ''] }, (data) =>
    data ? { ...data, pages: mergeActivity(data.pages, event) } : data,
  );
  void client.invalidateQueries({ queryKey: ['activity'], predicate: (q) => q.queryKey[1] !== '' });
}

/** Counts by state, read again at most once in two seconds, for events of releases on pages not loaded here. */
function countsLater(client: QueryClient): (q: string) => void {
  const waiting = new Map<string, ReturnType<typeof setTimeout>>();
  return (q) => {
    if (waiting.has(q)) return;
    waiting.set(
      q,
      setTimeout(() => {
        waiting.delete(q);
        void api.counts(q).then(({ counts }) => {
          for (const [key, data] of client.getQueriesData<InfiniteData<ReleasePage>>({ queryKey: ['releases'] })) {
            if (data && readFilter(String(key[1] ?? '')).q === q)
              client.setQueryData(key, { ...data, pages: data.pages.map((p) => ({ ...p, counts })) });
          }
        }, () => undefined);
      }, 2000),
    );
  };
}
