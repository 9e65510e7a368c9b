// What a section shows while its data is on the way, or when it can't be had. Never a spinner that jumps.
import type { ReactNode } from 'react';

export function Async<T>({ query, children }: { query: { data?: T; error: Error | null; refetch?: () => unknown }; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error)
    return (
      <p className="problem" role="alert">
        {query.error.message}{' '}
        <button type="button" className="quiet" onClick={() => void query.refetch?.()}>
          Try again
        </button>
      </p>
    );
  return <p className="waiting" aria-live="polite">Reading…</p>;
}
