// One release: the answer line, the life of its deploy, what it is made of, its history.
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, ApiError } from '../api/client';
import type { ReleaseDetail } from '../api/schema';
import { Link } from '../lib/router';
import { safeUrl, shortImage } from '../lib/version';
import { Async } from '../parts/Async';
import { StateIcon, StateWord } from '../parts/StateMark';
import { Version } from '../parts/Version';
import { When } from '../parts/When';
import { Actions } from './Actions';
import { History } from './History';
import { Life } from './Life';
import { QuarantineList } from './Quarantine';
import { Resources } from './Resources';
import { RevisionDiff } from './RevisionDiff';

export function ReleasePage({ namespace, name }: { namespace: string; name: string }) {
  const query = useQuery({ queryKey: ['release', namespace, name], queryFn: () => api.release(namespace, name) });
  const state = query.data?.state;
  useEffect(() => {
    document.title = `${name}${state ? ` · ${state}` : ''} · Ship-it`;
  }, [name, state]);
  if (query.error instanceof ApiError && query.error.kind === 'not_found' && !query.data)
    return (
      <div className="page empty">
        <h1>No release {name}</h1>
        <p>{query.error.message}</p>
        <p>
          <Link href={`/?q=${encodeURIComponent(name)}`}>Search the Fleet</Link>
        </p>
      </div>
    );
  return (
    <div className="page release">
      <Async query={query}>{(release) => <Loaded release={release} />}</Async>
    </div>
  );
}

function Loaded({ release }: { release: ReleaseDetail }) {
  const { namespace, name } = release;
  return (
    <>
      <header className="answer">
        <p className="crumbs">
          <Link href="/">Fleet</Link> <span aria-hidden="true">/</span> <Link href={`/?q=${encodeURIComponent(namespace)}`}>{namespace}</Link>
        </p>
        <div className="answer-top">
          <h1>{name}</h1>
          <Actions release={release} />
        </div>
        <div className="answer-line" role="status" aria-label="State">
          <StateIcon state={release.state} size={20} />
          <p>
            <StateWord state={release.state} /> <When at={release.since} focusable />
            {release.reason && <span className="answer-reason">: {release.reason}</span>}
          </p>
        </div>
        <p className="next">
          <NextLine release={release} />
        </p>
        <Facts release={release} />
      </header>
      {release.life && <Life life={release.life} namespace={namespace} name={name} />}
      {release.quarantine.length > 0 && <QuarantineList namespace={namespace} name={name} entries={release.quarantine} />}
      <div className="two">
        <Resources namespace={namespace} name={name} />
        <History release={release} />
      </div>
      <RevisionDiff release={release} />
    </>
  );
}

/** The next thing that will happen, and when; a hold that is on beside the state. */
function NextLine({ release }: { release: ReleaseDetail }) {
  const { next, held, state } = release;
  if (held)
    return (
      <>
        <b>On hold</b> by {held.by || 'somebody'}
        {held.since && (
          <>
            {' '}
            since <When at={held.since} focusable />
          </>
        )}
        {held.reason && <>: {held.reason}</>}. Nothing new starts until it is released.
      </>
    );
  if (next)
    return (
      <>
        <b>Next</b> {next.what}
        {next.at && (
          <>
            , <When at={next.at} focusable />
          </>
        )}
      </>
    );
  if (state === 'deployed')
    return (
      <>
        <b>Next</b> nothing by itself; a push ships it: <code>ship-it push {shortImage(release.artifacts.docker[0]?.image ?? release.name)}:&lt;40 hex&gt;</code>
      </>
    );
  return <>&nbsp;</>;
}

function Facts({ release }: { release: ReleaseDetail }) {
  const { version, artifacts, owner, code, links } = release;
  const back = release.state === 'rolled back' || release.state === 'rolling back';
  return (
    <dl className="facts">
      <div>
        <dt>Version</dt>
        <dd>
          {version.old && version.old !== version.new && (
            <>
              <span className={back ? 'struck' : ''}>
                <Version version={version.old} code={code.github} />
              </span>
              <span aria-hidden="true"> → </span>
            </>
          )}
          {version.new ? <Version version={version.new} code={code.github} /> : 'none'}
          <span className="second"> revision {version.revision}</span>
        </dd>
      </div>
      <div>
        <dt>{artifacts.docker.length > 1 ? 'Images' : 'Image'}</dt>
        <dd>
          {artifacts.docker.length === 0 && 'none'}
          {artifacts.docker.map((d, i) => (
            <span key={i} title={`${d.image}:${d.tag}`} className="image">
              {shortImage(d.image)}
            </span>
          ))}
        </dd>
      </div>
      <div>
        <dt>Chart</dt>
        <dd title={artifacts.chart.repository}>
          {artifacts.chart.path} {artifacts.chart.version}
        </dd>
      </div>
      <div>
        <dt>Owner</dt>
        <dd>
          {owner.squad ? <Link href={`/?q=${encodeURIComponent(owner.squad)}`}>{owner.squad}</Link> : 'nobody named'}
          {owner.slack && <span className="second"> {owner.slack}</span>}
        </dd>
      </div>
      <div>
        <dt>Autodeploy</dt>
        <dd>{release.autoDeploy ? 'on' : 'off'}</dd>
      </div>
      <div>
        <dt>Last deploy</dt>
        <dd>
          <When at={release.lastDeployed} focusable />
        </dd>
      </div>
      {links.some((l) => safeUrl(l.url)) && (
        <div className="facts-links">
          <dt>Links</dt>
          <dd>
            {links.map(
              (l) =>
                safeUrl(l.url) && (
                  <a key={l.name} href={l.url} rel="noreferrer">
                    {l.name}
                  </a>
                ),
            )}
          </dd>
        </div>
      )}
    </dl>
  );
}
