import type { Batch, Vector } from '../columns/batch.js';
import { getBit } from '../columns/bits.js';
import { NONE, type Memory } from '../columns/memory.js';
import { countItems } from '../columns/list-items.js';
import { describeSchema, isList, itemOf, layoutOf, type Field } from '../columns/schema.js';

/** What is wrong with a batch's layout, in words; undefined if nothing is. */
export function faultOfBatch(memory: Memory, batch: Batch): string | undefined {
  const { schema, rows, columns } = batch;
  if (!Number.isInteger(rows) || rows < 0) return `a batch of ${rows} rows`;
  if (columns.length !== schema.length) return `${columns.length} columns for the schema ${describeSchema(schema)}`;
  for (const [c, field] of schema.entries()) {
    const fault = faultOfColumn(memory, columns[c] as Vector, field, rows);
    if (fault !== undefined) return `column ${field.name}: ${fault}`;
  }
  if (batch.ops !== NONE)
    for (let i = 0; i < rows; i++)
      if ((memory.u8[batch.ops + i] as number) > 3) return `row ${i} has the operation ${memory.u8[batch.ops + i]}`;
  return undefined;
}

function faultOfColumn(memory: Memory, vector: Vector, field: Field, rows: number): string | undefined {
  const { kind, validity, offsets, values } = vector;
  if (kind !== field.kind) return `is ${kind} where the schema says ${field.kind}`;
  const isValid = (row: number): boolean => validity === NONE || getBit(memory.u8, validity, row);
  if (!field.nullable) for (let i = 0; i < rows; i++) if (!isValid(i)) return `row ${i} is null, and the column is not nullable`;
  if (layoutOf(kind) !== 'bytes') return values === NONE && rows > 0 ? 'has no values' : undefined;
  if (offsets === NONE) return 'has no offsets';
  if (memory.i32[offsets / 4] !== 0) return `its offsets begin at ${memory.i32[offsets / 4]}, not at 0`;
  for (let i = 0; i < rows; i++) {
    const length = (memory.i32[offsets / 4 + i + 1] as number) - (memory.i32[offsets / 4 + i] as number);
    if (length < 0) return `row ${i} has the length ${length}`;
    if (length > 0 && !isValid(i)) return `row ${i} is null and has the length ${length}`;
    const from = values + (memory.i32[offsets / 4 + i] as number);
    if (isList(kind) && countItems(itemOf(kind), memory.u8, from, from + length) === undefined)
      return `row ${i} has ${length} bytes, which are no whole items of ${kind}`;
  }
  return undefined;
}
