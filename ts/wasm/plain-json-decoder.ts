import type { Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { bitmapBytes, layoutOf, valueBytes, type Field } from '../columns/schema.js';
import type { BadRecord, Decoded, DecoderOptions, RowDecoder } from './decoder.js';
import type { Workspace } from './workspace.js';

interface Held extends Decoded {
  readonly values: readonly unknown[][];
}

/** NDJSON by JSON.parse: slow and obvious. */
export class PlainJsonDecoder implements RowDecoder {
  readonly counters: Readonly<Record<string, number>> = {};
  readonly #ws: Workspace;
  readonly #options: DecoderOptions;

  constructor(ws: Workspace, options: DecoderOptions) {
    this.#ws = ws;
    this.#options = options;
  }

  decode(start: Address, end: Address, onBad: (record: BadRecord) => void): Decoded {
    const bytes = this.#ws.memory.u8.slice(start, end);
    const { fields } = this.#options;
    const values: unknown[][] = fields.map(() => []);
    const offsets: number[] = [];
    for (let from = 0; from < bytes.length; ) {
      const newline = bytes.indexOf(10, from);
      const to = newline < 0 ? bytes.length : newline;
      const text = new TextDecoder().decode(bytes.subarray(from, to));
      if (text.trim() !== '') {
        try {
          const record: unknown = JSON.parse(text);
          const row = fields.map((field) => convert(field, pick(record, field.path ?? field.name)));
          row.forEach((value, i) => values[i]?.push(value));
          offsets.push(from);
        } catch (error) {
          onBad({ start: start + from, end: start + to, reason: (error as Error).message });
        }
      }
      from = to + 1;
    }
    const recordOffsets = this.#ws.alloc(offsets.length * 4);
    this.#ws.memory.u32.set(offsets, recordOffsets / 4);
    const all = offsets.map((_, i) => i);
    const columns = fields.map((field, i) => (layoutOf(field.kind) === 'bytes' ? undefined : this.#vector(field, values[i] ?? [], all)));
    const decoded: Held = { rows: offsets.length, columns, recordOffsets, values };
    return decoded;
  }

  materialise(decoded: Decoded, selection: Address, count: number): readonly Vector[] {
    const { values } = decoded as Held;
    const rows = Array.from({ length: count }, (_, i) => (selection === NONE ? i : (this.#ws.memory.i32[selection / 4 + i] ?? 0)));
    return this.#options.fields.map((field, i) => this.#vector(field, values[i] ?? [], rows));
  }

  close(): void {}

  #vector(field: Field, values: readonly unknown[], rows: readonly number[]): Vector {
    const { memory } = this.#ws;
    const fixed = this.#ws.alloc(valueBytes(field.kind, rows.length));
    const validity = field.nullable ? this.#ws.alloc(bitmapBytes(rows.length)) : NONE;
    memory.u8.fill(0, fixed, fixed + valueBytes(field.kind, rows.length));
    if (validity !== NONE) memory.u8.fill(0, validity, validity + bitmapBytes(rows.length));
    const setBit = (bitmap: Address, i: number) => {
      memory.u8[bitmap + (i >> 3)] = (memory.u8[bitmap + (i >> 3)] ?? 0) | (1 << (i & 7));
    };
    const chosen = rows.map((row) => values[row]);
    chosen.forEach((value, i) => {
      if (validity !== NONE && value !== null) setBit(validity, i);
    });
    if (layoutOf(field.kind) === 'bytes') {
      const texts = chosen.map((value) => new TextEncoder().encode((value as string | null) ?? ''));
      const bytes = this.#ws.alloc(texts.reduce((sum, t) => sum + t.length, 0));
      let at = 0;
      texts.forEach((t, i) => {
        memory.u8.set(t, bytes + at);
        at += t.length;
        memory.i32[fixed / 4 + i + 1] = at;
      });
      return { kind: field.kind, validity, offsets: fixed, values: bytes };
    }
    chosen.forEach((value, i) => {
      if (value === null) return;
      if (field.kind === 'bool') {
        if (value === true) setBit(fixed, i);
      } else if (field.kind === 'int32') memory.i32[fixed / 4 + i] = value as number;
      else if (field.kind === 'float64') memory.f64[fixed / 8 + i] = value as number;
      else memory.i64[fixed / 8 + i] = value as bigint;
    });
    return { kind: field.kind, validity, offsets: NONE, values: fixed };
  }
}

function pick(record: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined), record);
}

function convert(field: Field, value: unknown): unknown {
  if (value === undefined || value === null) {
    if (field.nullable) return null;
    throw new Error(`${field.name}: expected ${field.kind}, found ${value === null ? 'null' : 'nothing'}`);
  }
  const wrong = () => new Error(`${field.name}: expected ${field.kind}, found ${JSON.stringify(value)}`);
  switch (field.kind) {
    case 'bool':
      if (typeof value !== 'boolean') throw wrong();
      return value;
    case 'int32':
    case 'float64':
      if (typeof value !== 'number') throw wrong();
      return value;
    case 'int64':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong();
      return BigInt(value);
    case 'timestamp': {
      const ms = typeof value === 'string' ? Date.parse(value) : value;
      if (typeof ms !== 'number' || Number.isNaN(ms)) throw wrong();
      return BigInt(Math.floor(ms));
    }
    default:
      if (typeof value !== 'string') throw wrong();
      return value;
  }
}
