import { expect, it } from 'vitest';
import { holdOrder, moved } from './order';

it('keeps the places of what is there', () => expect(holdOrder(['a', 'b', 'c'], ['c', 'b', 'a'])).toEqual(['a', 'b', 'c']));
it('drops what is gone', () => expect(holdOrder(['a', 'b', 'c'], ['c', 'a'])).toEqual(['a', 'c']));
it('puts the new after what it follows, first when it follows nothing', () => {
  expect(holdOrder(['a', 'b'], ['n', 'a', 'b'])).toEqual(['n', 'a', 'b']);
  expect(holdOrder(['a', 'b'], ['a', 'n', 'm', 'b'])).toEqual(['a', 'n', 'm', 'b']);
  expect(holdOrder([], ['x', 'y'])).toEqual(['x', 'y']);
});
it('tells how many rows would move', () => {
  expect(moved(['a', 'b'], ['a', 'b'])).toBe(0);
  expect(moved(['a', 'b', 'c'], ['b', 'a', 'c'])).toBe(2);
});
