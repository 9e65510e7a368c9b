// The life of a deploy, left to right; the evidence of the stage that decides is open.
import { useEffect, useRef, useState } from 'react';
import type { Life as LifeData, LifeStep } from '../api/schema';
import { StepIcon } from '../parts/StepIcon';
import { Took, When } from '../parts/When';
import { Evidence } from './Evidence';
import { LivePods } from './LivePods';

/** The stage a person wants to see: what failed, else what is going on, else the last one done that shows something. */
export function decidingStep(steps: LifeStep[]): number {
  const failed = steps.findIndex((s) => s.state === 'failed');
  if (failed >= 0) return failed;
  const active = steps.findIndex((s) => s.state === 'active');
  if (active >= 0) return active;
  for (let i = steps.length - 1; i >= 0; i--) if (steps[i]?.state === 'done' && steps[i]?.evidence.length) return i;
  return 0;
}

/** One line for a stage: its own, else that of its first message, else what its state says. */
export function lineOf(step: LifeStep): string {
  const message = step.evidence.find((e) => e.kind === 'message');
  const words = { pending: 'waits', active: 'in progress', done: 'done', failed: 'failed', skipped: 'not reached' };
  return step.summary ?? (message?.kind === 'message' ? message.text : words[step.state]);
}

export function Life({ life, namespace, name }: { life: LifeData; namespace: string; name: string }) {
  const deciding = decidingStep(life.steps);
  const [chosen, setChosen] = useState<{ revision: number; index: number }>();
  const index = chosen?.revision === life.revision ? chosen.index : deciding;
  const step = life.steps[index];
  const tabs = useRef<(HTMLButtonElement | null)[]>([]);
  const choose = (i: number) => setChosen({ revision: life.revision, index: i });
  useEffect(() => {
    if (chosen && chosen.revision !== life.revision) setChosen(undefined);
  }, [chosen, life.revision]);
  return (
    <section className="life" aria-labelledby="life-title">
      <h2 id="life-title">
        Life of this deploy <span className="second">revision {life.revision}</span>
      </h2>
      <div className="track" role="tablist" aria-label="Stages">
        {life.steps.map((s, i) => (
          <button
            key={s.stage}
            ref={(element) => (tabs.current[i] = element)}
            type="button"
            role="tab"
            id={`stage-${s.stage}`}
            aria-selected={i === index}
            aria-controls="stage-panel"
            tabIndex={i === index ? 0 : -1}
            className={`stage is-${s.state}`}
            onClick={() => choose(i)}
            onKeyDown={(e) => {
              const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
              if (!by) return;
              e.preventDefault();
              const next = (i + by + life.steps.length) % life.steps.length;
              choose(next);
              tabs.current[next]?.focus();
            }}
          >
            <span className="stage-top">
              <StepIcon state={s.state} />
              <span className="stage-name">{s.stage}</span>
              <span className="stage-time">{s.state === 'active' ? <Took at={s.at} /> : s.duration_ms ? <Took ms={s.duration_ms} /> : null}</span>
            </span>
            <span className="stage-summary">{lineOf(s)}</span>
          </button>
        ))}
      </div>
      {step && (
        <div id="stage-panel" className="panel" role="tabpanel" aria-labelledby={`stage-${step.stage}`} tabIndex={0}>
          <p className="panel-line">
            <b>{lineOf(step)}</b>
            {(step.actor || step.at) && (
              <span className="second">
                {step.actor && <> {step.actor}</>}
                {step.actor && step.at && ' · '}
                {step.at && <When at={step.at} focusable />}
                {!!step.duration_ms && (
                  <>
                    {' · took '}
                    <Took ms={step.duration_ms} />
                  </>
                )}
              </span>
            )}
          </p>
          {step.evidence.map((evidence, i) => (
            <Evidence key={i} evidence={evidence} />
          ))}
          {step.stage === 'rollout' && step.state === 'active' && !step.evidence.some((e) => e.kind === 'pods') && <LivePods namespace={namespace} name={name} />}
        </div>
      )}
    </section>
  );
}
