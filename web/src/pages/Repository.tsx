// The ops repository: what was seen and applied, and what is wrong in which line.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { Commit, Repository } from '../api/schema';
import { Link, releaseAddress } from '../lib/router';
import { safeUrl, shortVersion } from '../lib/version';
import { Async } from '../parts/Async';
import { When } from '../parts/When';
import { Confirm } from '../release/Confirm';
import { Entry } from '../release/Quarantine';
import { Said } from '../release/Said';
import { useAsk } from '../release/useCommand';

export function RepositoryPage() {
  const query = useQuery({ queryKey: ['repository'], queryFn: api.repository });
  useEffect(() => {
    document.title = 'Repository · Ship-it';
  }, []);
  return (
    <div className="page repository">
      <h1>Repository</h1>
      <Async query={query}>{(data) => <Loaded data={data} />}</Async>
    </div>
  );
}

function Loaded({ data }: { data: Repository }) {
  const wrong = data.manifests.filter((m) => !m.ok);
  const right = data.manifests.filter((m) => m.ok);
  return (
    <>
      <p className={`headline is-${data.state}`}>
        <b>{data.state}</b> {data.since && <When at={data.since} focusable />}
        {data.reason && <>: {data.reason}</>}
      </p>
      {data.state === 'held' && data.seen && <Held reason={data.reason} commit={data.seen} />}
      <dl className="facts">
        <div>
          <dt>Remote</dt>
          <dd>{safeUrl(data.url) ? <a href={data.url}>{data.url}</a> : data.url || 'none'}</dd>
        </div>
        <div>
          <dt>Branch</dt>
          <dd>{data.branch}</dd>
        </div>
        <div>
          <dt>Registry chart</dt>
          <dd className="mono">{data.path}</dd>
        </div>
        <Head name="Head seen" commit={data.seen} />
        <Head name="Applied" commit={data.applied} />
      </dl>
      {data.owed.length > 0 && (
        <section>
          <h2>To be written</h2>
          {data.read_only && <p className="second">This repository is read only here: a person has to commit it.</p>}
          <ul className="plain">
            {data.owed.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </section>
      )}
      {data.pull_requests.length > 0 && (
        <section>
          <h2>Pull requests</h2>
          <ul className="plain">
            {data.pull_requests.map((p) => (
              <li key={p.url}>
                <a href={safeUrl(p.url)}>{p.title}</a> <span className="second">{p.state}</span> {p.at && <When at={p.at} focusable />}
              </li>
            ))}
          </ul>
        </section>
      )}
      {data.quarantine.length > 0 && (
        <section className="quarantine">
          <h2>Quarantine</h2>
          <ul>
            {data.quarantine.map((entry, i) => {
              const [namespace = '', name = ''] = (entry.release ?? '').includes('/') ? entry.release!.split('/') : ['', entry.release];
              return <Entry key={i} namespace={namespace} name={name} entry={entry} />;
            })}
          </ul>
        </section>
      )}
      <section>
        <h2>
          Manifests <span className="second">{wrong.length ? `${wrong.length} of ${data.manifests.length} wrong` : `${data.manifests.length}, all good`}</span>
        </h2>
        {data.manifests.length === 0 && <p className="nothing">No manifest yet: add one to {data.path || 'the registry chart'}/templates.</p>}
        <ul className="manifests">
          {[...wrong, ...right].map((m) => (
            <li key={`${m.file}:${m.line ?? 0}:${m.release ?? ''}`} className={m.ok ? 'is-ok' : 'is-bad'}>
              <span className="mono">
                {m.file}
                {m.line ? `:${m.line}` : ''}
              </span>
              {m.release && m.namespace && (
                <span className="second">
                  {' '}
                  <Link href={releaseAddress({ namespace: m.namespace, name: m.release })}>{m.release}</Link>
                </span>
              )}
              {m.error && <span className="manifest-error">{m.error}</span>}
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

/** What sync does not do by itself: asks once, with the reason why it was held. */
function Held({ reason, commit }: { reason: string; commit: Commit }) {
  const { said, ask, busy } = useAsk(['repository']);
  const [asking, setAsking] = useState(false);
  return (
    <div className="actions" role="group" aria-label="Actions">
      <button type="button" disabled={busy} onClick={() => setAsking(true)}>
        Confirm {shortVersion(commit.id)}…
      </button>
      <Said said={said} />
      {asking && (
        <Confirm
          title={`Apply ${shortVersion(commit.id)} as it is`}
          action="Confirm"
          danger
          busy={busy}
          onNo={() => setAsking(false)}
          onYes={() => void ask(() => api.confirm(commit.id), 'Confirmed').then(() => setAsking(false))}
        >
          <p>{reason}.</p>
          <p>Once confirmed, the cluster is made what that commit says: what it no longer has is uninstalled. It holds for this commit alone.</p>
        </Confirm>
      )}
    </div>
  );
}

function Head({ name, commit }: { name: string; commit: Commit | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {commit ? (
          <>
            <span className="mono" title={commit.id}>
              {safeUrl(commit.url) ? <a href={commit.url}>{shortVersion(commit.id)}</a> : shortVersion(commit.id)}
            </span>{' '}
            {commit.message}
            {commit.author && <span className="second"> by {commit.author.replace(/ <.*>$/, '')}</span>}
            {commit.at && (
              <span className="second">
                {' '}
                <When at={commit.at} focusable />
              </span>
            )}
          </>
        ) : (
          'none yet'
        )}
      </dd>
    </div>
  );
}
