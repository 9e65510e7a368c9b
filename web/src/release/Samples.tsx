// A monitor's samples with the baseline from before the deploy and the threshold.
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import type { SamplesEvidence } from '../api/schema';
import { safeUrl } from '../lib/version';

const height = 160;

/** Columns for the chart: seconds, values, and the two flat lines. Pure. */
export function columnsOf(evidence: SamplesEvidence): [number[], (number | null)[], (number | null)[], (number | null)[]] {
  const times = evidence.points.map((p) => (p[0] ?? 0) / 1000);
  const flat = (value: number | undefined) => times.map(() => value ?? null);
  return [times, evidence.points.map((p) => p[1] ?? null), flat(evidence.baseline), flat(evidence.threshold)];
}

export function Samples({ evidence }: { evidence: SamplesEvidence }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const { points, monitor, unit = '', baseline, threshold, rollout_at, state } = evidence;
  const rollout = rollout_at ? Date.parse(rollout_at) / 1000 : undefined;

  useEffect(() => {
    const element = box.current;
    if (!element || points.length === 0) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element, unit, rollout, points.length < 12), columnsOf(evidence), element);
    };
    draw();
    const resize = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    const scheme = window.matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      resize.disconnect();
      scheme.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [evidence, points.length, unit, rollout]);

  const last = points[points.length - 1]?.[1];
  const text = [
    last !== undefined && `now ${round(last)}${unit}`,
    baseline !== undefined && `baseline ${round(baseline)}${unit}`,
    threshold !== undefined && `threshold ${round(threshold)}${unit}`,
  ]
    .filter(Boolean)
    .join(', ');
  return (
    <figure className="evidence samples">
      <figcaption>
        {safeUrl(evidence.url) ? <a href={evidence.url}>{monitor}</a> : monitor}
        {state && <span className={`monitor is-${state.replace(' ', '-').toLowerCase()}`}>{state}</span>}
        <span className="second">{text}</span>
        <span className="legend" aria-hidden="true">
          {baseline !== undefined && <span className="key-baseline">baseline</span>}
          {threshold !== undefined && <span className="key-threshold">threshold</span>}
          {rollout !== undefined && <span className="key-rollout">rollout</span>}
        </span>
      </figcaption>
      {points.length > 0 ? (
        <div ref={box} className="chart" style={{ height }} role="img" aria-label={`${monitor}: ${text}`} />
      ) : (
        <p className="nothing">No sample yet.</p>
      )}
    </figure>
  );
}

const round = (value: number) => Number(value.toPrecision(3)).toString();

function options(element: HTMLElement, unit: string, rollout: number | undefined, few: boolean): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const font = `11px ${style.fontFamily}`;
  const axis = { stroke: color('--ink-2'), font, grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } };
  return {
    width: element.clientWidth,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_u, min, max) => [Math.min(0, min), max * 1.1 || 1] } },
    axes: [
      { ...axis, space: 80, size: 28, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600], values: (_u, ticks) => ticks.map((t) => new Date(t * 1000).toLocaleTimeString([], { hour12: false })) },
      { ...axis, space: 36, size: 48, values: (_u, ticks) => ticks.map((t) => `${round(t)}${unit}`) },
    ],
    series: [
      {},
      { stroke: color('--accent'), width: 1.5, points: { show: few, size: 6 } },
      { stroke: color('--ink-2'), width: 1, dash: [4, 4], points: { show: false } },
      { stroke: color('--bad'), width: 1, dash: [6, 3], points: { show: false } },
    ],
    hooks: {
      drawAxes: [
        (u) => {
          if (rollout === undefined) return;
          const x = Math.round(u.valToPos(rollout, 'x', true)) + 0.5;
          if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
          u.ctx.save();
          u.ctx.strokeStyle = color('--ink-3');
          u.ctx.lineWidth = devicePixelRatio;
          u.ctx.beginPath();
          u.ctx.moveTo(x, u.bbox.top);
          u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
          u.ctx.stroke();
          u.ctx.restore();
        },
      ],
    },
  };
}
