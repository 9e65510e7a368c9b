import { describe, expect, it } from 'vitest';
import type { LifeStep, StepState } from '../api/schema';
import { decidingStep, lineOf } from './Life';
import { podsOf } from './LivePods';

const steps = (...states: [StepState, number?][]): LifeStep[] =>
  states.map(([state, evidence = 1]) => ({ stage: 'event', state, evidence: Array.from({ length: evidence }, () => ({ kind: 'message' as const, text: '' })) }));

describe('the stage whose evidence is open', () => {
  it('is the one that failed', () => expect(decidingStep(steps(['done'], ['failed'], ['skipped'], ['failed']))).toBe(1));
  it('else the one that is going on', () => expect(decidingStep(steps(['done'], ['active'], ['pending']))).toBe(1));
  it('else the last one done that shows something', () => expect(decidingStep(steps(['done'], ['done'], ['done', 0]))).toBe(1));
  it('else the first', () => expect(decidingStep(steps(['pending', 0]))).toBe(0));
});

it('finds the pods wherever they hang in the tree', () => {
  const pods = podsOf([
    { kind: 'Deployment', name: 'd', health: 'progressing', children: [{ kind: 'ReplicaSet', name: 'r', health: 'progressing', children: [{ kind: 'Pod', name: 'p1', health: 'healthy', message: 'Running' }, { kind: 'Pod', name: 'p2', health: 'degraded', message: 'CrashLoopBackOff' }] }] },
    { kind: 'Service', name: 's', health: 'healthy' },
  ]);
  expect([pods.ready, pods.desired]).toEqual([1, 2]);
  expect(pods.pods[0]?.reason).toBeUndefined();
  expect(pods.pods[1]?.reason).toBe('CrashLoopBackOff');
});

it('a stage always has a line', () => {
  const step = (change: Partial<LifeStep>): LifeStep => ({ stage: 'gates', state: 'failed', evidence: [], ...change });
  expect(lineOf(step({ summary: 'its own' }))).toBe('its own');
  expect(lineOf(step({ evidence: [{ kind: 'message', text: 'errors went to Alert' }] }))).toBe('errors went to Alert');
  expect(lineOf(step({}))).toBe('failed');
  expect(lineOf(step({ state: 'skipped' }))).toBe('not reached');
});
