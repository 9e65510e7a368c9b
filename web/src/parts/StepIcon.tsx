// The state of one stage of a deploy.
import type { StepState } from '../api/schema';

export function StepIcon({ state }: { state: StepState }) {
  return (
    <svg className={`step-icon is-${state}`} viewBox="0 0 16 16" width="16" height="16" role="img" aria-label={state} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round">
      {state === 'done' && <path d="m3.5 8.4 3 3 6-6.4" />}
      {state === 'failed' && <path d="m4.5 4.5 7 7m0-7-7 7" />}
      {state === 'active' && <path className="turn" d="M13.5 8A5.5 5.5 0 1 1 8 2.5" />}
      {state === 'pending' && <circle cx="8" cy="8" r="4.5" strokeDasharray="2 2.2" />}
      {state === 'skipped' && <path d="M4 8h8" />}
    </svg>
  );
}
