// The states with their counts, as a filter.
import type { State } from '../api/schema';
import { statesOf } from '../lib/filter';

const words: State[] = ['failed', 'held', 'rolled back', 'rolling back', 'deploying', 'verifying', 'pending', 'deployed', 'deleting'];

export function StateFilter({ counts, value, onChange }: { counts: Record<string, number> | undefined; value: string; onChange: (state: string) => void }) {
  const sum = (names: readonly string[]) => names.reduce((n, name) => n + (counts?.[name] ?? 0), 0);
  const chips: { value: string; label: string; count: number; always?: boolean; tone?: string }[] = [
    { value: '', label: 'All', count: sum(words), always: true },
    { value: 'attention', label: 'Needs you', count: sum(statesOf('attention')), always: true, tone: 'bad' },
    { value: 'moving', label: 'In flight', count: sum(statesOf('moving')), always: true, tone: 'move' },
    { value: 'rolled back', label: 'Rolled back', count: sum(['rolled back']), always: true },
    { value: 'deployed', label: 'Deployed', count: sum(['deployed']), always: true },
  ];
  if (value && !chips.some((c) => c.value === value)) chips.push({ value, label: value, count: sum(value.split(',')) });
  return (
    <div className="chips" role="group" aria-label="State">
      {chips.map((chip) => (
        <button
          key={chip.value}
          type="button"
          className={chip.count && chip.tone ? `chip tone-${chip.tone}` : 'chip'}
          aria-pressed={chip.value === value}
          onClick={() => onChange(chip.value === value ? '' : chip.value)}
        >
          {chip.label} <span className="count">{counts ? chip.count.toLocaleString('en') : ''}</span>
        </button>
      ))}
    </div>
  );
}
