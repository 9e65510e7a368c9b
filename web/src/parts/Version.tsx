// A version: seven digits of a sha, the whole on hover, a link to the commit where that is known.
import { useState } from 'react';
import { commitUrl, isSha, shortVersion } from '../lib/version';

/** As text only: in rows that are links themselves. */
export function VersionText({ version }: { version: string }) {
  return (
    <span className="version" title={version}>
      {shortVersion(version)}
    </span>
  );
}

export function Version({ version, code = '' }: { version: string; code?: string }) {
  const [copied, setCopied] = useState(false);
  const url = commitUrl(code, version);
  const copy = () => {
    void navigator.clipboard?.writeText(version).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <span className="version-box">
      {url ? (
        <a className="version" href={url} title={version}>
          {shortVersion(version)}
        </a>
      ) : (
        <VersionText version={version} />
      )}
      {isSha(version) && (
        <button type="button" className="copy" aria-label={`Copy ${version}`} title="Copy" onClick={copy}>
          <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.5">
            {copied ? <path d="m3 8.5 3.2 3.2L13 4.8" /> : <path d="M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3" />}
          </svg>
        </button>
      )}
      <span className="visually-hidden" role="status">
        {copied ? 'Copied' : ''}
      </span>
    </span>
  );
}
