// What may not run, and how to lift it.
import { useState } from 'react';
import type { QuarantineEntry } from '../api/schema';
import { shortImage, shortVersion } from '../lib/version';
import { When } from '../parts/When';
import { Confirm } from './Confirm';
import { Said } from './Said';
import { useCommand } from './useCommand';

export function QuarantineList({ namespace, name, entries }: { namespace: string; name: string; entries: QuarantineEntry[] }) {
  return (
    <section aria-labelledby="quarantine-title" className="quarantine">
      <h2 id="quarantine-title">Quarantine</h2>
      <ul>
        {entries.map((entry, i) => (
          <Entry key={i} namespace={namespace} name={name} entry={entry} />
        ))}
      </ul>
    </section>
  );
}

export function Entry({ namespace, name, entry }: { namespace: string; name: string; entry: QuarantineEntry }) {
  const { said, send, busy } = useCommand(namespace, name);
  const [asking, setAsking] = useState(false);
  return (
    <li>
      <span className="history-main">
        <span className="first mono" title={entry.tag ? `${entry.image}:${entry.tag}` : entry.inputs}>
          {entry.tag ? `${shortImage(entry.image)}:${shortVersion(entry.tag)}` : 'a values or chart change'}
          {entry.suspect && <span className="tag">{entry.suspect}</span>}
          {entry.owed && <span className="tag">not yet in git</span>}
        </span>
        <span className="second reason">
          {entry.reason} {entry.at && <When at={entry.at} focusable />}
        </span>
        <Said said={said} />
      </span>
      {entry.tag && (
        <button type="button" className="quiet" disabled={busy} onClick={() => setAsking(true)}>
          Lift…<span className="visually-hidden"> {shortVersion(entry.tag)} out of quarantine</span>
        </button>
      )}
      {asking && (
        <Confirm title={`Lift ${shortVersion(entry.tag)} of ${shortImage(entry.image)}`} action="Lift" busy={busy} onNo={() => setAsking(false)} onYes={() => void send('lift', { image: entry.image, tag: entry.tag }).then(() => setAsking(false))}>
          <Consequence />
        </Confirm>
      )}
    </li>
  );
}

function Consequence() {
  return (
    <ol className="consequence">
      <li>
        <b>Git</b> The entry is removed from quarantine.yaml by a commit.
      </li>
      <li>
        <b>Cluster</b> If it is the newest version pushed, it is deployed and judged again at once.
      </li>
    </ol>
  );
}
