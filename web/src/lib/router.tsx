// The addresses of the pages: the browser's own history, nothing more.
import { type AnchorHTMLAttributes, forwardRef, useSyncExternalStore } from 'react';

const changed = 'ship-it:location';

function subscribe(listener: () => void) {
  window.addEventListener('popstate', listener);
  window.addEventListener(changed, listener);
  return () => {
    window.removeEventListener('popstate', listener);
    window.removeEventListener(changed, listener);
  };
}

/** Path and query of the page that is shown. */
export function useAddress(): string {
  return useSyncExternalStore(subscribe, () => location.pathname + location.search);
}

/** Goes to a page of ours; `replace` for what is no step back, such as typing in a search field. */
export function go(address: string, how: 'push' | 'replace' = 'push') {
  if (address === location.pathname + location.search) return;
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  if (how === 'push') window.scrollTo(0, 0);
  window.dispatchEvent(new Event(changed));
}

export const releaseAddress = (release: { namespace: string; name: string }) =>
  `/releases/${encodeURIComponent(release.namespace)}/${encodeURIComponent(release.name)}`;

/** A link that stays in the page; with a modifier key it is the browser's. */
export const Link = forwardRef<HTMLAnchorElement, AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }>(
  function Link({ onClick, ...rest }, ref) {
    return (
      <a
        {...rest}
        ref={ref}
        onClick={(event) => {
          onClick?.(event);
          if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
          event.preventDefault();
          go(rest.href);
        }}
      />
    );
  },
);
