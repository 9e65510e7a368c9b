// One clock for all relative times of the page: a tick a second while somebody looks.
import { useSyncExternalStore } from 'react';

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function tick() {
  now = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (!document.hidden) tick();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

if (typeof document !== 'undefined') document.addEventListener('visibilitychange', () => !document.hidden && tick());

/** Milliseconds since 1970, renewed each second; `read` keeps a component from rendering when its text is the same. */
export function useNow<T>(read: (now: number) => T): T {
  return useSyncExternalStore(subscribe, () => read(now));
}
