import {
  DataType,
  DateUnit,
  TimeUnit,
  Vector,
  type Data,
  Field as ArrowField,
  type RecordBatch,
  type Schema as ArrowSchema,
} from 'apache-arrow';
import { assert } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import { MAX_TIME_MS } from '../core/limits.js';
import { countBits, getBit, shiftBits } from './bits.js';
import { ColumnWriter } from './column-writer.js';
import { concatVectors, type DetachedBatch, type DetachedVector } from './detached.js';
import { listFromArrow } from './arrow-lists.js';
import {
  bitmapBytes,
  isList,
  isScalar,
  itemOf,
  listOf,
  valueBytes,
  type Field,
  type Kind,
  type ScalarKind,
  type Schema,
} from './schema.js';
import type { Value } from './values.js';

const SUPPORTED =
  'bool, integers, float32, float64, utf8, binary, timestamp and date, each also large, as a view or dictionary-encoded, and lists of these';

/** The kind that holds an Arrow type's values, or undefined if none does. */
export function kindOfArrow(type: DataType): Kind | undefined {
  if (DataType.isDictionary(type)) return kindOfArrow(type.dictionary);
  if (DataType.isBool(type)) return 'bool';
  if (DataType.isInt(type)) return type.bitWidth < 32 || (type.bitWidth === 32 && type.isSigned) ? 'int32' : 'int64';
  if (DataType.isFloat(type)) return type.precision === 0 ? undefined : 'float64';
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type)) return 'utf8';
  if (DataType.isBinary(type) || DataType.isLargeBinary(type) || DataType.isBinaryView(type)) return 'binary';
  if (DataType.isTimestamp(type) || DataType.isDate(type)) return 'timestamp';
  if (isArrowList(type)) {
    const item = kindOfArrow((type.children[0] as ArrowField).type);
    return item !== undefined && isScalar(item) ? listOf(item) : undefined;
  }
  return undefined;
}

function isArrowList(type: DataType): boolean {
  return DataType.isList(type) || DataType.isFixedSizeList(type);
}

/** The schema that all columns of an Arrow schema have; refuses types that no kind holds, naming the column. */
export function schemaFromArrow(schema: ArrowSchema): Schema {
  return Object.freeze(
    schema.fields.map((f) => {
      const kind = kindOfArrow(f.type);
      if (kind === undefined) throw unsupported(f);
      return Object.freeze({ name: f.name, kind, nullable: f.nullable });
    }),
  );
}

/**
 * A record batch's rows: over its own buffers where their layout is ours (so its bytes must not change), converted
 * where not. `schema` picks columns by name and may widen: int32 to int64 or float64, int64 to timestamp (milliseconds), and
 * so the items of lists.
 * Throws `plan.unknown-column` and `plan.wrong-type` for columns that do not match it, `value.invalid` for nulls where
 * it allows none and for values that the kind cannot hold.
 */
export function fromRecordBatch(batch: RecordBatch, schema: Schema = schemaFromArrow(batch.schema)): DetachedBatch {
  const rows = batch.numRows;
  const columns = schema.map((field) => {
    const name = field.path ?? field.name;
    const at = batch.schema.fields.findIndex((f) => f.name === name);
    const source = batch.schema.fields[at];
    if (source === undefined) {
      const names = batch.schema.fields.map((f) => f.name).join(', ');
      throw new MillraceError('plan.unknown-column', `there is no column ${name} in the Arrow data; there are ${names}`);
    }
    const data = batch.data.children[at];
    assert(data !== undefined && data.length >= rows, 'a record batch has a column for each field');
    const own = data.length === rows ? data : data.slice(0, rows);
    const found = isList(field.kind) && isArrowList(source.type) ? convertList(own, source, itemOf(field.kind)) : convert(own, source);
    return checkNulls(widen(found, field.kind, source, rows), field, rows);
  });
  return { schema, rows, columns, times: undefined, ops: undefined };
}

function convert(data: Data, source: ArrowField): DetachedVector {
  const { type, length } = data;
  const kind = kindOfArrow(type);
  if (kind === undefined) throw unsupported(source);
  if (isList(kind)) return convertList(data, source, itemOf(kind));
  if (DataType.isDictionary(type)) return decodeDictionary(data, source, kind);
  if (DataType.isUtf8View(type) || DataType.isBinaryView(type)) return byValue(data, kind);
  const validity = validityOf(data);
  if (DataType.isBool(type)) return { kind, validity, offsets: undefined, values: bitsAt(data.values as Uint8Array, data.offset, length) };
  if (kind === 'utf8' || kind === 'binary') return bytesVector(data, kind, validity, source);
  return { kind, validity, offsets: undefined, values: fixedWidth(data, source, validity) };
}

/** `wanted`: what its items become. */
function convertList(data: Data, source: ArrowField, wanted: ScalarKind): DetachedVector {
  const { type, length } = data;
  const child = data.children[0];
  if (length === 0 || child === undefined)
    return { kind: listOf(wanted), validity: undefined, offsets: new Int32Array(1), values: new Uint8Array(0) };
  const field = type.children[0] as ArrowField;
  const named = new ArrowField(`${source.name}[]`, field.type, field.nullable);
  const ends = listEnds(data, source);
  const first = ends[0] as number;
  const items = (ends[length] as number) - first;
  const found = widen(convert(child.slice(first, items), named), wanted, named, items);
  return listFromArrow(source.name, wanted, length, first === 0 ? ends : ends.map((end) => end - first), found, validityOf(data));
}

/** Where each row's items begin and end, in items. */
function listEnds(data: Data, source: ArrowField): Int32Array {
  const { type, length } = data;
  const items = (data.children[0] as Data).length;
  const { listSize } = type as { readonly listSize?: number };
  const offsets = data.valueOffsets as Int32Array | undefined;
  const ends =
    listSize === undefined
      ? (offsets?.subarray(0, length + 1) ?? new Int32Array(0))
      : Int32Array.from({ length: length + 1 }, (_, i) => i * listSize);
  if (ends.length <= length || (ends[0] as number) < 0 || (ends[length] as number) > items || !ascends(ends, length)) {
    throw new MillraceError('record.malformed', `column ${source.name}: the Arrow data's list offsets do not fit its ${items} items`);
  }
  return ends;
}

function fixedWidth(data: Data, source: ArrowField, validity: Uint8Array | undefined): Uint8Array {
  const { type, length, values } = data;
  if (DataType.isTimestamp(type)) {
    const divisor = [undefined, undefined, 1_000n, 1_000_000n][type.unit];
    const times = scaled(values as BigInt64Array, length, type.unit === TimeUnit.SECOND ? 1_000n : 1n, divisor);
    return checkTimes(times, length, source, validity);
  }
  if (DataType.isDate(type)) {
    const times =
      type.unit === DateUnit.DAY
        ? BigInt64Array.from({ length }, (_, i) => BigInt((values as Int32Array)[i] as number) * 86_400_000n)
        : scaled(values as BigInt64Array, length, 1n, undefined);
    return checkTimes(times, length, source, validity);
  }
  if (DataType.isFloat(type)) {
    return asBytes(
      values instanceof Float64Array ? values.subarray(0, length) : Float64Array.from((values as Float32Array).subarray(0, length)),
    );
  }
  if (values instanceof Int32Array || values instanceof BigInt64Array) return asBytes(values.subarray(0, length));
  if (values instanceof BigUint64Array) return checkUnsigned(values.subarray(0, length), source, validity);
  const small = (values as Uint8Array).subarray(0, length);
  return asBytes(
    values instanceof Uint32Array ? BigInt64Array.from({ length }, (_, i) => BigInt(small[i] as number)) : Int32Array.from(small),
  );
}

/** Times in milliseconds, rounded down; the same array where nothing changes. */
function scaled(values: BigInt64Array, length: number, factor: bigint, divisor: bigint | undefined): BigInt64Array {
  const source = values.length === length ? values : values.subarray(0, length);
  if (factor !== 1n) return source.map((t) => t * factor);
  if (divisor === undefined) return source;
  return source.map((t) => (t >= 0n || t % divisor === 0n ? t / divisor : t / divisor - 1n));
}

function checkTimes(times: BigInt64Array, length: number, source: ArrowField, validity: Uint8Array | undefined): Uint8Array {
  const limit = BigInt(MAX_TIME_MS);
  for (let i = 0; i < length; i++) {
    const time = times[i] as bigint;
    if ((time > limit || time < -limit) && isValid(validity, i)) {
      throw new MillraceError(
        'value.invalid',
        `row ${i}, column ${source.name}: ${time} ms lies beyond the times that a timestamp may have, ±8.64e15`,
      );
    }
  }
  return asBytes(times);
}

function checkUnsigned(values: BigUint64Array, source: ArrowField, validity: Uint8Array | undefined): Uint8Array {
  const row = values.findIndex((value, i) => value > 0x7fff_ffff_ffff_ffffn && isValid(validity, i));
  if (row >= 0)
    throw new MillraceError('value.overflow', `row ${row}, column ${source.name}: ${values[row]} is more than an int64 can hold`);
  return asBytes(values);
}

/** Offsets that begin at 0 and values that begin with the first row; nulls have length 0. */
function bytesVector(data: Data, kind: Kind, validity: Uint8Array | undefined, source: ArrowField): DetachedVector {
  const { length } = data;
  const found = data.valueOffsets as Int32Array | BigInt64Array | undefined;
  const values = (data.values as Uint8Array | undefined) ?? new Uint8Array(0);
  if (length === 0 || found === undefined || found.length === 0) return { kind, validity, offsets: new Int32Array(length + 1), values };
  const first = Number(found[0]);
  const last = Number(found[length]);
  if (found.length <= length || first < 0 || last > values.length || !ascends(found, length)) {
    throw new MillraceError('record.malformed', `column ${source.name}: the Arrow data's offsets do not fit its ${values.length} bytes`);
  }
  if (last - first > 0x7fff_ffff) {
    throw new MillraceError(
      'value.overflow',
      `column ${source.name}: a batch holds ${last - first} bytes of it, more than the 2147483647 that a column can hold; write smaller batches`,
    );
  }
  const offsets =
    first === 0 && found instanceof Int32Array
      ? found.subarray(0, length + 1)
      : Int32Array.from({ length: length + 1 }, (_, i) => Number(found[i]) - first);
  const vector = { kind, validity, offsets, values: values.subarray(first, last) };
  return validity === undefined || nullsAreEmpty(offsets, validity, length) ? vector : emptyNulls(vector, validity, length);
}

function ascends(offsets: Int32Array | BigInt64Array, length: number): boolean {
  for (let i = 0; i < length; i++) if ((offsets[i + 1] as number) < (offsets[i] as number)) return false;
  return true;
}

function nullsAreEmpty(offsets: Int32Array, validity: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (offsets[i + 1] !== offsets[i] && !getBit(validity, 0, i)) return false;
  return true;
}

function emptyNulls(vector: DetachedVector, validity: Uint8Array, length: number): DetachedVector {
  const order = Int32Array.from({ length }, (_, i) => (getBit(validity, 0, i) ? i : -1));
  return takeDetached(vector, order);
}

/** Every chunk of the dictionary as one column, then its entries by index. */
function decodeDictionary(data: Data, source: ArrowField, kind: Kind): DetachedVector {
  const chunks = (data.dictionary?.data ?? []).filter((chunk) => chunk.length > 0);
  const entries = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const parts = chunks.map((chunk) => ({ rows: chunk.length, vector: convert(chunk, source) }));
  const dictionary = parts.length === 1 ? (parts[0]?.vector as DetachedVector) : concatVectors(kind, entries, parts);
  const validity = validityOf(data);
  const indices = data.values as Int32Array | BigInt64Array;
  const order = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const entry = isValid(validity, i) ? Number(indices[i]) : -1;
    if (entry >= entries || entry < -1) {
      throw new MillraceError(
        'record.malformed',
        `row ${i}, column ${source.name}: dictionary entry ${entry} of a dictionary of ${entries}`,
      );
    }
    order[i] = entry;
  }
  return takeDetached(dictionary, order);
}

/** The rows by number, in this order; -1 is null. */
function takeDetached(vector: DetachedVector, order: Int32Array): DetachedVector {
  const { kind } = vector;
  const rows = order.length;
  const validity = new Uint8Array(bitmapBytes(rows));
  let nulls = 0;
  for (let i = 0; i < rows; i++) {
    const from = order[i] as number;
    if (from < 0 || !isValid(vector.validity, from)) nulls++;
    else validity[i >>> 3] = (validity[i >>> 3] as number) | (1 << (i & 7));
  }
  const kept = nulls === 0 ? undefined : validity;
  if (vector.offsets !== undefined) return { kind, validity: kept, ...takeBytes(vector.values, vector.offsets, order, kept) };
  const values = new Uint8Array(valueBytes(kind, rows));
  const width = valueBytes(kind, 64) / 64;
  for (let i = 0; i < rows; i++) {
    if (!isValid(kept, i)) continue;
    const from = order[i] as number;
    if (width >= 1) values.set(vector.values.subarray(from * width, (from + 1) * width), i * width);
    else if (getBit(vector.values, 0, from)) values[i >>> 3] = (values[i >>> 3] as number) | (1 << (i & 7));
  }
  return { kind, validity: kept, offsets: undefined, values };
}

function takeBytes(
  values: Uint8Array,
  offsets: Int32Array,
  order: Int32Array,
  validity: Uint8Array | undefined,
): { offsets: Int32Array; values: Uint8Array } {
  const rows = order.length;
  const to = new Int32Array(rows + 1);
  for (let i = 0; i < rows; i++) {
    const from = order[i] as number;
    const bytes = isValid(validity, i) ? (offsets[from + 1] as number) - (offsets[from] as number) : 0;
    const end = (to[i] as number) + bytes;
    if (end > 0x7fff_ffff)
      throw new MillraceError(
        'value.overflow',
        'a dictionary-encoded column holds more than 2147483647 bytes in one batch; write smaller batches',
      );
    to[i + 1] = end;
  }
  const out = new Uint8Array(to[rows] as number);
  for (let i = 0; i < rows; i++) {
    if (!isValid(validity, i)) continue;
    const from = order[i] as number;
    out.set(values.subarray(offsets[from], offsets[from + 1]), to[i]);
  }
  return { offsets: to, values: out };
}

/** Types whose layout is far from ours. */
function byValue(data: Data, kind: Kind): DetachedVector {
  const writer = new ColumnWriter(kind);
  const vector = new Vector([data]);
  for (let i = 0; i < data.length; i++) writer.write(i, vector.get(i) as Value);
  return writer.vector(data.length);
}

function widen(vector: DetachedVector, to: Kind, source: ArrowField, rows: number): DetachedVector {
  const { kind } = vector;
  if (kind === to) return vector;
  const { validity } = vector;
  if (kind === 'int32' && (to === 'int64' || to === 'float64')) {
    const values = new Int32Array(vector.values.buffer, vector.values.byteOffset, rows);
    const wide = to === 'float64' ? Float64Array.from(values) : BigInt64Array.from({ length: rows }, (_, i) => BigInt(values[i] as number));
    return { kind: to, validity, offsets: undefined, values: asBytes(wide) };
  }
  if (kind === 'int64' && to === 'timestamp') {
    const times = new BigInt64Array(vector.values.buffer, vector.values.byteOffset, rows);
    return { kind: 'timestamp', validity, offsets: undefined, values: checkTimes(times, rows, source, validity) };
  }
  throw new MillraceError('plan.wrong-type', `column ${source.name} is ${source.type} in the Arrow data, which cannot be read as ${to}`);
}

function checkNulls(vector: DetachedVector, field: Field, rows: number): DetachedVector {
  const { validity } = vector;
  if (field.nullable || validity === undefined) return vector;
  for (let i = 0; i < rows; i++) {
    if (!getBit(validity, 0, i)) throw new MillraceError('value.invalid', `row ${i}, column ${field.name} is null: it is not nullable`);
  }
  return { ...vector, validity: undefined };
}

/** The bitmap of valid rows, from bit 0; none when no row is null. */
function validityOf(data: Data): Uint8Array | undefined {
  const { nullBitmap, length, offset } = data;
  if (!nullBitmap || nullBitmap.length === 0) return undefined;
  const bits = bitsAt(nullBitmap, offset, length);
  return countBits(bits, 0, length) === length ? undefined : bits;
}

function bitsAt(bits: Uint8Array, offset: number, length: number): Uint8Array {
  if (offset % 8 !== 0) return shiftBits(bits, offset, length);
  return bits.subarray(offset / 8, offset / 8 + bitmapBytes(length));
}

function isValid(validity: Uint8Array | undefined, row: number): boolean {
  return validity === undefined || getBit(validity, 0, row);
}

function asBytes(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function unsupported(field: ArrowField): MillraceError {
  return new MillraceError(
    'plan.wrong-type',
    `column ${field.name} is ${field.type} in the Arrow data, which no column type here holds; read are ${SUPPORTED}; leave the column out of the schema`,
  );
}
