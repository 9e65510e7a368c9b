import { describe, expect, it } from 'vitest';
import { ago, duration, exact, span } from './time';

const now = Date.parse('2026-03-01T12:00:00Z');
const before = (ms: number) => new Date(now - ms).toISOString();

describe('ago', () => {
  it.each([
    [0, 'now'],
    [999, 'now'],
    [1000, '1 s ago'],
    [59_999, '59 s ago'],
    [60_000, '1 min ago'],
    [3_599_999, '59 min ago'],
    [3_600_000, '1 h ago'],
    [86_400_000, '1 d ago'],
    [29 * 86_400_000, '29 d ago'],
    [30 * 86_400_000, '2026-01-30'],
    [-500, 'now'],
    [-40_000, 'in 40 s'],
    [-7_200_000, 'in 2 h'],
  ])('%d ms before now is "%s"', (ms, text) => expect(ago(before(ms), now)).toBe(text));
  it('has a word for what never was', () => {
    expect(ago(undefined, now)).toBe('never');
    expect(ago('', now)).toBe('never');
    expect(ago('not a time', now)).toBe('never');
    expect(ago('1970-01-01T00:00:00.000Z', now)).toBe('never');
  });
});

describe('duration', () => {
  it.each([
    [0, '0 ms'],
    [118.4, '118 ms'],
    [999, '999 ms'],
    [1000, '1 s'],
    [9240, '9.2 s'],
    [9990, '9.9 s'],
    [10_000, '10 s'],
    [59_999, '59 s'],
    [100_000, '1 min 40 s'],
    [120_000, '2 min'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '1 d 1 h'],
    [-5, '0 ms'],
  ])('%d ms is "%s"', (ms, text) => expect(duration(ms)).toBe(text));
});

it('a span is never negative', () => expect(span(-1)).toBe('0 s'));
it('the exact time ends in UTC', () => {
  expect(exact('2026-03-01T12:00:00.123Z')).toMatch(/ · 2026-03-01T12:00:00Z$/);
  expect(exact(undefined)).toBe('');
});
