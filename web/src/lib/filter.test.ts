import { describe, expect, it } from 'vitest';
import { release } from '../testing/release';
import { compare, groupOf, matches, readFilter, writeFilter } from './filter';

describe('the filter in the address', () => {
  it('is empty for the plain Fleet', () => expect(writeFilter(readFilter(''))).toBe(''));
  it('comes back as it went', () => {
    const text = '?q=hello+web&state=rolled+back&sort=name';
    expect(writeFilter(readFilter(text))).toBe(text);
  });
  it('ignores an order that there is not', () => expect(readFilter('?sort=random').sort).toBe('attention'));
  it('drops blanks', () => expect(writeFilter({ q: '  ', state: '', sort: 'attention' })).toBe(''));
});

describe('matches', () => {
  const filter = (q: string, state = '') => ({ q, state, sort: 'attention' as const });
  const one = release({ version: { new: 'b'.repeat(40), old: 'c'.repeat(40), revision: 3 } });
  it.each(['hello', 'HELLO', 'velocity', 'registry.example', 'bbbb', 'cccc', 'default', 'hello velocity', '  hello  '])('finds by "%s"', (q) =>
    expect(matches(one, filter(q))).toBe(true),
  );
  it('wants every word', () => expect(matches(one, filter('hello nothing'))).toBe(false));
  it('knows groups and lists of states', () => {
    expect(matches(release({ state: 'held' }), filter('', 'attention'))).toBe(true);
    expect(matches(release({ state: 'verifying' }), filter('', 'moving'))).toBe(true);
    expect(matches(release({ state: 'deployed' }), filter('', 'moving'))).toBe(false);
    expect(matches(release({ state: 'rolled back' }), filter('', 'failed,rolled back'))).toBe(true);
  });
});

describe('the order', () => {
  it('puts what needs a person first, then what moves, then the newest change', () => {
    const list = [
      release({ name: 'old', since: '2026-01-01T00:00:00Z' }),
      release({ name: 'new', since: '2026-01-03T00:00:00Z' }),
      release({ name: 'moving', state: 'deploying' }),
      release({ name: 'failed', state: 'failed', since: '2025-01-01T00:00:00Z' }),
      release({ name: 'back', state: 'rolled back', since: '2026-01-02T00:00:00Z' }),
    ];
    expect(list.sort(compare('attention')).map((r) => r.name)).toEqual(['failed', 'moving', 'new', 'back', 'old']);
  });
  it('breaks ties by name and namespace, so that nothing jumps', () => {
    const list = [release({ name: 'b' }), release({ name: 'a', namespace: 'z' }), release({ name: 'a' })];
    for (const sort of ['attention', 'changed', 'deployed', 'name'] as const)
      expect([...list].sort(compare(sort)).map((r) => `${r.namespace}/${r.name}`)).toEqual(['default/a', 'z/a', 'default/b']);
  });
  it('counts a stalled release among those that need somebody', () =>
    expect(groupOf(release({ conditions: [{ type: 'Stalled', status: 'True' }] }))).toBe('attention'));
});
