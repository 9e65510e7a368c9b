// The revisions, newest first, each with the way back to it.
import { useState } from 'react';
import type { ReleaseDetail, Revision } from '../api/schema';
import { duration } from '../lib/time';
import { Version } from '../parts/Version';
import { When } from '../parts/When';
import { Consequence } from './Actions';
import { Confirm } from './Confirm';
import { Said } from './Said';
import { useCommand } from './useCommand';

const first = 8;

export function History({ release }: { release: ReleaseDetail }) {
  const [all, setAll] = useState(false);
  const shown = all ? release.history : release.history.slice(0, first);
  return (
    <section aria-labelledby="history-title" className="history">
      <h2 id="history-title">History</h2>
      {shown.length === 0 && <p className="nothing">No revision yet.</p>}
      <ol>
        {shown.map((revision) => (
          <Entry key={revision.revision} release={release} revision={revision} />
        ))}
      </ol>
      {release.history.length > first && !all && (
        <button type="button" className="quiet" onClick={() => setAll(true)}>
          Show all {release.history.length}
        </button>
      )}
    </section>
  );
}

const tone = (outcome: Revision['outcome']) => (outcome === 'failed' || outcome === 'rolled back' ? 'bad' : outcome === 'good' ? 'good' : outcome === 'open' ? 'open' : 'other');

function Entry({ release, revision }: { release: ReleaseDetail; revision: Revision }) {
  const { said, send, busy } = useCommand(release.namespace, release.name);
  const [asking, setAsking] = useState(false);
  return (
    <li className={revision.current ? 'is-current' : undefined}>
      <span className="revision">{revision.revision}</span>
      <span className="history-main">
        <span className="first">
          <span className={`outcome is-${tone(revision.outcome)}`}>{revision.outcome === 'open' ? 'in flight' : revision.outcome}</span>
          {revision.version && <Version version={revision.version} code={release.code.github} />}
          {revision.current && <span className="tag">runs now</span>}
        </span>
        <span className="second">
          <When at={revision.at} focusable />
          {revision.duration_ms !== undefined && <> · took {duration(revision.duration_ms)}</>}
          {revision.actor && <> · {revision.actor}</>}
          {revision.chart && <> · {revision.chart}</>}
        </span>
        {revision.reason && <span className="second reason">{revision.reason}</span>}
        <Said said={said} />
      </span>
      {!revision.current && revision.rollback?.possible && (
        <button type="button" className="quiet" disabled={busy} onClick={() => setAsking(true)}>
          Roll back to this…<span className="visually-hidden"> revision {revision.revision}</span>
        </button>
      )}
      {asking && (
        <Confirm title={`Roll ${release.name} back to revision ${revision.revision}`} action="Roll back" danger busy={busy} onNo={() => setAsking(false)} onYes={() => void send('rollback', { revision: revision.revision }).then(() => setAsking(false))}>
          <Consequence rollback={revision.rollback} />
        </Confirm>
      )}
    </li>
  );
}
