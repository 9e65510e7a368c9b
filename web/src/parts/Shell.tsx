// What all pages share: the bar on top, the keyboard, the page that the address names.
import { useMemo, useRef } from 'react';
import { useFeedState } from '../api/feed';
import { Fleet } from '../fleet/Fleet';
import { useKeys } from '../lib/keys';
import { go, Link, useAddress } from '../lib/router';
import { ActivityPage } from '../pages/Activity';
import { RepositoryPage } from '../pages/Repository';
import { SystemPage } from '../pages/System';
import { ReleasePage } from '../release/Release';
import { KeyHelp } from './KeyHelp';

const pages = [
  { path: '/', name: 'Fleet' },
  { path: '/activity', name: 'Activity' },
  { path: '/repository', name: 'Repository' },
  { path: '/system', name: 'System' },
] as const;

export function Shell({ simulated }: { simulated: boolean }) {
  const address = useAddress();
  const path = address.split('?')[0] ?? '/';
  const help = useRef<HTMLDialogElement>(null);
  const keys = useMemo(
    () => ({
      'g f': () => go('/'),
      'g a': () => go('/activity'),
      'g r': () => go('/repository'),
      'g s': () => go('/system'),
      '?': () => help.current?.showModal(),
    }),
    [],
  );
  useKeys(keys);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="bar">
        <Link href="/" className="brand" aria-label="Ship-it">
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d="M8 1.5 14 8h-3.5v6.5h-5V8H2z" fill="currentColor" />
          </svg>
          <span>Ship-it</span>
        </Link>
        <nav aria-label="Pages">
          {pages.map((page) => (
            <Link key={page.path} href={page.path} aria-current={isAt(path, page.path) ? 'page' : undefined}>
              {page.name}
            </Link>
          ))}
        </nav>
        <div className="bar-end">
          {simulated && (
            <span className="simulated" title="The embedded sandbox: cluster, registry and monitors are simulated">
              simulated
            </span>
          )}
          <Connection />
          <button className="quiet help-button" type="button" aria-label="Keyboard" aria-keyshortcuts="?" onClick={() => help.current?.showModal()}>
            ?
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Page path={path} search={address.slice(path.length)} />
      </main>
      <KeyHelp ref={help} />
    </>
  );
}

const isAt = (path: string, page: string) => (page === '/' ? path === '/' || path.startsWith('/releases/') : path === page);

function Page({ path, search }: { path: string; search: string }) {
  const release = /^\/releases\/([^/]+)\/([^/]+)\/?$/.exec(path);
  if (release?.[1] && release[2]) {
    const [namespace, name] = [decodeURIComponent(release[1]), decodeURIComponent(release[2])];
    return <ReleasePage key={path} namespace={namespace} name={name} />;
  }
  switch (path) {
    case '/':
      return <Fleet search={search} />;
    case '/activity':
      return <ActivityPage search={search} />;
    case '/repository':
      return <RepositoryPage />;
    case '/system':
      return <SystemPage />;
    default:
      return (
        <div className="page empty">
          <h1>No such page</h1>
          <p>
            <Link href="/">The Fleet</Link> shows every release.
          </p>
        </div>
      );
  }
}

/** Quiet while all is well. */
function Connection() {
  const state = useFeedState();
  return (
    <span className={`connection is-${state}`} role="status" title={state === 'live' ? 'Changes show as they happen' : 'What you see may be old'}>
      <span className="dot" aria-hidden="true" />
      <span className="connection-word">{state === 'live' ? 'live' : state === 'lost' ? 'reconnecting…' : 'connecting…'}</span>
    </span>
  );
}
