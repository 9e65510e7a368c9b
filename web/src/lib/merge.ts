// How an event of the feed changes what a page holds. Pure: old pages in, new pages out, untouched parts shared.
import type { Activity, ActivityPage, Release, ReleaseDetail, ReleasePage } from '../api/schema';
import { compare, type Filter, matches } from './filter';

export const keyOf = (release: { namespace: string; name: string }) => `${release.namespace}/${release.name}`;

export interface Gone {
  namespace: string;
  name: string;
  deleted: true;
}
export type ReleaseEvent = Release | Gone;
export const isGone = (event: ReleaseEvent): event is Gone => 'deleted' in event;

/** True when the counts by state can't be told from the event alone: the release's former state is not known here. */
export function needsCounts(pages: ReleasePage[], event: ReleaseEvent): boolean {
  return !pages.some((page) => page.items.some((item) => keyOf(item) === keyOf(event)));
}

/** The pages after the event. A release that no longer matches leaves; one that now matches joins where it belongs. */
export function mergeRelease(pages: ReleasePage[], event: ReleaseEvent, filter: Filter): ReleasePage[] {
  const first = pages[0];
  if (!first) return pages;
  const key = keyOf(event);
  const old = pages.flatMap((page) => page.items).find((item) => keyOf(item) === key);
  const now = isGone(event) || !matches(event, filter) ? undefined : event;
  let changed = pages;
  if (old && now) {
    changed = pages.map((page) => replaceIn(page, key, now));
  } else if (old) {
    changed = pages.map((page) => ({ ...removeFrom(page, key), total: page.total - 1 }));
  } else if (now && belongs(pages, now, filter)) {
    changed = [{ ...first, items: [now, ...first.items] }, ...pages.slice(1)].map((p) => ({ ...p, total: p.total + 1 }));
  }
  return old ? recount(changed, old, isGone(event) ? undefined : event) : changed;
}

function replaceIn(page: ReleasePage, key: string, now: Release): ReleasePage {
  if (!page.items.some((item) => keyOf(item) === key)) return page;
  return { ...page, items: page.items.map((item) => (keyOf(item) === key ? now : item)) };
}

function removeFrom(page: ReleasePage, key: string): ReleasePage {
  return { ...page, items: page.items.filter((item) => keyOf(item) !== key) };
}

/** On a page that is not loaded yet it will come with that page. */
function belongs(pages: ReleasePage[], release: Release, filter: Filter): boolean {
  const lastPage = pages[pages.length - 1];
  const last = lastPage?.items[lastPage.items.length - 1];
  return !lastPage?.next || !last || compare(filter.sort)(release, last) <= 0;
}

function recount(pages: ReleasePage[], old: Release, now: Release | undefined): ReleasePage[] {
  if (now && now.state === old.state) return pages;
  const counts = { ...pages[0]?.counts };
  counts[old.state] = Math.max(0, (counts[old.state] ?? 0) - 1);
  if (now) counts[now.state] = (counts[now.state] ?? 0) + 1;
  return pages.map((page) => ({ ...page, counts }));
}

/** The detail with the event's summary on top: the state shows at once, the evidence comes with the next read. */
export function mergeDetail(detail: ReleaseDetail | undefined, event: ReleaseEvent): ReleaseDetail | undefined {
  if (!detail || isGone(event)) return detail;
  const { next: _next, held: _held, ...rest } = detail;
  return { ...rest, ...event };
}

/** Newest first by the time shown, each id once. What is older than all that is loaded comes with its own page. */
export function mergeActivity(pages: ActivityPage[], event: Activity): ActivityPage[] {
  const last = pages[pages.length - 1];
  if (!last || pages.some((page) => page.items.some((item) => item.id === event.id))) return pages;
  const at = Date.parse(event.at);
  const notNewer = (item: Activity) => Date.parse(item.at) <= at;
  const place = pages.findIndex((page) => page.items.some(notNewer));
  if (place < 0) return last.next ? pages : [...pages.slice(0, -1), { ...last, items: [...last.items, event] }];
  return pages.map((page, i) => {
    if (i !== place) return page;
    const before = page.items.findIndex(notNewer);
    return { ...page, items: [...page.items.slice(0, before), event, ...page.items.slice(before)] };
  });
}
