import { batchOf, type Batch, type Vector } from '../../ts/columns/batch.js';
import { layoutOf, type Schema, type Kind } from '../../ts/columns/schema.js';
import type { Workspace } from '../../ts/wasm/workspace.js';
import type { KeyValue } from '../twins/hash.js';

/** A batch of the given rows in scratch, with event times if given. Independent of the engine's own builders. */
export function batchOfRows(
  ws: Workspace,
  schema: Schema,
  rows: readonly (readonly KeyValue[])[],
  times?: readonly number[],
  clocks?: readonly number[],
): Batch {
  const columns = schema.map((f, i) =>
    vectorOf(
      ws,
      f.kind,
      rows.map((r) => r[i] ?? null),
    ),
  );
  return batchOf(schema, rows.length, columns, times ? int64s(ws, times) : 0, clocks ? int64s(ws, clocks) : 0);
}

export function int64s(ws: Workspace, values: readonly (number | bigint)[]): number {
  const at = ws.alloc(values.length * 8);
  values.forEach((v, i) => (ws.memory.i64[at / 8 + i] = BigInt.asIntN(64, BigInt(v))));
  return at;
}

export function vectorOf(ws: Workspace, kind: Kind, values: readonly KeyValue[]): Vector {
  const { memory } = ws;
  const n = values.length;
  let validity = 0;
  if (values.includes(null)) {
    validity = ws.alloc(Math.ceil(n / 64) * 8);
    memory.u8.fill(0xff, validity, validity + Math.ceil(n / 64) * 8);
    values.forEach((v, i) => v === null && (memory.u8[validity + (i >> 3)] = (memory.u8[validity + (i >> 3)] ?? 0) & ~(1 << (i & 7))));
  }
  if (layoutOf(kind) === 'bytes') {
    const pieces = values.map((v) => (v === null ? new Uint8Array() : v instanceof Uint8Array ? v : new TextEncoder().encode(String(v))));
    const offsets = ws.alloc((n + 1) * 4);
    const bytes = ws.alloc(pieces.reduce((sum, p) => sum + p.length, 0));
    let at = 0;
    memory.i32[offsets / 4] = 0;
    pieces.forEach((p, i) => {
      memory.u8.set(p, bytes + at);
      at += p.length;
      memory.i32[offsets / 4 + i + 1] = at;
    });
    return { kind, validity, offsets, values: bytes };
  }
  const at = ws.alloc(n * 8);
  memory.u8.fill(0xa5, at, at + n * 8);
  values.forEach((v, i) => {
    if (v === null) return;
    if (kind === 'bool') {
      const byte = memory.u8[at + (i >> 3)] ?? 0;
      memory.u8[at + (i >> 3)] = v ? byte | (1 << (i & 7)) : byte & ~(1 << (i & 7));
    } else if (kind === 'int32') memory.i32[at / 4 + i] = Number(v);
    else if (kind === 'float64') memory.f64[at / 8 + i] = Number(v);
    else memory.i64[at / 8 + i] = BigInt.asIntN(64, BigInt(v as bigint | number));
  });
  return { kind, validity, offsets: 0, values: at };
}

/** A column's values: bigint for 64-bit kinds, null for nulls. */
export function valuesOf(ws: Workspace, v: Vector, rows: number): KeyValue[] {
  const { memory } = ws;
  return Array.from({ length: rows }, (_, i): KeyValue => {
    if (v.validity !== 0 && (((memory.u8[v.validity + (i >> 3)] ?? 0) >> (i & 7)) & 1) === 0) return null;
    switch (v.kind) {
      case 'bool':
        return (((memory.u8[v.values + (i >> 3)] ?? 0) >> (i & 7)) & 1) === 1;
      case 'int32':
        return memory.i32[v.values / 4 + i] ?? null;
      case 'float64':
        return memory.f64[v.values / 8 + i] ?? null;
      case 'int64':
      case 'timestamp':
        return memory.i64[v.values / 8 + i] ?? null;
      default: {
        const bytes = memory.u8.slice(v.values + (memory.i32[v.offsets / 4 + i] ?? 0), v.values + (memory.i32[v.offsets / 4 + i + 1] ?? 0));
        return v.kind === 'utf8' ? new TextDecoder().decode(bytes) : bytes;
      }
    }
  });
}

export function rowsOf(ws: Workspace, batch: Batch): KeyValue[][] {
  const columns = batch.columns.map((v) => valuesOf(ws, v, batch.rows));
  return Array.from({ length: batch.rows }, (_, i) => columns.map((c) => c[i] ?? null));
}
