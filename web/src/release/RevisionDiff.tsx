// What changed between any two revisions: values and manifest.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client';
import type { ReleaseDetail } from '../api/schema';
import { shortVersion } from '../lib/version';
import { Async } from '../parts/Async';
import { Diff } from '../parts/Diff';

export function RevisionDiff({ release }: { release: ReleaseDetail }) {
  const revisions = release.history;
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState<{ from?: number; to?: number }>({});
  const [what, setWhat] = useState<'values' | 'manifest'>('values');
  const to = chosen.to ?? revisions[0]?.revision;
  const from = chosen.from ?? revisions.find((r) => to !== undefined && r.revision < to)?.revision;
  const query = useQuery({
    queryKey: ['diff', release.namespace, release.name, from, to],
    queryFn: () => api.diff(release.namespace, release.name, from!, to!),
    enabled: open && from !== undefined && to !== undefined,
    staleTime: Infinity,
  });
  if (from === undefined || to === undefined) return null;
  const option = (r: ReleaseDetail['history'][number]) => (
    <option key={r.revision} value={r.revision}>
      {r.revision} · {r.version ? shortVersion(r.version) : r.outcome}
    </option>
  );
  return (
    <section className="revision-diff">
      <details onToggle={(e) => setOpen(e.currentTarget.open)}>
        <summary>
          <h2>Difference between revisions</h2>
        </summary>
        <div className="diff-controls">
          <label>
            From{' '}
            <select value={from} onChange={(e) => setChosen({ from: Number(e.target.value), to })}>
              {revisions.map(option)}
            </select>
          </label>
          <label>
            to{' '}
            <select value={to} onChange={(e) => setChosen({ from, to: Number(e.target.value) })}>
              {revisions.map(option)}
            </select>
          </label>
          <span className="chips" role="group" aria-label="What to compare">
            {(['values', 'manifest'] as const).map((w) => (
              <button key={w} type="button" className="chip" aria-pressed={w === what} onClick={() => setWhat(w)}>
                {w}
              </button>
            ))}
          </span>
        </div>
        {open && <Async query={query}>{(diff) => <Diff text={diff[what]} label={`Difference of the ${what}`} />}</Async>}
      </details>
    </section>
  );
}
