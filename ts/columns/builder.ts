import { assert } from '../core/assert.js';
import { MillraceError, type ErrorCode } from '../core/errors.js';
import { MAX_TIME_MS } from '../core/limits.js';
import { OP_NAMES, type Batch } from './batch.js';
import { ColumnWriter } from './column-writer.js';
import { attach, type DetachedBatch } from './detached.js';
import type { Space } from './memory.js';
import { describeSchema, fieldIndex, isList, itemOf, type Field, type Kind, type Schema } from './schema.js';
import { describeValue, expectedOf, fits, isTime, misfit, normalised } from './values.js';

export interface BatchBuilderOptions {
  /** A timestamp column that is also the rows' event time. */
  readonly timeColumn?: string | undefined;
  /** Rows carry an operation: their property `op`, '+I' where missing. */
  readonly changes?: boolean | undefined;
  /** What errors call a row, before its number: `row`, as in `row 5`, unless set. */
  readonly rowsAre?: string | undefined;
  /** How errors name a row that has no number worth telling. */
  readonly rowIs?: string | undefined;
  /** The code of those errors: `value.invalid`, unless set. */
  readonly code?: ErrorCode | undefined;
}

/** What a batch's row carries beside its values. */
export interface RowMeta {
  /** Epoch milliseconds. */
  readonly time?: number | undefined;
  readonly clock?: number | undefined;
  /** Of OPS. */
  readonly op?: number | undefined;
  readonly position?: bigint | undefined;
}

const NO_META: RowMeta = Object.freeze({});

/** Rows as plain values, made a batch. See BatchBuilder for what values may be. */
export function rowsToBatch(
  space: Space,
  schema: Schema,
  rows: readonly Readonly<Record<string, unknown>>[],
  options?: BatchBuilderOptions,
): Batch {
  const builder = new BatchBuilder(schema, options);
  for (const row of rows) builder.append(row);
  return builder.finish(space);
}

/** The same, in ordinary memory. */
export function rowsToDetached(
  schema: Schema,
  rows: readonly Readonly<Record<string, unknown>>[],
  options?: BatchBuilderOptions,
): DetachedBatch {
  const builder = new BatchBuilder(schema, options);
  for (const row of rows) builder.append(row);
  return builder.finishDetached();
}

/**
 * Collects rows that users wrote, checks each value against its column's kind, and makes batches of them. int64 takes
 * bigint and safe whole numbers, timestamp numbers and Dates; missing, undefined and null are null where the column
 * is nullable. Properties that are no columns are left out. A row that was refused leaves no trace.
 */
export class BatchBuilder {
  readonly schema: Schema;
  readonly #options: BatchBuilderOptions;
  readonly #timeColumn: number;
  #writers: ColumnWriter[];
  #times: number[] = [];
  #clocks: number[] = [];
  #positions: bigint[] = [];
  #ops: number[] = [];
  #rows = 0;
  /** Rows of batches that were finished before, so that errors can count through. */
  #finished = 0;
  #timed = false;
  #clocked = false;
  #changed: boolean;

  constructor(schema: Schema, options: BatchBuilderOptions = {}) {
    this.schema = schema;
    this.#options = options;
    this.#changed = options.changes === true;
    this.#timeColumn = options.timeColumn === undefined ? -1 : timeColumnOf(schema, options.timeColumn);
    this.#writers = schema.map((f) => new ColumnWriter(f.kind));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes of the rows' values so far. */
  get bytes(): number {
    let bytes = 0;
    for (const writer of this.#writers) bytes += writer.bytes(this.#rows);
    return bytes;
  }

  /** Appends a row. Throws `value.invalid` naming row, column, what was found and what was expected. */
  append(row: Readonly<Record<string, unknown>>, meta: RowMeta = NO_META): void {
    if (typeof row !== 'object' || row === null || Array.isArray(row) || row instanceof Promise) {
      throw this.#fault(`expected an object with ${describeSchema(this.schema)}; found ${describeValue(row)}`);
    }
    const { schema } = this;
    for (let c = 0; c < schema.length; c++) {
      const field = schema[c] as Field;
      this.#write(c, field, row[field.name], row);
    }
    const time = this.#timeColumn < 0 ? meta.time : asTime(row[(schema[this.#timeColumn] as Field).name]);
    this.#close(time, meta, this.#options.changes === true ? this.#opOf(row) : meta.op);
  }

  /** Appends a row given as values in the schema's order. */
  appendValues(values: readonly unknown[], meta: RowMeta = NO_META): void {
    const { schema } = this;
    if (values.length !== schema.length) throw this.#fault(`expected ${schema.length} values, found ${values.length}`);
    for (let c = 0; c < schema.length; c++) this.#write(c, schema[c] as Field, values[c]);
    const time = this.#timeColumn < 0 ? meta.time : asTime(values[this.#timeColumn]);
    this.#close(time, meta, meta.op);
  }

  /** The rows so far, as a batch in `space`; the builder starts anew. */
  finish(space: Space): Batch {
    const batch = attach(space, this.#detached());
    for (const writer of this.#writers) writer.clear();
    this.#restart();
    return batch;
  }

  /** The rows so far, as a batch of ordinary memory; the builder starts anew. */
  finishDetached(): DetachedBatch {
    const batch = this.#detached();
    this.#writers = this.schema.map((f) => new ColumnWriter(f.kind));
    this.#restart();
    return batch;
  }

  #detached(): DetachedBatch {
    const rows = this.#rows;
    return {
      schema: this.schema,
      rows,
      columns: this.#writers.map((writer) => writer.vector(rows)),
      times: this.#timed || this.#timeColumn >= 0 ? toInt64(this.#times) : undefined,
      ops: this.#changed ? Uint8Array.from(this.#ops) : undefined,
      clocks: this.#clocked ? toInt64(this.#clocks) : undefined,
      positions: this.#positions.length > 0 ? BigInt64Array.from(this.#positions) : undefined,
    };
  }

  #restart(): void {
    this.#finished += this.#rows;
    this.#rows = 0;
    this.#times = [];
    this.#clocks = [];
    this.#positions = [];
    this.#ops = [];
    this.#timed = false;
    this.#clocked = false;
    this.#changed = this.#options.changes === true;
  }

  #write(column: number, field: Field, found: unknown, row?: Readonly<Record<string, unknown>>): void {
    const writer = this.#writers[column] as ColumnWriter;
    if (found === null || found === undefined) {
      if (!field.nullable || column === this.#timeColumn) throw this.#missing(field, found, row);
      writer.write(this.#rows, null);
      return;
    }
    if (!fits(field.kind, found)) throw this.#misfit(field, found);
    writer.write(this.#rows, normalised(field.kind, found));
  }

  /** After a row's values: what else it carries. Rows with and without a time do not mix in one batch. */
  #close(time: number | undefined, meta: RowMeta, op: number | undefined): void {
    if (time !== undefined) {
      assert(this.#timed || this.#rows === 0, 'rows with and without event time in one batch');
      this.#timed = true;
      this.#times.push(time);
    } else {
      assert(!this.#timed, 'rows with and without event time in one batch');
    }
    if (meta.clock !== undefined && !this.#clocked) {
      assert(this.#rows === 0, 'rows with and without a clock in one batch');
      this.#clocked = true;
    }
    if (this.#clocked) {
      assert(meta.clock !== undefined, 'rows with and without a clock in one batch');
      this.#clocks.push(meta.clock);
    }
    if (meta.position !== undefined) this.#positions.push(meta.position);
    const placed = this.#positions.length === this.#rows + 1;
    assert(placed || this.#positions.length === 0, 'rows with and without a position in one batch');
    if (op !== undefined && op !== 0) this.#changed = true;
    this.#ops.push(op ?? 0);
    this.#rows++;
  }

  #opOf(row: Readonly<Record<string, unknown>>): number {
    const name = row['op'];
    if (name === undefined) return 0;
    const op = (OP_NAMES as readonly unknown[]).indexOf(name);
    if (op < 0) throw this.#fault(`op: expected ${OP_NAMES.join(', ')}; found ${describeValue(name)}`);
    return op;
  }

  #misfit({ name, kind }: Field, found: unknown): MillraceError {
    const item = isList(kind) && Array.isArray(found) ? itemOf(kind) : undefined;
    if (item === undefined)
      return this.#fault(`column ${name}: expected ${expectedOf(kind)}; found ${describeValue(found)}${adviceFor(kind, found)}`);
    const values = found as unknown[];
    const at = misfit(item, values);
    const value = values[at];
    const advice = value === null || value === undefined ? '; a list holds no nulls' : adviceFor(item, value);
    return this.#fault(`column ${name}, item ${at}: expected ${expectedOf(item)}; found ${describeValue(value)}${advice}`);
  }

  #missing(field: Field, found: unknown, row: Readonly<Record<string, unknown>> | undefined): MillraceError {
    const others = row === undefined ? [] : Object.keys(row).filter((key) => fieldIndex(this.schema, key) < 0);
    const hint =
      found === undefined && others.length > 0
        ? `; the row's ${others.slice(0, 5).join(', ')} ${others.length === 1 ? 'is no column' : 'are no columns'}`
        : '';
    const must = field.nullable ? 'it is the event time, which every row needs' : `it is not nullable and takes ${expectedOf(field.kind)}`;
    return this.#fault(`column ${field.name} is ${found === null ? 'null' : 'missing'}: ${must}${hint}`);
  }

  #fault(what: string): MillraceError {
    const { rowsAre = 'row', rowIs = `${rowsAre} ${this.#finished + this.#rows}`, code = 'value.invalid' } = this.#options;
    return new MillraceError(code, `${rowIs}: ${what}`);
  }
}

function timeColumnOf(schema: Schema, name: string): number {
  const column = fieldIndex(schema, name);
  if (column < 0)
    throw new MillraceError('plan.unknown-column', `event time: there is no column ${name}; there are ${describeSchema(schema)}`);
  if (schema[column]?.kind !== 'timestamp') {
    throw new MillraceError('plan.wrong-type', `event time: column ${name} is ${schema[column]?.kind}; expected timestamp`);
  }
  return column;
}

function asTime(value: unknown): number {
  return value instanceof Date ? value.getTime() : (value as number);
}

function adviceFor(kind: Kind, found: unknown): string {
  if (typeof found === 'bigint' && (kind === 'int32' || kind === 'float64')) return '; convert it with Number(value)';
  if (typeof found === 'number' && kind === 'int32' && Number.isInteger(found)) return '; make the column int64 or float64';
  if (typeof found === 'number' && kind === 'int64' && Number.isInteger(found)) return '; give it as a bigint';
  if (kind === 'timestamp' && typeof found === 'string') return '; convert it with Date.parse(value)';
  if (kind === 'timestamp' && typeof found === 'number' && Math.abs(found) <= MAX_TIME_MS) return '; round it with Math.floor(value)';
  return '';
}

function toInt64(times: readonly number[]): BigInt64Array {
  const out = new BigInt64Array(times.length);
  for (let i = 0; i < times.length; i++) {
    const time = times[i] as number;
    // Clocks may be ±Infinity before the first watermark; int64's own ends stand for them.
    out[i] = isTime(time) ? BigInt(time) : time > 0 ? 9_223_372_036_854_775_807n : -9_223_372_036_854_775_808n;
  }
  return out;
}
