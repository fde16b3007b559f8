import {
  Binary,
  Bool,
  Field as ArrowField,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  Schema as ArrowSchema,
  Struct,
  TimestampMillisecond,
  Utf8,
  type Data,
  type DataType,
} from 'apache-arrow';
import { unreachable } from '../core/assert.js';
import { OP_NAMES } from './batch.js';
import { countBits } from './bits.js';
import type { DetachedBatch, DetachedVector } from './detached.js';
import { listForArrow } from './arrow-lists.js';
import { isList, itemOf, valueBytes, type Kind, type Schema } from './schema.js';

/** The Arrow type that a kind has: timestamps are milliseconds without a zone. */
export function arrowTypeOf(kind: Kind): DataType {
  if (isList(kind)) return new List(new ArrowField('item', arrowTypeOf(itemOf(kind)), false));
  switch (kind) {
    case 'bool':
      return new Bool();
    case 'int32':
      return new Int32();
    case 'int64':
      return new Int64();
    case 'float64':
      return new Float64();
    case 'utf8':
      return new Utf8();
    case 'binary':
      return new Binary();
    case 'timestamp':
      return new TimestampMillisecond();
    default:
      return unreachable(kind);
  }
}

/** The Arrow schema of a stream; one of changes begins with a column `op` of '+I', '-U', '+U' and '-D'. */
export function schemaToArrow(schema: Schema, changes = false): ArrowSchema {
  const fields = schema.map((f) => new ArrowField(f.name, arrowTypeOf(f.kind), f.nullable));
  return new ArrowSchema(changes ? [new ArrowField('op', new Utf8(), false), ...fields] : fields);
}

/**
 * A record batch over the very buffers of a detached batch. `schema`, made once by schemaToArrow, spares building it
 * for each batch; it must be that of the batch.
 */
export function toRecordBatch(
  batch: DetachedBatch,
  schema: ArrowSchema = schemaToArrow(batch.schema, batch.ops !== undefined),
): RecordBatch {
  const { rows } = batch;
  const changes = schema.fields.length > batch.columns.length;
  const columns: Data[] = batch.columns.map((vector, c) => toData(vector, (schema.fields[changes ? c + 1 : c] as ArrowField).type, rows));
  const children = changes ? [opsData(batch.ops, rows), ...columns] : columns;
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children }));
}

function toData(vector: DetachedVector, type: DataType, length: number): Data {
  const { kind, validity, offsets, values } = vector;
  const nullCount = validity === undefined ? 0 : length - countBits(validity, 0, length);
  const nulls = { length, nullCount, nullBitmap: nullCount === 0 ? null : validity };
  if (isList(kind)) {
    const { offsets: valueOffsets, items, child } = listForArrow(itemOf(kind), offsets ?? new Int32Array(1), values, length);
    return makeData({ type: type as List, ...nulls, valueOffsets, child: toData(child, (type as List).valueType as DataType, items) });
  }
  switch (kind) {
    case 'bool':
      return makeData({ type: type as Bool, ...nulls, data: values.subarray(0, valueBytes(kind, length)) });
    case 'int32':
      return makeData({ type: type as Int32, ...nulls, data: new Int32Array(values.buffer, values.byteOffset, length) });
    case 'int64':
      return makeData({ type: type as Int64, ...nulls, data: new BigInt64Array(values.buffer, values.byteOffset, length) });
    case 'timestamp':
      return makeData({ type: type as TimestampMillisecond, ...nulls, data: new BigInt64Array(values.buffer, values.byteOffset, length) });
    case 'float64':
      return makeData({ type: type as Float64, ...nulls, data: new Float64Array(values.buffer, values.byteOffset, length) });
    case 'utf8':
      return makeData({ type: type as Utf8, ...nulls, ...bytesOf(offsets, values, length) });
    case 'binary':
      return makeData({ type: type as Binary, ...nulls, ...bytesOf(offsets, values, length) });
    default:
      return unreachable(kind);
  }
}

function bytesOf(
  offsets: Int32Array = new Int32Array(1),
  values: Uint8Array,
  length: number,
): { valueOffsets: Int32Array; data: Uint8Array } {
  return { valueOffsets: offsets.subarray(0, length + 1), data: values.subarray(0, offsets[length] as number) };
}

function opsData(ops: Uint8Array | undefined, length: number): Data<Utf8> {
  const valueOffsets = Int32Array.from({ length: length + 1 }, (_, i) => i * 2);
  const data = new TextEncoder().encode(Array.from({ length }, (_, i) => OP_NAMES[ops?.[i] ?? 0]).join(''));
  return makeData({ type: new Utf8(), length, nullCount: 0, valueOffsets, data });
}
