import { describe, expect, it } from 'vitest';
import { commitUrl, compareUrl, repositoryOf, safeUrl, shortImage, shortVersion } from './version';

const sha = '0123456789abcdef0123456789abcdef01234567';

it('shortens shas and nothing else', () => {
  expect(shortVersion(sha)).toBe('0123456');
  expect(shortVersion('v1.2.3')).toBe('v1.2.3');
  expect(shortVersion(sha.toUpperCase())).toHaveLength(24);
  expect(shortVersion('')).toBe('');
});

it('names images by their last part', () => {
  expect(shortImage('723.dkr.ecr.us-east-1.amazonaws.com/team/hello')).toBe('hello');
  expect(shortImage('hello')).toBe('hello');
  expect(shortImage('reg/hello@sha256:abc')).toBe('hello');
});

describe('links of a code annotation', () => {
  it('finds the repository above a folder', () => {
    expect(repositoryOf('https://github.com/o/r/tree/master/src/foo')).toBe('https://github.com/o/r');
    expect(repositoryOf('https://github.com/o/r.git')).toBe('https://github.com/o/r');
    expect(repositoryOf('https://github.com/o')).toBeUndefined();
    expect(repositoryOf('javascript:alert(1)//a/b/c')).toBeUndefined();
  });
  it('links only shas', () => {
    expect(commitUrl('https://github.com/o/r', sha)).toBe(`https://github.com/o/r/commit/${sha}`);
    expect(commitUrl('https://github.com/o/r', 'latest')).toBeUndefined();
    expect(commitUrl('', sha)).toBeUndefined();
    expect(compareUrl('https://github.com/o/r', sha, sha)).toContain('/compare/');
  });
});

it('only http may be followed', () => {
  expect(safeUrl('https://a')).toBe('https://a');
  expect(safeUrl('javascript:alert(1)')).toBeUndefined();
  expect(safeUrl(undefined)).toBeUndefined();
});
