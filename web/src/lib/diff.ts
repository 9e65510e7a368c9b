// A unified diff as lines to show. Pure.

export interface DiffLine {
  kind: 'add' | 'remove' | 'same' | 'hunk' | 'file';
  text: string;
}

export function diffLines(text: string): DiffLine[] {
  const lines = text.replace(/\n$/, '').split('\n');
  let inHunk = false;
  return lines.map((line) => {
    if (line.startsWith('@@')) {
      inHunk = true;
      return { kind: 'hunk', text: line };
    }
    if (line.startsWith('diff ') || (!inHunk && (line.startsWith('---') || line.startsWith('+++')))) {
      inHunk = false;
      return { kind: 'file', text: line };
    }
    if (line.startsWith('+')) return { kind: 'add', text: line.slice(1) };
    if (line.startsWith('-')) return { kind: 'remove', text: line.slice(1) };
    return { kind: 'same', text: line.startsWith(' ') ? line.slice(1) : line };
  });
}
