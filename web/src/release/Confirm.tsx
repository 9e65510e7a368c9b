// Asks once, with the consequence written out.
import { type ReactNode, useEffect, useRef } from 'react';

export function Confirm({ title, action, danger = false, busy, onYes, onNo, children }: {
  title: string;
  action: string;
  danger?: boolean;
  busy?: boolean;
  onYes: () => void;
  onNo: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="confirm-title" onCancel={onNo} onClick={(e) => e.target === e.currentTarget && onNo()}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          onYes();
        }}
      >
        <h2 id="confirm-title">{title}</h2>
        {children}
        <div className="dialog-actions">
          <button type="button" onClick={onNo} autoFocus={danger}>
            Cancel
          </button>
          <button type="submit" className={danger ? 'danger' : 'primary'} disabled={busy}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
