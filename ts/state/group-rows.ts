import type { Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { layoutOf, type Kind } from '../columns/schema.js';
import { checkColumnBytes } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import type { KeyShape } from './key-words.js';

/** Rows of groups, to be read as columns: `ats` is u32[count], their addresses. What is read lies in scratch. */
export interface GroupRows {
  readonly ws: Workspace;
  readonly ats: Address;
  readonly count: number;
}

/** Which bits of a word tell that a value is there. `bits` 0: any. */
export interface Presence {
  readonly offset: number;
  readonly bits: number;
  readonly invert: boolean;
}

/** The key's columns, as they were before they became words. */
export function readKeys(rows: GroupRows, shape: KeyShape): Vector[] {
  return shape.fields.map((f, i) =>
    readWord(rows, i * 8, f.kind, f.nullable ? { offset: shape.fields.length * 8, bits: 2 ** i, invert: true } : undefined),
  );
}

/** A word of each row as a column of the given kind, null where it is not present. */
export function readWord(rows: GroupRows, offset: number, kind: Kind, presence?: Presence, ordered = false): Vector {
  const { ws, ats, count } = rows;
  const { kernels } = ws;
  const validity = presence === undefined ? NONE : readPresence(rows, presence);
  if (layoutOf(kind) === 'bytes') {
    const bytes = kernels.group_rows_length(ats, offset, count);
    checkColumnBytes(bytes);
    const offsets = ws.alloc((count + 1) * 4);
    const values = ws.alloc(bytes);
    kernels.group_rows_bytes(ats, offset, count, offsets, values);
    return { kind, validity, offsets, values };
  }
  const values = ws.alloc(count * 8);
  if (kind === 'bool') kernels.group_rows_bits(ats, offset, 1, 0, count, values);
  else if (kind === 'int32') kernels.group_rows_i32(ats, offset, count, values);
  else if (kind === 'float64' && ordered) kernels.group_rows_ordered_f64(ats, offset, count, values);
  else kernels.group_rows_i64(ats, offset, count, values);
  return { kind, validity, offsets: NONE, values };
}

/** A validity bitmap, or NONE when every value is there. */
export function readPresence(rows: GroupRows, presence: Presence): Address {
  const { ws, ats, count } = rows;
  const out = ws.alloc(Math.ceil(count / 64) * 8);
  return ws.kernels.group_rows_bits(ats, presence.offset, presence.bits, presence.invert ? 1 : 0, count, out) === 0 ? NONE : out;
}
