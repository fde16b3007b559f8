import type { Value } from '../../columns/values.js';

const WIDEST = 60;

/** Rows as lines of aligned text. Columns keep the widths they once had, so that later batches line up with earlier ones. */
export class TextTable {
  readonly #names: readonly string[];
  readonly #isNumber: readonly boolean[];
  readonly #widths: number[];
  #started = false;

  /** `numeric`: columns that are aligned to the right. */
  constructor(names: readonly string[], numeric: readonly boolean[]) {
    this.#names = names;
    this.#isNumber = numeric;
    this.#widths = names.map((name) => name.length);
  }

  /** The header before the first rows; then a line for each row, each ended by a newline. */
  format(rows: readonly (readonly string[])[]): string {
    for (const row of rows) {
      row.forEach((text, c) => {
        this.#widths[c] = Math.max(this.#widths[c] ?? 0, Math.min(text.length, WIDEST));
      });
    }
    const lines = rows.map((row) => this.#line(row));
    if (!this.#started) lines.unshift(this.#line(this.#names), this.#widths.map((width) => '-'.repeat(width)).join('  '));
    this.#started = true;
    return lines.map((line) => `${line}\n`).join('');
  }

  #line(cells: readonly string[]): string {
    return cells
      .map((text, c) => {
        const cut = text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text;
        return this.#isNumber[c] ? cut.padStart(this.#widths[c] ?? 0) : cut.padEnd(this.#widths[c] ?? 0);
      })
      .join('  ')
      .trimEnd();
  }
}

/** One value on one line: no byte of it can move the cursor. */
export function cellText(value: Value, isTime: boolean): string {
  if (value === null || value === undefined) return '';
  if (isTime && typeof value === 'number') return new Date(value).toISOString();
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return String(value).replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => JSON.stringify(c).slice(1, -1));
}
