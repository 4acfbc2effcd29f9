import type { Item } from './inventory';

type Column<T> = { title: string; cell: (row: T) => string };

export function table<T>(rows: Iterable<T>, columns: readonly Column<T>[]): string {
  const cells = [columns.map((c) => c.title), ...Array.from(rows, (r) => columns.map((c) => c.cell(r)))];
  const width = columns.map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  return cells.map((line) => line.map((s, i) => s.padEnd(width[i])).join('  ').trimEnd()).join('\n');
}

export const itemColumns: readonly Column<Item>[] = [
  { title: 'id', cell: (i) => String(i.id) },
  { title: 'name', cell: (i) => i.name },
  { title: 'tags', cell: (i) => [...i.tags].sort().join(', ') },
];
