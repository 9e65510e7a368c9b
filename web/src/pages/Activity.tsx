// Everything that happened, newest first; also what was refused, and why.
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { api } from '../api/client';
import type { Activity } from '../api/schema';
import { go, Link, releaseAddress } from '../lib/router';
import { safeUrl, shortVersion } from '../lib/version';
import { Async } from '../parts/Async';
import { When } from '../parts/When';

const kinds = ['', 'deploy', 'rollback', 'refused', 'commit', 'event', 'command', 'repository'];

export function ActivityPage({ search }: { search: string }) {
  const filter = useMemo(() => {
    const params = new URLSearchParams(search);
    return { q: params.get('q') ?? '', kind: params.get('kind') ?? '', release: params.get('release') ?? '' };
  }, [search]);
  const key = filter.q || filter.kind || filter.release ? JSON.stringify(filter) : '';
  const query = useInfiniteQuery({
    queryKey: ['activity', key],
    queryFn: ({ pageParam }) => api.activity(filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
    placeholderData: (previous) => previous,
  });
  const set = (change: Partial<typeof filter>) => {
    const params = new URLSearchParams(Object.entries({ ...filter, ...change }).filter(([, v]) => v));
    go(`/activity${params.size ? `?${params}` : ''}`, 'q' in change ? 'replace' : 'push');
  };
  const [text, setText] = useState(filter.q);
  useEffect(() => {
    document.title = 'Activity · Ship-it';
  }, []);
  return (
    <div className="page activity">
      <h1>Activity</h1>
      <div className="toolbar">
        <div className="search" role="search">
          <input
            type="search"
            aria-label="Search the activity"
            placeholder="Release, tag, person, reason"
            value={text}
            onChange={(e) => {
              setText(e.target.value);
              set({ q: e.target.value.trim() });
            }}
          />
        </div>
        <div className="chips" role="group" aria-label="Kind">
          {kinds.map((kind) => (
            <button key={kind} type="button" className="chip" aria-pressed={kind === filter.kind} onClick={() => set({ kind })}>
              {kind || 'All'}
            </button>
          ))}
        </div>
      </div>
      <Async query={query}>
        {(data) => {
          const items = data.pages.flatMap((p) => p.items);
          if (!items.length)
            return (
              <div className="empty">
                <h2>Nothing {key ? 'matches' : 'happened yet'}</h2>
                {!key && (
                  <>
                    <p>Push an image and watch it here:</p>
                    <pre className="code">ship-it push hello:&lt;40 hex digits of the commit&gt;</pre>
                  </>
                )}
              </div>
            );
          return (
            <>
              <ol className="events">
                {items.map((item) => (
                  <Item key={item.id} item={item} />
                ))}
              </ol>
              {query.hasNextPage && (
                <button type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Show older
                </button>
              )}
            </>
          );
        }}
      </Async>
    </div>
  );
}

function Item({ item }: { item: Activity }) {
  return (
    <li id={item.id} className={`is-${item.outcome}`}>
      <span className="event-when">
        <When at={item.at} focusable />
      </span>
      <span className="event-kind">{item.outcome === 'refused' || (item.outcome === 'failed' && item.kind === 'deploy') ? item.outcome : item.kind}</span>
      <span className="event-main">
        {item.release && item.namespace ? <Link href={releaseAddress({ namespace: item.namespace, name: item.release })}>{item.text}</Link> : item.text}
        {item.reason && <span className="second reason">{item.reason}</span>}
        <span className="second">
          {[item.actor, item.tag && shortVersion(item.tag)].filter(Boolean).join(' · ')}
          {item.commit && (
            <>
              {' · commit '}
              {safeUrl(item.url) ? <a href={item.url}>{shortVersion(item.commit)}</a> : shortVersion(item.commit)}
            </>
          )}
        </span>
      </span>
    </li>
  );
}
