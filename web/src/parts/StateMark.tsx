// A state is icon + colour + word, never colour alone.
import type { State } from '../api/schema';

export const className = (state: State) => `st-${state.replace(' ', '-')}`;

const paths: Record<State, JSX.Element> = {
  deployed: (
    <>
      <circle cx="8" cy="8" r="6.25" />
      <path d="m5.2 8.2 2 2 3.6-4" />
    </>
  ),
  deploying: <path className="turn" d="M14.25 8A6.25 6.25 0 1 1 8 1.75" />,
  verifying: (
    <>
      <path className="turn" d="M14.25 8A6.25 6.25 0 1 1 8 1.75" />
      <circle cx="8" cy="8" r="1.9" className="fill" />
    </>
  ),
  'rolling back': (
    <>
      <path className="turn back" d="M1.75 8A6.25 6.25 0 1 0 8 1.75" />
      <path d="M9.8 5.8 7 8l2.8 2.2" />
    </>
  ),
  'rolled back': (
    <>
      <path d="M3 3.2v3.4h3.4" />
      <path d="M3.2 6.4A5.6 5.6 0 1 1 2.6 10" />
    </>
  ),
  failed: (
    <>
      <circle cx="8" cy="8" r="6.25" />
      <path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4" />
    </>
  ),
  held: (
    <>
      <circle cx="8" cy="8" r="6.25" />
      <path d="M6.4 5.7v4.6m3.2-4.6v4.6" />
    </>
  ),
  pending: <circle cx="8" cy="8" r="6.25" strokeDasharray="2.4 2.5" />,
  deleting: <path d="M2.5 4.2h11M6.3 4V2.3h3.4V4M4 4.4l.7 9.3h6.6l.7-9.3" />,
};

export function StateIcon({ state, size = 16 }: { state: State; size?: number }) {
  return (
    <svg className={`state-icon ${className(state)}`} viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round">
      {paths[state]}
    </svg>
  );
}

/** The word in its colour. */
export function StateWord({ state }: { state: State }) {
  return <span className={`state-word ${className(state)}`}>{state}</span>;
}
