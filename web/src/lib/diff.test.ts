import { expect, it } from 'vitest';
import { diffLines } from './diff';

const kinds = (text: string) => diffLines(text).map((l) => `${l.kind}:${l.text}`);

it('tells added, removed and kept lines apart from heads', () => {
  expect(kinds('--- a\n+++ b\n@@ -1,2 +1,2 @@\n same\n-old\n+new\n')).toEqual(['file:--- a', 'file:+++ b', 'hunk:@@ -1,2 +1,2 @@', 'same:same', 'remove:old', 'add:new']);
});
it('a removed line that begins with dashes is no head', () => {
  expect(kinds('@@ -1 +1 @@\n--- x\n+++ y')).toEqual(['hunk:@@ -1 +1 @@', 'remove:-- x', 'add:++ y']);
});
