// Rows keep their places while a person points at them, and settle when the pointer has gone. Pure.

/** The keys in `kept`'s order as far as they still exist, new ones where `wanted` has them. */
export function holdOrder(kept: readonly string[], wanted: readonly string[]): string[] {
  const exists = new Set(wanted);
  const known = new Set(kept);
  const result = kept.filter((key) => exists.has(key));
  const place = new Map(result.map((key, i) => [key, i]));
  const insertions: { after: number; key: string }[] = [];
  let after = -1;
  for (const key of wanted) {
    if (known.has(key)) after = place.get(key) ?? after;
    else insertions.push({ after, key });
  }
  for (const { after: at, key } of insertions.reverse()) result.splice(at + 1, 0, key);
  return result;
}

/** How many rows would move. */
export function moved(kept: readonly string[], wanted: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < wanted.length; i++) if (kept[i] !== wanted[i]) count++;
  return count;
}
