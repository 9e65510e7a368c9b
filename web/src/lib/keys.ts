// The keyboard: one listener for the page, single keys and two-key sequences ("g f"). Never while typing in a field.
import { useEffect } from 'react';

export type KeyMap = Record<string, (event: KeyboardEvent) => void>;

/** Handles keys while the component is shown. Names are `event.key`; "g f" is g and then f within a second. */
export function useKeys(keys: KeyMap) {
  useEffect(() => {
    let first = '';
    let at = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isField(event.target)) return;
      if (document.querySelector('dialog[open]')) return;
      const pair = first && event.timeStamp - at < 1000 ? `${first} ${event.key}` : '';
      const found = (pair && keys[pair]) || (!pair && keys[event.key]) || undefined;
      first = pair ? '' : event.key;
      at = event.timeStamp;
      if (found) {
        event.preventDefault();
        found(event);
        first = '';
      }
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [keys]);
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
