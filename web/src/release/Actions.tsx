// The buttons of a release: those that mean something in its state.
import { useState } from 'react';
import type { ReleaseDetail } from '../api/schema';
import { shortVersion } from '../lib/version';
import { Confirm } from './Confirm';
import { Said } from './Said';
import { useCommand } from './useCommand';

export function Actions({ release }: { release: ReleaseDetail }) {
  const { said, send, busy } = useCommand(release.namespace, release.name);
  const [asking, setAsking] = useState<'rollback' | 'hold'>();
  const [reason, setReason] = useState('');
  const target = release.history.find((h) => !h.current && h.rollback?.possible);
  const onHold = release.held !== undefined || release.state === 'held';
  return (
    <div className="actions" role="group" aria-label="Actions">
      <Said said={said} />
      {release.state === 'failed' && (
        <button type="button" disabled={busy} onClick={() => void send('retry')}>
          Retry
        </button>
      )}
      {onHold ? (
        <button type="button" className="primary" disabled={busy} onClick={() => void send('release')}>
          Release the hold
        </button>
      ) : (
        <button type="button" disabled={busy || release.state === 'deleting'} onClick={() => setAsking('hold')}>
          Hold…
        </button>
      )}
      <button type="button" disabled={busy || !target || release.state === 'deleting'} title={target ? undefined : 'There is no good revision to go back to'} onClick={() => setAsking('rollback')}>
        Roll back…
      </button>
      {asking === 'hold' && (
        <Confirm title={`Hold ${release.name}`} action="Hold" onNo={() => setAsking(undefined)} onYes={() => void send('hold', { reason }).then(() => setAsking(undefined))}>
          <p>No new revision starts and no tag is committed until you release it. A deploy that runs now is still judged, and rolled back if it fails.</p>
          <label className="field">
            Reason, for everybody who sees it
            <input autoFocus value={reason} maxLength={200} placeholder="why, and until when" onChange={(e) => setReason(e.target.value)} />
          </label>
        </Confirm>
      )}
      {asking === 'rollback' && target && (
        <Confirm
          title={`Roll ${release.name} back to revision ${target.revision}`}
          action="Roll back"
          danger
          busy={busy}
          onNo={() => setAsking(undefined)}
          onYes={() => void send('rollback', { revision: target.revision }).then(() => setAsking(undefined))}
        >
          <Consequence rollback={target.rollback} />
          {target.version && <p className="second">Revision {target.revision} is {shortVersion(target.version)}. Another one? Choose it in the history.</p>}
        </Confirm>
      )}
    </div>
  );
}

/** What will happen, in the cluster and then in git. */
export function Consequence({ rollback }: { rollback: { cluster?: string; git?: string } | undefined }) {
  return (
    <ol className="consequence">
      {rollback?.cluster && (
        <li>
          <b>Cluster</b> {rollback.cluster}
        </li>
      )}
      {rollback?.git && (
        <li>
          <b>Git</b> {rollback.git}
        </li>
      )}
    </ol>
  );
}
