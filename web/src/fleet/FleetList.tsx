// The rows: only those in sight are in the page, so ten thousand feel like ten.
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useKeys } from '../lib/keys';
import { FleetRow } from './FleetRow';
import type { useFleet } from './useFleet';

const names = { attention: 'Needs you', moving: 'In flight', rest: 'Everything else' } as const;

export function FleetList({ fleet }: { fleet: ReturnType<typeof useFleet> }) {
  const { rows, query, rest, settle, waiting } = fleet;
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setTop((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(document.body);
    return () => watch.disconnect();
  }, []);

  const heights = useHeights();
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: (i) => (rows[i]?.kind === 'group' ? heights.group : heights.row),
    getItemKey: (i) => rows[i]?.key ?? i,
    overscan: 12,
    scrollMargin: top,
    initialRect: { width: innerWidth, height: innerHeight },
  });
  useLayoutEffect(() => virtual.measure(), [heights, virtual, rows]);

  // What comes in above the row under the pointer scrolls the page by as much: the row stays where it is.
  const pointed = useRef<{ key: string; start: number }>();
  const startOf = useCallback(
    (key: string) => {
      let start = 0;
      for (const row of rows) {
        if (row.key === key) return start;
        start += row.kind === 'group' ? heights.group : heights.row;
      }
      return undefined;
    },
    [rows, heights],
  );
  useLayoutEffect(() => {
    const at = pointed.current;
    const start = at && startOf(at.key);
    if (!at || start === undefined) return;
    if (start !== at.start) window.scrollBy({ top: start - at.start, behavior: 'instant' });
    at.start = start;
  }, [startOf]);
  const point = (target: EventTarget) => {
    const index = (target as Element).closest<HTMLElement>('[data-index]')?.dataset.index;
    const key = index === undefined ? undefined : rows[Number(index)]?.key;
    const start = key === undefined ? undefined : startOf(key);
    pointed.current = key !== undefined && start !== undefined ? { key, start } : undefined;
  };
  const items = virtual.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last > rows.length - 60) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);

  // j and k walk over the releases, also those not drawn yet.
  const focusRow = useCallback(
    (index: number) => {
      virtual.scrollToIndex(index, { align: 'auto' });
      const find = (left: number) => {
        const link = list.current?.querySelector<HTMLAnchorElement>(`[data-index="${index}"] a`);
        if (link) link.focus({ preventScroll: true });
        else if (left) requestAnimationFrame(() => find(left - 1));
      };
      find(10);
    },
    [virtual],
  );
  const keys = useMemo(() => {
    const step = (by: 1 | -1) => {
      const at = Number(document.activeElement?.closest<HTMLElement>('[data-index]')?.dataset.index ?? (by > 0 ? -1 : rows.length));
      let next = at + by;
      while (rows[next] && rows[next]?.kind !== 'release') next += by;
      if (rows[next]) focusRow(next);
    };
    return { j: () => step(1), k: () => step(-1) };
  }, [rows, focusRow]);
  useKeys(keys);

  return (
    <>
      <div
        ref={list}
        className="list"
        role="table"
        aria-label="Releases"
        aria-rowcount={(fleet.total ?? rows.length) + 1}
        onPointerEnter={(e) => e.pointerType === 'mouse' && rest()}
        onPointerMove={(e) => e.pointerType === 'mouse' && point(e.target)}
        onPointerLeave={() => {
          pointed.current = undefined;
          settle();
        }}
        onFocus={rest}
        onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && settle()}
      >
        <div className="columns" role="rowgroup">
          <div role="row" aria-rowindex={1}>
            <span role="columnheader">Release</span>
            <span role="columnheader">State</span>
            <span role="columnheader">Version</span>
            <span role="columnheader">Progress</span>
            <span role="columnheader">Last deploys</span>
          </div>
        </div>
        <div role="rowgroup" className="rows" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            const style = { transform: `translateY(${item.start - virtual.options.scrollMargin}px)`, height: item.size };
            if (row.kind === 'group')
              return (
                <div key={row.key} role="row" className="group" style={style} data-index={item.index} aria-rowindex={item.index + 2}>
                  <span role="rowheader">{names[row.group]}</span>
                </div>
              );
            return <FleetRow key={row.key} release={row.release} index={item.index} style={style} />;
          })}
        </div>
      </div>
      {waiting > 0 && (
        <button type="button" className="settle" onClick={settle}>
          {waiting === 1 ? '1 row' : `${waiting} rows`} changed place · sort now
        </button>
      )}
    </>
  );
}

/** Row heights as the style sheet has them: fixed, so that nothing shifts. */
function useHeights() {
  const read = () => (window.matchMedia('(max-width: 899px)').matches ? { row: 100, group: 40 } : { row: 56, group: 40 });
  const [heights, setHeights] = useState(read);
  useEffect(() => {
    const media = window.matchMedia('(max-width: 899px)');
    const listen = () => setHeights(read());
    media.addEventListener('change', listen);
    return () => media.removeEventListener('change', listen);
  }, []);
  return heights;
}
