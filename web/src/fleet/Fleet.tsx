// The Fleet: every release, what needs a person first.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { RepositoryState } from '../api/schema';
import { type Filter, readFilter, type Sort, writeFilter } from '../lib/filter';
import { useKeys } from '../lib/keys';
import { go, Link } from '../lib/router';
import { Async } from '../parts/Async';
import { When } from '../parts/When';
import { FleetList } from './FleetList';
import { StateFilter } from './StateFilter';
import { useFleet } from './useFleet';

export function Fleet({ search }: { search: string }) {
  const filter = useMemo(() => readFilter(search), [search]);
  const fleet = useFleet(filter);
  const set = (change: Partial<Filter>, how: 'push' | 'replace' = 'push') => go(`/${writeFilter({ ...filter, ...change })}`, how);
  useEffect(() => {
    document.title = 'Fleet · Ship-it';
  }, []);
  return (
    <div className="page fleet">
      <h1 className="visually-hidden">Fleet</h1>
      <div className="toolbar">
        <Search value={filter.q} onChange={(q) => set({ q }, 'replace')} />
        <StateFilter counts={fleet.counts} value={filter.state} onChange={(state) => set({ state })} />
        <label className="sort">
          <span className="visually-hidden">Order</span>
          <select value={filter.sort} onChange={(e) => set({ sort: e.target.value as Sort })}>
            <option value="attention">Needs you first</option>
            <option value="changed">Last change</option>
            <option value="deployed">Last deploy</option>
            <option value="name">Name</option>
          </select>
        </label>
      </div>
      <RepositoryNotice />
      <Async query={fleet.query}>
        {() => (fleet.rows.length ? <FleetList fleet={fleet} /> : <Nothing filter={filter} clear={() => set({ q: '', state: '' })} />)}
      </Async>
    </div>
  );
}

/** Search as you type: the address follows a moment later, so that each letter is no request. */
function Search({ value, onChange }: { value: string; onChange: (q: string) => void }) {
  const [text, setText] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const change = useRef(onChange);
  change.current = onChange;
  const sent = useRef(value);
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text.trim() === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text.trim();
      change.current(sent.current);
    }, 120);
    return () => clearTimeout(timer);
  }, [text]);
  const keys = useMemo(
    () => ({
      '/': () => {
        field.current?.focus();
        field.current?.select();
      },
    }),
    [],
  );
  useKeys(keys);
  return (
    <div className="search" role="search">
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.5">
        <circle cx="7" cy="7" r="4.5" />
        <path d="m10.5 10.5 3.5 3.5" />
      </svg>
      <input
        ref={field}
        type="search"
        aria-label="Search releases"
        aria-keyshortcuts="/"
        placeholder="Name, squad, image, tag or sha"
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === 'Escape') {
            if (text) setText('');
            else e.currentTarget.blur();
          } else if (e.key === 'Enter' || e.key === 'ArrowDown') {
            e.preventDefault();
            document.querySelector<HTMLAnchorElement>('.row a')?.focus();
          }
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

/** The ops repository needs somebody: no release may ship until then. */
function RepositoryNotice() {
  const { data } = useQuery<RepositoryState>({ queryKey: ['repository-state'], queryFn: () => Promise.reject(new Error('from the feed')), enabled: false });
  if (!data || data.state === 'ok' || data.state === 'behind') return null;
  return (
    <Link href="/repository" className={`notice is-${data.state}`}>
      <strong>Repository {data.state}</strong>
      <span className="notice-reason">{data.reason}</span>
      {data.since && <When at={data.since} />}
    </Link>
  );
}

function Nothing({ filter, clear }: { filter: Filter; clear: () => void }) {
  if (filter.q || filter.state)
    return (
      <div className="empty">
        <h2>No release matches</h2>
        <p>
          {filter.q && (
            <>
              Nothing has <b>{filter.q}</b> in its name, squad, image, tag or commit
              {filter.state ? ` and is ${filter.state}` : ''}.{' '}
            </>
          )}
          {!filter.q && `Nothing is ${filter.state} now. `}
        </p>
        <p>
          <button type="button" onClick={clear}>
            Show all
          </button>
        </p>
      </div>
    );
  return (
    <div className="empty">
      <h2>No releases yet</h2>
      <p>A release begins as a manifest in the ops repository. Once one is there, ship it:</p>
      <pre className="code">ship-it push hello:&lt;40 hex digits of the commit&gt;</pre>
      <p>
        The <Link href="/repository">Repository</Link> says what was read and what was wrong with it.
      </p>
    </div>
  );
}
