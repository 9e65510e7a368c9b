// The Fleet's data: pages as far as scrolled, kept right by the feed, in an order that rests under the pointer.
import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api } from '../api/client';
import type { Release } from '../api/schema';
import { compare, type Filter, type Group, groupOf, writeFilter } from '../lib/filter';
import { keyOf } from '../lib/merge';
import { holdOrder, moved } from '../lib/order';

export type Row = { kind: 'group'; group: Group; key: string } | { kind: 'release'; release: Release; key: string };

export function useFleet(filter: Filter) {
  const key = writeFilter(filter);
  const query = useInfiniteQuery({
    queryKey: ['releases', key],
    queryFn: ({ pageParam }) => api.releases(filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
    placeholderData: (previous) => previous,
  });
  const pages = query.data?.pages;

  const releases = useMemo(() => {
    const all = new Map<string, Release>();
    for (const page of pages ?? []) for (const item of page.items) all.set(keyOf(item), item);
    return all;
  }, [pages]);
  const wanted = useMemo(() => [...releases.values()].sort(compare(filter.sort)).map(keyOf), [releases, filter.sort]);

  // While somebody points at the list its rows stay; what is new still comes in.
  const [resting, setResting] = useState(false);
  const shown = useRef<{ filter: string; keys: string[] }>({ filter: key, keys: [] });
  const order = resting && shown.current.filter === key ? holdOrder(shown.current.keys, wanted) : wanted;
  useEffect(() => {
    shown.current = { filter: key, keys: order };
  });
  const settle = useCallback(() => {
    shown.current = { filter: key, keys: wanted };
    setResting(false);
  }, [key, wanted]);

  const grouped = filter.sort === 'attention' && !filter.state;
  const rows = useMemo(() => {
    const result: Row[] = [];
    let group: Group | undefined;
    for (const k of order) {
      const release = releases.get(k);
      if (!release) continue;
      const g = groupOf(release);
      // A row that is about to move stands among others for a while; it opens no group of its own.
      if (grouped && g !== group && (!resting || group === undefined || rankOf(g) > rankOf(group))) {
        group = g;
        result.push({ kind: 'group', group: g, key: `group ${g}` });
      }
      result.push({ kind: 'release', release, key: k });
    }
    return result;
  }, [order, releases, grouped, resting]);

  return {
    rows,
    total: pages?.[0]?.total,
    counts: pages?.[0]?.counts,
    query,
    waiting: resting ? moved(order, wanted) : 0,
    rest: useCallback(() => setResting(true), []),
    settle,
  };
}

const rankOf = (group: Group) => ({ attention: 0, moving: 1, rest: 2 })[group];
