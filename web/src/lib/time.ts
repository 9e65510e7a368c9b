// Times and durations as people read them. Pure; now is an argument.

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** "now", "8 s ago", "2 min ago", "3 h ago", "5 d ago", "in 40 s"; past 30 days the date. */
export function ago(at: string | undefined, now: number): string {
  const ms = at === undefined ? NaN : Date.parse(at);
  if (Number.isNaN(ms) || ms <= 0) return 'never';
  const delta = now - ms;
  if (delta < -second) return `in ${span(-delta)}`;
  if (delta < second) return 'now';
  if (delta >= 30 * day) return new Date(ms).toISOString().slice(0, 10);
  return `${span(delta)} ago`;
}

/** The largest unit that is not zero: "8 s", "2 min", "3 h", "5 d". */
export function span(ms: number): string {
  if (ms < minute) return `${Math.max(0, Math.floor(ms / second))} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} d`;
}

/** How long something took: "118 ms", "9.2 s", "1 min 40 s", "2 h 5 min". */
export function duration(ms: number): string {
  if (ms < second) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * second) return `${(Math.floor(ms / 100) / 10).toString()} s`;
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  const [big, small, bigName, smallName] =
    ms < hour ? [minute, second, 'min', 's'] : ms < day ? [hour, minute, 'h', 'min'] : [day, hour, 'd', 'h'];
  const rest = Math.floor((ms % big) / small);
  return `${Math.floor(ms / big)} ${bigName}${rest ? ` ${rest} ${smallName}` : ''}`;
}

/** The exact time, for hover and focus: local, then UTC. */
export function exact(at: string | undefined): string {
  const ms = at === undefined ? NaN : Date.parse(at);
  if (Number.isNaN(ms) || ms <= 0) return '';
  const date = new Date(ms);
  const local = date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  return `${local} · ${date.toISOString().replace(/\.\d+Z$/, 'Z')}`;
}
