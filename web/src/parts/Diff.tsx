// A unified diff, coloured and marked.
import { diffLines } from '../lib/diff';

export function Diff({ text, label }: { text: string; label: string }) {
  if (!text.trim()) return <p className="nothing">No difference.</p>;
  return (
    <pre className="code diff" tabIndex={0} role="region" aria-label={label}>
      {diffLines(text).map((line, i) => (
        <span key={i} className={`is-${line.kind}`}>
          <span aria-hidden="true">{line.kind === 'add' ? '+' : line.kind === 'remove' ? '−' : ' '}</span>
          {line.kind === 'add' && <span className="visually-hidden">added: </span>}
          {line.kind === 'remove' && <span className="visually-hidden">removed: </span>}
          {line.text || ' '}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}
