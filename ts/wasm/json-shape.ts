import type { Field } from '../columns/schema.js';
import { pathOf } from './json-paths.js';

/** The kinds of steps of a template, as in assembly/kernels/json/layout.ts. */
export const STEP = {
  end: 0,
  cont: 1,
  check: 2,
  text: 3,
  longText: 4,
  span: 5,
  longSpan: 6,
  base64: 7,
  isoTime: 8,
  uint: 9,
  number: 10,
  int32: 11,
  int64: 12,
  float64: 13,
  scaledTime: 14,
  word: 15,
  truth: 16,
  nulled: 17,
  json: 18,
} as const;

/** A literal of a row and the value after it. */
export interface Step {
  readonly literal: Uint8Array;
  readonly kind: number;
  /** The column the value goes to, or -1. */
  readonly column: number;
  /** Of kind json: how deep the value lies, and whether it is the first such value of the row. */
  readonly depth: number;
  readonly later: boolean;
}

/** The shape of a row: its literals (punctuation, keys, white space) and the kinds of its values. */
export interface Shape {
  readonly steps: readonly Step[];
  /** Fields in the fixed parts of the row. */
  readonly fields: number;
}

export interface ShapeOptions {
  /** Whether objects that hold no column are skipped whole, like arrays: for rows whose keys are data. */
  readonly loose: boolean;
}

/** A string from here on is looked at 64 bytes at a time. */
const LONG_TEXT_BYTES = 24;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

interface Path {
  readonly children: Map<string, Path>;
  column: number;
}

/**
 * Learns shapes from rows. A path with two columns has none: such rows are the exact tier's.
 */
export class ShapeReader {
  readonly #fields: readonly Field[];
  readonly #root: Path | undefined;

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
    this.#root = pathTree(fields);
  }

  /** The shape of a row that the exact tier has accepted, newline included; undefined when it should not become a template. */
  read(row: Uint8Array, options: ShapeOptions): Shape | undefined {
    if (this.#root === undefined) return undefined;
    return new RowWalk(row, this.#fields, options).walk(this.#root);
  }
}

function pathTree(fields: readonly Field[]): Path | undefined {
  const root: Path = { children: new Map(), column: -1 };
  for (const [column, field] of fields.entries()) {
    let at = root;
    for (const key of pathOf(field)) {
      let child = at.children.get(key);
      if (child === undefined) at.children.set(key, (child = { children: new Map(), column: -1 }));
      at = child;
    }
    if (at.column >= 0) return undefined;
    at.column = column;
  }
  return root;
}

/** One walk over one valid row. */
class RowWalk {
  readonly #row: Uint8Array;
  readonly #schema: readonly Field[];
  readonly #options: ShapeOptions;
  readonly #steps: Step[] = [];
  readonly #found = new Set<number>();
  readonly #text = new TextDecoder('utf-8', { ignoreBOM: true });
  #at = 0;
  #literalFrom = 0;
  #fields = 0;
  #regular = true;
  #skippedJson = false;

  constructor(row: Uint8Array, schema: readonly Field[], options: ShapeOptions) {
    this.#row = row;
    this.#schema = schema;
    this.#options = options;
  }

  walk(root: Path): Shape | undefined {
    this.#space();
    this.#object(root, 1);
    if (!this.#regular) return undefined;
    this.#at = this.#row.length;
    const tail = this.#row.subarray(this.#literalFrom);
    for (const column of this.#schema.keys()) if (!this.#found.has(column)) this.#steps.push(step(new Uint8Array(0), STEP.nulled, column));
    this.#steps.push(step(tail, STEP.end, -1));
    return { steps: this.#steps, fields: this.#fields };
  }

  #peek(): number {
    return this.#row[this.#at] ?? 0;
  }

  #space(): void {
    while (this.#peek() === 0x20 || this.#peek() === 0x09 || this.#peek() === 0x0d) this.#at++;
  }

  #object(path: Path | undefined, depth: number): void {
    const keys = new Set<string>();
    this.#at++;
    this.#space();
    while (this.#peek() === QUOTE && this.#regular) {
      const key = this.#key();
      this.#regular &&= !keys.has(key);
      keys.add(key);
      this.#fields++;
      this.#space();
      this.#at++;
      this.#space();
      this.#value(path?.children.get(key), depth);
      this.#space();
      if (this.#peek() === 0x2c) {
        this.#at++;
        this.#space();
      }
    }
    this.#at++;
  }

  #key(): string {
    const from = this.#at;
    this.#at = this.#stringEnd() + 1;
    const key = this.#text.decode(this.#row.subarray(from, this.#at));
    return key.includes('\\') ? (JSON.parse(key) as string) : key.slice(1, -1);
  }

  #stringEnd(): number {
    let p = this.#at + 1;
    while (p < this.#row.length && this.#row[p] !== QUOTE) p += this.#row[p] === BACKSLASH ? 2 : 1;
    return p;
  }

  #value(path: Path | undefined, depth: number): void {
    const column = path?.column ?? -1;
    const c = this.#peek();
    if (c === QUOTE) this.#string(column);
    else if (c === 0x7b && (path !== undefined || !this.#options.loose)) this.#object(path, depth + 1);
    else if (c === 0x7b || c === 0x5b) this.#skip(depth);
    else if (c === 0x74 || c === 0x66 || c === 0x6e) this.#word(column);
    else this.#number(column);
  }

  #emit(end: number, kind: number, column: number, next: number): void {
    this.#steps.push(step(this.#row.subarray(this.#literalFrom, end), kind, column));
    this.#literalFrom = next;
    this.#at = next;
    if (column >= 0) this.#found.add(column);
  }

  #string(column: number): void {
    const from = this.#at + 1;
    const end = this.#stringEnd();
    const long = end - from >= LONG_TEXT_BYTES;
    const kind = this.#schema[column]?.kind;
    if (kind === undefined) this.#emit(from, long ? STEP.longText : STEP.text, -1, end);
    else if (kind === 'utf8') this.#emit(from, long ? STEP.longSpan : STEP.span, column, end);
    else this.#emit(from, kind === 'binary' ? STEP.base64 : STEP.isoTime, column, end);
    this.#at = end + 1;
  }

  #number(column: number): void {
    const from = this.#at;
    let end = from;
    while (isNumberByte(this.#row[end] ?? 0)) end++;
    this.#emit(from, this.#numberKind(column, this.#row.subarray(from, end)), column, end);
  }

  #numberKind(column: number, text: Uint8Array): number {
    const field = this.#schema[column];
    if (field === undefined) return text.length <= 15 && text.every((c) => c >= 0x30 && c <= 0x39) ? STEP.uint : STEP.number;
    if (field.kind === 'int32') return STEP.int32;
    if (field.kind === 'float64') return STEP.float64;
    return field.kind === 'timestamp' && (field.format === 's' || field.format === 'us') ? STEP.scaledTime : STEP.int64;
  }

  #word(column: number): void {
    const from = this.#at;
    const end = from + (this.#peek() === 0x66 ? 5 : 4);
    if (column < 0) this.#emit(from, STEP.word, -1, end);
    else if (this.#peek() === 0x6e)
      this.#at = end; // stays in the literal; the column is null in all rows of this shape
    else this.#emit(from, STEP.truth, column, end);
  }

  /** An array, or an object that is skipped whole. */
  #skip(depth: number): void {
    const from = this.#at;
    let open = 0;
    do {
      const c = this.#peek();
      if (c === QUOTE) this.#at = this.#stringEnd();
      else if (c === 0x7b || c === 0x5b) open++;
      else if (c === 0x7d || c === 0x5d) open--;
      this.#at++;
    } while (open > 0 && this.#at < this.#row.length);
    this.#steps.push({
      literal: this.#row.subarray(this.#literalFrom, from),
      kind: STEP.json,
      column: -1,
      depth,
      later: this.#skippedJson,
    });
    this.#skippedJson = true;
    this.#literalFrom = this.#at;
  }
}

function step(literal: Uint8Array, kind: number, column: number): Step {
  return { literal: literal.slice(), kind, column, depth: 0, later: false };
}

function isNumberByte(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || c === 0x2d || c === 0x2b || c === 0x2e || c === 0x65 || c === 0x45;
}

/** The two shapes as one whose values are of the wider kinds; undefined when rows of one can not be rows of the other. */
export function widen(a: Shape, b: Shape): Shape | undefined {
  if (a.steps.length !== b.steps.length || a.fields !== b.fields) return undefined;
  const steps: Step[] = [];
  for (const [i, x] of a.steps.entries()) {
    const y = b.steps[i] as Step;
    const kind = widerKind(x.kind, y.kind);
    if (kind < 0 || x.column !== y.column || x.depth !== y.depth || Buffer.compare(x.literal, y.literal) !== 0) return undefined;
    steps.push({ ...x, kind });
  }
  return { steps, fields: a.fields };
}

const WIDER: readonly (readonly [number, number])[] = [
  [STEP.text, STEP.longText],
  [STEP.span, STEP.longSpan],
  [STEP.uint, STEP.number],
];

function widerKind(a: number, b: number): number {
  if (a === b) return a;
  for (const [narrow, wide] of WIDER) if ((a === narrow && b === wide) || (a === wide && b === narrow)) return wide;
  return -1;
}
