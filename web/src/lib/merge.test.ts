import { describe, expect, it } from 'vitest';
import type { ActivityPage, ReleaseDetail } from '../api/schema';
import { page, release } from '../testing/release';
import { readFilter } from './filter';
import { mergeActivity, mergeDetail, mergeRelease, needsCounts } from './merge';

const all = readFilter('');
const names = (pages: ReturnType<typeof mergeRelease>) => pages.flatMap((p) => p.items.map((r) => r.name));

describe('a release event', () => {
  it('replaces the release where it is and counts its new state', () => {
    const other = release({ name: 'web' });
    const before = [page([release(), other])];
    const after = mergeRelease(before, release({ state: 'failed', reason: 'x' }), all);
    expect(after[0]?.items[0]?.reason).toBe('x');
    expect(after[0]?.items[1]).toBe(other);
    expect(after[0]?.counts).toEqual({ deployed: 1, failed: 1 });
    expect(after[0]?.total).toBe(2);
    expect(before[0]?.counts).toEqual({ deployed: 2 });
  });
  it('takes out what no longer matches the filter, on every page', () => {
    const pages = [page([release({ name: 'a', state: 'failed' })]), page([release({ name: 'b', state: 'failed' })])];
    const after = mergeRelease(pages, release({ name: 'b' }), readFilter('?state=failed'));
    expect(names(after)).toEqual(['a']);
    expect(after.map((p) => p.total)).toEqual([0, 0]);
  });
  it('takes in what now matches', () => {
    const after = mergeRelease([page([])], release({ state: 'failed' }), readFilter('?state=attention'));
    expect(names(after)).toEqual(['hello']);
    expect(after[0]?.total).toBe(1);
  });
  it('leaves a release of a page that is not loaded to that page', () => {
    const pages = [page([release({ name: 'a' }), release({ name: 'b' })], { next: 'o2', total: 90 })];
    expect(mergeRelease(pages, release({ name: 'z' }), readFilter('?sort=name'))).toBe(pages);
    expect(names(mergeRelease(pages, release({ name: 'aa' }), readFilter('?sort=name')))).toContain('aa');
  });
  it('of the other namespace is another release', () => {
    const after = mergeRelease([page([release()])], release({ namespace: 'other' }), all);
    expect(after[0]?.total).toBe(2);
  });
  it('that says it is gone removes it', () => {
    const after = mergeRelease([page([release()])], { namespace: 'default', name: 'hello', deleted: true }, all);
    expect(names(after)).toEqual([]);
    expect(after[0]?.counts).toEqual({ deployed: 0 });
  });
  it('before the first page changes nothing', () => expect(mergeRelease([], release(), all)).toEqual([]));
});

it('counts are asked for only when the former state is not known', () => {
  expect(needsCounts([page([release()])], release({ state: 'failed' }))).toBe(false);
  expect(needsCounts([page([])], release())).toBe(true);
});

it('the detail keeps its evidence and drops what the event no longer says', () => {
  const detail = { ...release({ held: { by: 'ana', reason: '' }, next: { what: 'x' } }), history: [], quarantine: [], links: [] } as ReleaseDetail;
  const after = mergeDetail(detail, release({ state: 'failed' }));
  expect(after?.state).toBe('failed');
  expect(after?.held).toBeUndefined();
  expect(after?.next).toBeUndefined();
  expect(after?.history).toBe(detail.history);
  expect(mergeDetail(undefined, release())).toBeUndefined();
});

it('an activity comes once, whatever page has it', () => {
  const item = { id: 'a', at: '', kind: 'deploy', outcome: 'ok', text: '' } as const;
  const pages = mergeActivity([{ items: [] }], item);
  expect(pages[0]?.items).toHaveLength(1);
  expect(mergeActivity(pages, item)).toBe(pages);
});

it('an activity stands where its time is, of one time the last to come first', () => {
  const item = (id: string, second: number) => ({ id, at: `2026-01-01T00:00:0${second}Z`, kind: 'deploy', outcome: 'ok', text: '' }) as const;
  const ids = (pages: ActivityPage[]) => pages.map((p) => p.items.map((i) => i.id).join(''));
  const pages: ActivityPage[] = [{ items: [item('d', 8), item('c', 6)], next: 'c' }, { items: [item('b', 4), item('a', 2)], next: 'a' }];
  expect(ids(mergeActivity(pages, item('x', 9)))).toEqual(['xdc', 'ba']);
  expect(ids(mergeActivity(pages, item('x', 6)))).toEqual(['dxc', 'ba']);
  expect(ids(mergeActivity(pages, item('x', 5)))).toEqual(['dc', 'xba']);
  expect(mergeActivity(pages, item('x', 1))).toBe(pages);
  expect(ids(mergeActivity([{ items: [item('a', 2)] }], item('x', 1)))).toEqual(['ax']);
});
