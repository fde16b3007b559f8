import type { Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { bitmapBytes, layoutOf, valueBytes, type Field } from '../columns/schema.js';
import { assert } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { CONTEXT_BYTES, FORMAT_NUMBERS, KIND_NUMBERS } from './json-layout.js';
import { decodedKind, type BadRecord, type Decoded, type DecoderOptions, type RowDecoder } from './decoder.js';
import { takeVector } from './selection.js';
import type { Workspace } from './workspace.js';

export interface CsvDecoderOptions extends DecoderOptions {
  /** One ASCII character. */
  readonly delimiter: string;
  readonly quotedNewlines: boolean;
}

/** Which column of a file each projected field is; `columns` is how many a record has. */
export interface CsvLayout {
  readonly columns: number;
  readonly positions: readonly number[];
}

const BAD_CAPACITY = 256;
const BAD_BYTES = 16;
const STATE_BYTES = 64;

const SAW_NULL = 1;
const SAW_BAD = 2;
const SAW_HARD = 4;
const MARK_BAD = 1;

const LENGTH_MASK = 0x3fff_ffff;
const EXCERPT_BYTES = 40;
/** Text is copied in whole pieces of this many bytes. */
const PIECE_BYTES = 16;

interface DecodedCsv extends Decoded {
  readonly start: Address;
  readonly spans: Address;
  readonly capacity: number;
}

/** CSV -> columns. `useLayout` must be told the columns before the first `decode`; see assembly/kernels/csv.ts for the grammar. */
export class CsvDecoder implements RowDecoder {
  readonly #ws: Workspace;
  readonly #options: CsvDecoderOptions;
  #layout: CsvLayout = { columns: 0, positions: [] };
  /** What the number and time readers work with. */
  readonly #context: Address;
  #hardFloats = 0;

  constructor(ws: Workspace, options: CsvDecoderOptions) {
    options.fields.forEach(decodedKind);
    this.#ws = ws;
    this.#options = options;
    this.#context = ws.blocks.alloc(CONTEXT_BYTES);
    ws.memory.u8.fill(0, this.#context, this.#context + CONTEXT_BYTES);
  }

  /** `hardFloats`: numbers that needed the host's exact parser. */
  get counters(): Readonly<Record<string, number>> {
    return { hardFloats: this.#hardFloats };
  }

  useLayout(layout: CsvLayout): void {
    assert(layout.columns > 0 && layout.positions.length === this.#options.fields.length, 'a CSV layout names a column for each field');
    this.#layout = layout;
  }

  /** Records in [start, end): at most MAX_BATCH_ROWS. */
  decode(start: Address, end: Address, onBad: (record: BadRecord) => void): Decoded {
    const { fields } = this.#options;
    const { columns } = this.#layout;
    // A record has a delimiter less than columns, and a newline, which the last may lack.
    const capacity = Math.min(MAX_BATCH_ROWS, Math.ceil((end - start + 1) / columns)) + 1;
    const spans = this.#ws.alloc(capacity * fields.length * 8);
    const recordOffsets = this.#ws.alloc(capacity * 4);
    let rows = this.#scan(start, end, spans, recordOffsets, capacity, onBad);
    const marks = this.#ws.alloc(rows);
    let built = this.#convertAll(start, end, spans, capacity, rows, marks, undefined);
    if (built === undefined) {
      const reasons = new Map<number, string>();
      this.#convertAll(start, end, spans, capacity, rows, marks, reasons);
      for (const [row, reason] of [...reasons].sort((a, b) => a[0] - b[0])) onBad(this.#badRecord(start, end, recordOffsets, row, reason));
      rows = this.#without(reasons, spans, recordOffsets, capacity, rows);
      built = this.#convertAll(start, end, spans, capacity, rows, marks, undefined);
      assert(built !== undefined, 'bad CSV values were left after taking them out');
    }
    const decoded: DecodedCsv = { rows, columns: built, recordOffsets, start, spans, capacity };
    return decoded;
  }

  materialise(decoded: Decoded, selection: Address, count: number): readonly Vector[] {
    const { start, spans, capacity, columns } = decoded as DecodedCsv;
    return this.#options.fields.map((field, slot) => {
      const at = spans + slot * capacity * 8;
      const fixed = columns[slot];
      if (fixed === undefined) return this.#text(field, start, at, selection, count);
      return selection === NONE ? fixed : takeVector(this.#ws, fixed, selection, count);
    });
  }

  close(): void {
    this.#ws.blocks.free(this.#context, CONTEXT_BYTES);
  }

  #scan(
    start: Address,
    end: Address,
    spans: Address,
    recordOffsets: Address,
    capacity: number,
    onBad: (record: BadRecord) => void,
  ): number {
    const { memory, kernels } = this.#ws;
    const { columns, positions } = this.#layout;
    const slots = this.#ws.alloc(columns * 4);
    memory.i32.fill(-1, slots / 4, slots / 4 + columns);
    positions.forEach((position, slot) => {
      memory.i32[slots / 4 + position] = slot;
    });
    const state = this.#ws.alloc(STATE_BYTES);
    const bads = this.#ws.alloc(BAD_CAPACITY * BAD_BYTES);
    const { delimiter, quotedNewlines, limits } = this.#options;
    memory.u32.set(
      [
        delimiter.charCodeAt(0),
        columns,
        Number(quotedNewlines),
        limits.recordBytes,
        capacity,
        slots,
        spans,
        bads,
        recordOffsets,
        BAD_CAPACITY,
        0,
        0,
        0,
      ],
      state / 4,
    );
    for (let from = start; from < end; ) {
      kernels.csv_scan(state, start, from, end);
      const found = memory.u32[state / 4 + 11] ?? 0;
      for (let i = 0; i < found; i++) {
        const [at = 0, to = 0, code = 0, detail = 0] = memory.u32.subarray(bads / 4 + i * 4, bads / 4 + i * 4 + 4);
        onBad({ start: at, end: to, reason: this.#describe(code, detail) });
      }
      const next = memory.u32[state / 4 + 12] ?? end;
      assert(next > from, 'a CSV scan that stands still');
      from = next;
      assert(from >= end || (memory.u32[state / 4 + 10] ?? 0) < capacity, 'more CSV records than a batch may hold');
    }
    return memory.u32[state / 4 + 10] ?? 0;
  }

  #describe(code: number, found: number): string {
    const { columns } = this.#layout;
    switch (code) {
      case 1:
      case 2:
        return `expected ${columns} fields, found ${found}`;
      case 3:
        return `field ${found}: text after the closing quote`;
      case 4:
        return `field ${found}: the quote is not closed${this.#options.quotedNewlines ? '' : ' on its line'}`;
      default:
        return `the record has more than ${this.#options.limits.recordBytes} bytes`;
    }
  }

  /** Fixed-width columns, complete. Undefined when a value is bad; with `reasons` each bad row's first is told there. */
  #convertAll(
    start: Address,
    end: Address,
    spans: Address,
    capacity: number,
    rows: number,
    marks: Address,
    reasons: Map<number, string> | undefined,
  ): (Vector | undefined)[] | undefined {
    const { fields, limits } = this.#options;
    const { kernels, memory } = this.#ws;
    const columns: (Vector | undefined)[] = [];
    const ascii = kernels.bytes_is_ascii(start, end) !== 0;
    const long = end - start > limits.stringBytes;
    for (const [slot, field] of fields.entries()) {
      const at = spans + slot * capacity * 8;
      memory.u8.fill(0, marks, marks + rows);
      let seen = 0;
      if (layoutOf(field.kind) === 'bytes') {
        if (field.kind === 'binary') seen = kernels.csv_base64_check(start, at, rows, limits.stringBytes, marks, this.#context);
        else if (!ascii || long) seen = kernels.csv_text_check(start, at, rows, limits.stringBytes, Number(!ascii), marks);
        columns.push(undefined);
      } else {
        const { vector, saw } = this.#convert(field, start, at, rows, marks);
        seen = saw;
        columns.push(vector);
      }
      if ((seen & SAW_BAD) === 0) continue;
      if (reasons === undefined) return undefined;
      for (let row = 0; row < rows; row++) {
        if (memory.u8[marks + row] === MARK_BAD && !reasons.has(row)) reasons.set(row, this.#reason(field, start, at + row * 8));
      }
    }
    return columns;
  }

  #convert(field: Field, start: Address, spans: Address, rows: number, marks: Address): { vector: Vector; saw: number } {
    const { kernels } = this.#ws;
    const nullable = Number(field.nullable);
    const values = this.#ws.alloc(valueBytes(field.kind, rows));
    const validity = field.nullable ? this.#ws.alloc(bitmapBytes(rows)) : NONE;
    let saw: number;
    if (field.kind === 'bool') saw = kernels.csv_bool(start, spans, rows, nullable, values, validity, marks);
    else {
      const kind = KIND_NUMBERS[decodedKind(field)];
      const format = FORMAT_NUMBERS[field.format ?? 'auto'];
      saw = kernels.csv_values(kind, format, start, spans, rows, nullable, values, validity, marks, this.#context);
      if ((saw & SAW_HARD) !== 0) saw |= this.#parseHardFloats(start, spans, rows, values, marks);
    }
    return { vector: { kind: field.kind, validity: (saw & SAW_NULL) !== 0 ? validity : NONE, offsets: NONE, values }, saw };
  }

  /** Numbers of many digits or far exponents: the host's parser rounds them exactly. */
  #parseHardFloats(start: Address, spans: Address, rows: number, values: Address, marks: Address): number {
    const { memory } = this.#ws;
    let saw = 0;
    for (let row = 0; row < rows; row++) {
      if ((memory.u8[marks + row] ?? 0) <= MARK_BAD) continue;
      this.#hardFloats++;
      const value = Number(this.#spanText(start, spans + row * 8));
      memory.f64[values / 8 + row] = value;
      memory.u8[marks + row] = Number.isFinite(value) ? 0 : MARK_BAD;
      if (!Number.isFinite(value)) saw = SAW_BAD;
    }
    return saw;
  }

  #text(field: Field, start: Address, spans: Address, selection: Address, count: number): Vector {
    const { kernels, memory } = this.#ws;
    const offsets = this.#ws.alloc(valueBytes(field.kind, count));
    const validity = field.nullable ? this.#ws.alloc(bitmapBytes(count)) : NONE;
    const nullable = Number(field.nullable);
    const saw = kernels.csv_text_offsets(start, spans, selection, count, nullable, offsets, validity);
    // Base64 only gets shorter, so the text's own length does for it too.
    const values = this.#ws.alloc((memory.u32[offsets / 4 + count] ?? 0) + PIECE_BYTES);
    if (field.kind === 'utf8') kernels.csv_text_copy(start, spans, selection, count, offsets, values);
    else kernels.csv_base64_copy(start, spans, selection, count, offsets, values, this.#context);
    return { kind: field.kind, validity: (saw & SAW_NULL) !== 0 ? validity : NONE, offsets, values };
  }

  #badRecord(start: Address, end: Address, recordOffsets: Address, row: number, reason: string): BadRecord {
    const { memory, kernels } = this.#ws;
    const at = start + (memory.u32[recordOffsets / 4 + row] ?? 0);
    const { delimiter, quotedNewlines } = this.#options;
    const after =
      (quotedNewlines ? kernels.csv_records_end(at, end, delimiter.charCodeAt(0), 1) : kernels.bytes_after_nth(at, end, 10, 1)) >>> 0;
    return { start: at, end: after === at ? end : memory.u8[after - 1] === 10 ? after - 1 : after, reason };
  }

  /** Takes rows out of spans and offsets; answers how many are left. */
  #without(rowsOut: ReadonlyMap<number, string>, spans: Address, recordOffsets: Address, capacity: number, rows: number): number {
    const { memory } = this.#ws;
    const { fields } = this.#options;
    let kept = 0;
    for (let row = 0; row < rows; row++) {
      if (rowsOut.has(row)) continue;
      if (kept !== row) {
        memory.u32[recordOffsets / 4 + kept] = memory.u32[recordOffsets / 4 + row] ?? 0;
        for (let slot = 0; slot < fields.length; slot++) {
          const from = (spans + slot * capacity * 8) / 4;
          memory.u32.copyWithin(from + kept * 2, from + row * 2, from + row * 2 + 2);
        }
      }
      kept++;
    }
    return kept;
  }

  #reason(field: Field, start: Address, span: Address): string {
    const length = (this.#ws.memory.u32[span / 4 + 1] ?? 0) & LENGTH_MASK;
    const name = field.path ?? field.name;
    if (field.kind === 'utf8') {
      return length > this.#options.limits.stringBytes
        ? `${name}: expected at most ${this.#options.limits.stringBytes} bytes, found ${length}`
        : `${name}: expected utf8, found bytes that are not`;
    }
    if (length === 0) return `${name}: expected ${field.kind}, found nothing`;
    const expected = field.kind === 'binary' ? `at most ${this.#options.limits.stringBytes} bytes of base64` : field.kind;
    return `${name}: expected ${expected}, found ${JSON.stringify(this.#spanText(start, span, EXCERPT_BYTES))}`;
  }

  #spanText(start: Address, span: Address, most = Infinity): string {
    const { u8, u32 } = this.#ws.memory;
    const at = start + (u32[span / 4] ?? 0);
    const length = (u32[span / 4 + 1] ?? 0) & LENGTH_MASK;
    return new TextDecoder().decode(u8.slice(at, at + Math.min(length, most))) + (length > most ? '…' : '');
  }
}
