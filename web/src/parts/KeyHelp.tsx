// What the keyboard does: `?`.
import { forwardRef } from 'react';

const keys: [string[], string][] = [
  [['/'], 'Search'],
  [['j'], 'Next row'],
  [['k'], 'Row before'],
  [['Enter'], 'Open it'],
  [['g', 'f'], 'Fleet'],
  [['g', 'a'], 'Activity'],
  [['g', 'r'], 'Repository'],
  [['g', 's'], 'System'],
  [['Esc'], 'Leave the search, close'],
];

export const KeyHelp = forwardRef<HTMLDialogElement>(function KeyHelp(_props, ref) {
  return (
    <dialog ref={ref} className="dialog keys" aria-labelledby="keys-title" onClick={(e) => e.target === e.currentTarget && e.currentTarget.close()}>
      <form method="dialog">
        <h2 id="keys-title">Keyboard</h2>
        <dl>
          {keys.map(([names, what]) => (
            <div key={what}>
              <dt>
                {names.map((name) => (
                  <kbd key={name}>{name}</kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <div className="dialog-actions">
          <button type="submit">Close</button>
        </div>
      </form>
    </dialog>
  );
});
