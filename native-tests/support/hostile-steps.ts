import type { HostileStep } from '../../ts/testing/hostile.js';

const HEADER = 'op time clock | user utf8? | n int64? | x float64 | ok bool? | at timestamp | raw binary';

const line = (i: number): string => {
  const op = ['+I', '-U', '+U', '-D'][i % 4];
  const user = i % 5 === 0 ? '.' : i % 7 === 0 ? '""' : ['ann', 'bø', 'a long name, beyond sixteen bytes'][i % 3];
  const n = i % 4 === 1 ? '.' : String(i * 37 - 500);
  const ok = ['true', 'false', '.'][i % 3];
  return `${op} ${1000 + i * 10} ${i * 5} | ${user} | ${n} | ${i / 8} | ${ok} | ${i * 86_400_000} | 0x${'ab'.repeat(i % 4)}`;
};

/** A text table of the rows [from, to), with nulls, changes and strings of all lengths. */
export function tableOf(from: number, to: number): string {
  return [HEADER, ...Array.from({ length: to - from }, (_, i) => line(from + i))].join('\n');
}

/** Steps for operators of one input and no state: many rows, none, few. */
export const STEPS: readonly HostileStep[] = [
  { inputs: [tableOf(0, 70)], watermark: 100 },
  { inputs: [undefined], watermark: 500 },
  { inputs: [tableOf(70, 73)], watermark: 600 },
];

/** A batch of inserts alone carries no operations: an insert is one with the sign or without. */
export function bareInserts(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/^\+I /, ''));
}
