// A time that keeps itself right: relative, with the exact one on hover and, where it can be reached, on focus.
import { ago, duration, exact } from '../lib/time';
import { useNow } from '../lib/now';

export function When({ at, focusable = false }: { at: string | undefined; focusable?: boolean }) {
  const text = useNow((now) => ago(at, now));
  if (!at) return <span>{text}</span>;
  const title = exact(at);
  return (
    <time dateTime={at} title={title} data-exact={title} tabIndex={focusable ? 0 : undefined} className={focusable ? 'when focusable' : 'when'}>
      {text}
    </time>
  );
}

/** How long something has taken so far, or took. */
export function Took({ at, ms }: { at?: string; ms?: number }) {
  const text = useNow((now) => (ms !== undefined ? duration(ms) : at ? duration(Math.max(0, Math.floor((now - Date.parse(at)) / 1000) * 1000)) : ''));
  return <span className="took">{text}</span>;
}
