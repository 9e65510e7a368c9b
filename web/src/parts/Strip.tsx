// The last twenty deploys: good, bad, other; told by height as well as colour.
import type { Outcome, RecentDeploy } from '../api/schema';
import { shortVersion } from '../lib/version';

const kinds: Record<Outcome, 'good' | 'bad' | 'other' | 'open'> = {
  good: 'good',
  failed: 'bad',
  'rolled back': 'bad',
  open: 'open',
  unproven: 'other',
  superseded: 'other',
  adopted: 'other',
  foreign: 'other',
};

export function Strip({ recent }: { recent: RecentDeploy[] }) {
  const bad = recent.filter((r) => kinds[r.outcome] === 'bad').length;
  const label = recent.length ? `last ${recent.length} deploys: ${bad ? `${bad} failed or rolled back` : 'none failed'}` : 'no deploys yet';
  return (
    <span className="strip" role="img" aria-label={label}>
      {recent.slice(-20).map((r) => (
        <i key={r.revision} className={`is-${kinds[r.outcome]}`} title={`revision ${r.revision}: ${r.outcome}${r.version ? `, ${shortVersion(r.version)}` : ''}`} />
      ))}
    </span>
  );
}
