import type { Said as SaidType } from './useCommand';

/** What became of a click; announced to screen readers. */
export function Said({ said }: { said: SaidType }) {
  return (
    <span className={`said ${said ? `is-${said.tone}` : ''}`} role="status">
      {said?.text}
    </span>
  );
}
