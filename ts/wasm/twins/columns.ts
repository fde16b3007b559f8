import { batchOf, type Batch, type Vector } from '../../columns/batch.js';
import { NONE, type Address, type Memory, type Space } from '../../columns/memory.js';
import { bitmapBytes, field, type Kind } from '../../columns/schema.js';

/** A column as a JavaScript array: what the twins of the kernels work on. Binary values are arrays of bytes as text. */
export type Value = null | boolean | number | bigint | string;

/** Writes a column, value by value; binary values are given as Latin-1 text. Nulls leave garbage behind on purpose. */
export function writeColumn(space: Space, kind: Kind, values: readonly Value[]): Vector {
  const { memory } = space;
  const rows = values.length;
  const validity = values.includes(null)
    ? writeBits(
        space,
        values.map((v) => v !== null),
      )
    : NONE;
  if (kind === 'bool') {
    return {
      kind,
      validity,
      offsets: NONE,
      values: writeBits(
        space,
        values.map((v, i) => (v === null ? i % 2 === 0 : v === true)),
      ),
    };
  }
  if (kind === 'utf8' || kind === 'binary') {
    const bytes = values.map((v) =>
      v === null ? new Uint8Array() : new Uint8Array(Buffer.from(String(v), kind === 'utf8' ? 'utf8' : 'latin1')),
    );
    const offsets = space.alloc((rows + 1) * 4);
    const at = space.alloc(bytes.reduce((sum, b) => sum + b.length, 0));
    let end = 0;
    memory.u32[offsets / 4] = 0;
    bytes.forEach((b, i) => {
      memory.u8.set(b, at + end);
      end += b.length;
      memory.u32[offsets / 4 + i + 1] = end;
    });
    return { kind, validity, offsets, values: at };
  }
  const at = space.alloc(rows * 8);
  values.forEach((v, i) => {
    if (kind === 'int32') memory.i32[at / 4 + i] = v === null ? -(2 ** 31) : Number(v);
    else if (kind === 'float64') memory.f64[at / 8 + i] = v === null ? Number.NaN : Number(v);
    else memory.i64[at / 8 + i] = v === null ? -(2n ** 63n) : BigInt(v as bigint);
  });
  return { kind, validity, offsets: NONE, values: at };
}

/** Bits beyond the last are set to ones: nothing may depend on them. */
export function writeBits(space: Space, bits: readonly boolean[]): Address {
  const at = space.alloc(bitmapBytes(bits.length));
  space.memory.u8.fill(0xff, at, at + bitmapBytes(bits.length));
  bits.forEach((bit, i) => {
    const byte = at + (i >> 3);
    const old = space.memory.u8[byte] as number;
    space.memory.u8[byte] = bit ? old | (1 << (i & 7)) : old & ~(1 << (i & 7));
  });
  return at;
}

export function readBits(memory: Memory, at: Address, rows: number): boolean[] {
  return Array.from({ length: rows }, (_, i) => (((memory.u8[at + (i >> 3)] as number) >> (i & 7)) & 1) === 1);
}

export function readColumn(memory: Memory, vector: Vector, rows: number): Value[] {
  const valid = vector.validity === NONE ? undefined : readBits(memory, vector.validity, rows);
  return Array.from({ length: rows }, (_, i) => (valid === undefined || valid[i] === true ? readValue(memory, vector, i) : null));
}

function readValue(memory: Memory, { kind, offsets, values }: Vector, row: number): Value {
  if (kind === 'bool') return (((memory.u8[values + (row >> 3)] as number) >> (row & 7)) & 1) === 1;
  if (kind === 'int32') return memory.i32[values / 4 + row] as number;
  if (kind === 'float64') return memory.f64[values / 8 + row] as number;
  if (kind === 'int64' || kind === 'timestamp') return memory.i64[values / 8 + row] as bigint;
  const from = values + (memory.u32[offsets / 4 + row] as number);
  const to = values + (memory.u32[offsets / 4 + row + 1] as number);
  return Buffer.from(memory.u8.slice(from, to)).toString(kind === 'utf8' ? 'utf8' : 'latin1');
}

/** A batch of named columns; each is nullable. */
export function writeBatch(
  space: Space,
  columns: Readonly<Record<string, readonly [Kind, readonly Value[]]>>,
  times?: readonly bigint[],
): Batch {
  const schema = Object.entries(columns).map(([name, [kind]]) => field(name, kind, true));
  const vectors = Object.values(columns).map(([kind, values]) => writeColumn(space, kind, values));
  const rows = Object.values(columns)[0]?.[1].length ?? 0;
  return batchOf(schema, rows, vectors, times === undefined ? NONE : writeColumn(space, 'timestamp', times).values);
}

/** Its rows, as arrays. */
export function readBatch(memory: Memory, batch: Batch): Value[][] {
  const columns = batch.columns.map((c) => readColumn(memory, c, batch.rows));
  return Array.from({ length: batch.rows }, (_, i) => columns.map((c) => c[i] as Value));
}
