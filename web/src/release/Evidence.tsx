// Evidence of one stage, by its kind.
import type { Evidence as EvidenceData, LogEvidence, ObjectsEvidence, PodsEvidence } from '../api/schema';
import { safeUrl } from '../lib/version';
import { Diff } from '../parts/Diff';
import { When } from '../parts/When';
import { Samples } from './Samples';

export function Evidence({ evidence }: { evidence: EvidenceData }) {
  switch (evidence.kind) {
    case 'diff':
      return (
        <figure className="evidence">
          <figcaption>
            {safeUrl(evidence.url) ? <a href={evidence.url}>{evidence.title}</a> : evidence.title}
          </figcaption>
          <Diff text={evidence.text} label={`Diff: ${evidence.title}`} />
        </figure>
      );
    case 'objects':
      return <Objects evidence={evidence} />;
    case 'pods':
      return <Pods evidence={evidence} />;
    case 'samples':
      return <Samples evidence={evidence} />;
    case 'log':
      return <Log evidence={evidence} />;
    case 'message':
      return (
        <p className={`evidence message is-${evidence.level ?? 'info'}`}>
          {evidence.text} {safeUrl(evidence.url) && <a href={evidence.url}>Open</a>}
        </p>
      );
  }
}

const order = { failed: 0, removed: 1, created: 2, changed: 3, kept: 4, unchanged: 5 };

function Objects({ evidence }: { evidence: ObjectsEvidence }) {
  const moved = evidence.objects.filter((o) => o.change !== 'unchanged');
  const same = evidence.objects.length - moved.length;
  return (
    <figure className="evidence">
      <figcaption>
        {moved.length === 0 ? 'No object changed' : `${moved.length} ${moved.length === 1 ? 'object' : 'objects'} changed`}
        {same > 0 && <span className="second">{same} unchanged</span>}
      </figcaption>
      {moved.length > 0 && (
        <ul className="objects">
          {[...moved].sort((a, b) => order[a.change] - order[b.change]).map((o) => (
            <li key={`${o.kind}/${o.namespace ?? ''}/${o.name}`}>
              <span className={`change is-${o.change}`}>{o.change}</span> <span className="kind">{o.kind}</span> {o.name}
              {o.message && <span className="second"> {o.message}</span>}
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}

function Pods({ evidence }: { evidence: PodsEvidence }) {
  return (
    <figure className="evidence">
      <figcaption>
        {evidence.ready} of {evidence.desired} pods are ready
        <span className="pods-mark" aria-hidden="true">
          {Array.from({ length: Math.min(evidence.desired, 60) }, (_, i) => (
            <i key={i} className={i < evidence.ready ? 'is-ready' : ''} />
          ))}
        </span>
      </figcaption>
      <ul className="pods">
        {evidence.pods.map((pod) => (
          <li key={pod.name} className={pod.ready ? 'is-ready' : /Back|Err|Fail|Crash|failing/.test(pod.phase) ? 'is-bad' : 'is-waiting'}>
            <span className="pod-dot" aria-hidden="true" />
            <span className="mono">{pod.name}</span>
            <span className="pod-phase">
              {pod.ready ? 'ready' : pod.phase}
              {pod.old && ' · of the revision before'}
              {!!pod.restarts && ` · ${pod.restarts} ${pod.restarts === 1 ? 'restart' : 'restarts'}`}
            </span>
            {pod.since && (
              <span className="second">
                <When at={pod.since} />
              </span>
            )}
            {pod.reason && <span className="pod-reason">{pod.reason}</span>}
          </li>
        ))}
      </ul>
    </figure>
  );
}

function Log({ evidence }: { evidence: LogEvidence }) {
  return (
    <figure className="evidence">
      <figcaption>
        Last lines of {evidence.pod}
        {evidence.container && <span className="second"> {evidence.container}</span>}
        {evidence.previous && <span className="second">before it crashed</span>}
      </figcaption>
      <pre className="code" tabIndex={0} role="region" aria-label={`Log of ${evidence.pod}`}>
        {evidence.lines.join('\n')}
      </pre>
    </figure>
  );
}
