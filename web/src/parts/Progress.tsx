// The five-stage mark of a deploy: commit, sync, rollout, verify, done.
import type { StageProgress } from '../api/schema';

export function Progress({ stages }: { stages: StageProgress[] }) {
  const label = describe(stages);
  return (
    <span className="progress" role="img" aria-label={label} title={label}>
      {stages.map((s) => (
        <i key={s.stage} className={`is-${s.state}`} />
      ))}
    </span>
  );
}

/** "rollout, 3 of 5"; "failed at verify"; "done". */
export function describe(stages: StageProgress[]): string {
  const failed = stages.find((s) => s.state === 'failed');
  if (failed) return `failed at ${failed.stage}`;
  const active = stages.findIndex((s) => s.state === 'active');
  if (active >= 0) return `${stages[active]?.stage}, ${active + 1} of ${stages.length}`;
  return stages.every((s) => s.state === 'done') ? 'done' : 'not begun';
}
