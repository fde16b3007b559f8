import assert from 'node:assert/strict';
import { field, type Field, type Schema } from '../../ts/columns/schema.js';
import type { Vector } from '../../ts/columns/batch.js';
import { DEFAULT_LIMITS, type Limits } from '../../ts/core/limits.js';
import type { BadRecord } from '../../ts/wasm/decoder.js';
import { JsonDecoder, type JsonTier } from '../../ts/wasm/json-decoder.js';
import { decodeJsonLines, type TwinValue } from '../../ts/wasm/twins/json.js';
import type { Workspace } from '../../ts/wasm/workspace.js';

export const TIERS: readonly JsonTier[] = ['exact', 'tolerant', 'template'];

/** A column of every kind, each where the corpus and the fuzz put such values. */
export const FIELDS: Schema = [
  field('i', 'int32', true),
  field('l', 'int64', true),
  field('f', 'float64', true),
  field('s', 'utf8', true),
  field('b', 'bool', true),
  field('t', 'timestamp', true),
  { ...field('seconds', 'timestamp', true), path: 'at.s', format: 's' },
  { ...field('micros', 'timestamp', true), path: 'at.us', format: 'us' },
  field('x', 'binary', true),
  { ...field('price', 'int64', true), path: 'bid.price' },
  field('é"\\', 'int32', true),
];

export interface Outcome {
  readonly rows: { start: number; values: TwinValue[] }[];
  readonly bad: (BadRecord & { readonly start: number })[];
  readonly counters: Readonly<Record<string, number>>;
}

/** A decoder with a place for one block, whose surroundings are not what a decoder might hope for. */
export class Harness {
  readonly #ws: Workspace;
  readonly #decoder: JsonDecoder;
  readonly #fields: Schema;
  readonly #room: number;
  readonly #place: number;

  constructor(ws: Workspace, tier: JsonTier, fields: Schema = FIELDS, limits: Limits = DEFAULT_LIMITS, room = 1 << 20) {
    this.#ws = ws;
    this.#fields = fields;
    this.#room = room;
    this.#place = ws.blocks.alloc(room + 2_048);
    this.#decoder = new JsonDecoder(ws, { fields, limits }, tier);
  }

  /** Decodes the block; starts are offsets in it. `keep` chooses the rows to materialise. */
  run(block: Uint8Array, keep?: (row: number) => boolean): Outcome {
    assert.ok(block.length <= this.#room);
    const { memory, scratch } = this.#ws;
    const start = this.#place + 64;
    const end = start + block.length;
    memory.u8.fill(0xe2, this.#place, start);
    memory.u8.set(block, start);
    for (let i = 0; i < 1_024; i++) memory.u8[end + i] = i & 0xff;
    const mark = scratch.mark();
    const bad: BadRecord[] = [];
    const decoded = this.#decoder.decode(start, end, (record) => bad.push(record));
    const kept = Array.from({ length: decoded.rows }, (_, i) => i).filter((row) => keep?.(row) ?? true);
    let selection = 0;
    if (keep !== undefined) {
      selection = this.#ws.alloc(kept.length * 4);
      memory.i32.set(kept, selection / 4);
    }
    const vectors = this.#decoder.materialise(decoded, selection, kept.length);
    const rows = kept.map((row, i) => ({
      start: memory.u32[decoded.recordOffsets / 4 + row] as number,
      values: this.#fields.map((f, c) => this.#value(f, vectors[c] as Vector, i)),
    }));
    for (let i = 0; i < 1_024; i++) assert.equal(memory.u8[end + i], i & 0xff, 'the bytes after the block are the caller’s');
    scratch.release(mark);
    return {
      rows,
      bad: bad.map((record) => ({ ...record, start: record.start - start, end: record.end - start })),
      counters: { ...this.#decoder.counters },
    };
  }

  #value(f: Field, vector: Vector, row: number): TwinValue {
    const { u8, i32, i64, f64 } = this.#ws.memory;
    const bit = (bitmap: number): boolean => (((u8[bitmap + (row >> 3)] as number) >> (row & 7)) & 1) === 1;
    if (vector.validity !== 0 && !bit(vector.validity)) return undefined;
    switch (f.kind) {
      case 'bool':
        return bit(vector.values);
      case 'int32':
        return BigInt(i32[vector.values / 4 + row] as number);
      case 'int64':
      case 'timestamp':
        return i64[vector.values / 8 + row] as bigint;
      case 'float64':
        return f64[vector.values / 8 + row] as number;
      default:
        return u8.slice(
          vector.values + (i32[vector.offsets / 4 + row] as number),
          vector.values + (i32[vector.offsets / 4 + row + 1] as number),
        );
    }
  }

  close(): void {
    this.#decoder.close();
    this.#ws.blocks.free(this.#place, this.#room + 2_048);
  }
}

/** Holds what a decoder made of a block against the twin: the same rows, the same refusals, in order. */
export function checkAgainstTwin(outcome: Outcome, block: Uint8Array, fields: Schema = FIELDS, limits: Limits = DEFAULT_LIMITS): void {
  const twin = decodeJsonLines(block, fields, limits);
  const line = (start: number): string =>
    Buffer.from(block.subarray(start, (block.indexOf(10, start) + 1 || block.length + 1) - 1)).toString('latin1');
  const refused = twin.filter((r) => r.values === undefined).map((r) => r.start);
  const found = outcome.bad.map((r) => r.start);
  const wrong = found.find((start) => !refused.includes(start)) ?? refused.find((start) => !found.includes(start));
  if (wrong !== undefined)
    assert.fail(
      `${refused.includes(wrong) ? 'accepted' : `refused (${outcome.bad.find((b) => b.start === wrong)?.reason})`}: ${line(wrong)}`,
    );
  const accepted = twin.filter((r) => r.values !== undefined);
  assert.deepEqual(
    outcome.rows.map((r) => r.start),
    accepted.map((r) => r.start),
  );
  for (const [i, row] of outcome.rows.entries()) {
    const expected = accepted[i]?.values ?? [];
    for (const [c, f] of fields.entries())
      if (!same(row.values[c], expected[c])) assert.deepEqual(row.values[c], expected[c], `${f.path ?? f.name} of ${line(row.start)}`);
  }
}

function same(a: TwinValue, b: TwinValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return Object.is(a, b);
}
