import type { Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { bitmapBytes, valueBytes, type Field } from '../columns/schema.js';
import { assert } from '../core/assert.js';
import { MillraceError } from '../core/errors.js';
import { decodedKind, type BadRecord, type Decoded, type DecoderOptions, type RowDecoder } from './decoder.js';
import {
  BAD,
  BAD_BYTES,
  COLUMN,
  COLUMN_BYTES,
  CONTEXT,
  CONTEXT_BYTES,
  FORMAT_NUMBERS,
  HOSTED,
  HOSTED_BYTES,
  KIND_NUMBERS,
  STRIPE,
  STRIPE_BYTES,
  STRIPES,
} from './json-layout.js';
import { writePathTree } from './json-paths.js';
import { reasonOf } from './json-reason.js';
import { countLines, nextRecordStart, recordsEnd } from './line-splitter.js';
import { TemplateCache } from './json-templates.js';
import type { Workspace } from './workspace.js';

/** The kernels recurse once a level. */
const DEEPEST = 1_000;
/** What lies after a block while it is decoded: a record's scan may run on, but no further than this. */
const SENTINEL_BYTES = 1_024;
/** Rows kept from a block to learn from. */
const SAMPLES = 32;
/** Lines that a decoder without templates looks at before it goes on. */
const FIRST_LINES = 16;
/** Smaller blocks are not worth four stripes. */
const SMALLEST_STRIPED_BYTES = 2_048;
const QUOTE = 0x22;
const NEWLINE = 0x0a;

interface Block extends Decoded {
  /** Per column: fixed width values, a byte a row (bool) or spans (utf8, binary). */
  readonly values: readonly Address[];
  /** Per column: a byte a row, 1 = valid; none when no row is null. */
  readonly valid: readonly Address[];
}

/** Some whole records of a block; `lines` is -1 when they are not valid UTF-8. */
interface Piece {
  readonly from: Address;
  readonly to: Address;
  lines: number;
  /** Decoded first, to learn the rows' shape from. */
  readonly head: boolean;
}

/** Where a block's rows go. */
interface Columns {
  readonly values: readonly Address[];
  readonly valid: Address[];
  readonly offsets: Address;
}

/**
 * How a record may be decoded, fastest first; all tiers give the same result. `template`: rows of a learned shape, four
 * at a time. `tolerant`: the same shapes, with escapes and any number. `exact`: any JSON.
 */
export type JsonTier = 'template' | 'tolerant' | 'exact';

/** Newline-separated JSON objects, made columns. */
export class JsonDecoder implements RowDecoder {
  readonly #ws: Workspace;
  readonly #options: DecoderOptions;
  readonly #fields: readonly Field[];
  readonly #context: Address;
  readonly #columns: Address;
  readonly #tree: { readonly at: Address; readonly bytes: number };
  readonly #spare: Address;
  readonly #stripes: Address;
  readonly #samples: Address;
  readonly #templates: TemplateCache;
  readonly #fastest: JsonTier;
  readonly #counters = { rows: 0, badRecords: 0, templateRows: 0, tolerantRows: 0, exactRows: 0 };

  /** `fastest` is the tier to begin with: anything but `template` is for tests. */
  constructor(ws: Workspace, options: DecoderOptions, fastest: JsonTier = 'template') {
    if (options.limits.nestingDepth > DEEPEST)
      throw new MillraceError(
        'config.invalid',
        `limits.nestingDepth is ${options.limits.nestingDepth}; JSON is read to a depth of ${DEEPEST} at most`,
      );
    this.#ws = ws;
    this.#options = options;
    this.#fields = options.fields;
    this.#context = ws.blocks.alloc(CONTEXT_BYTES);
    this.#columns = ws.blocks.alloc(Math.max(1, this.#fields.length) * COLUMN_BYTES);
    this.#spare = ws.blocks.alloc(SENTINEL_BYTES);
    this.#stripes = ws.blocks.alloc(STRIPES * STRIPE_BYTES);
    this.#samples = ws.blocks.alloc(SAMPLES * 4);
    this.#templates = new TemplateCache(ws, this.#fields, this.#columns);
    this.#fastest = fastest;
    ws.memory.u8.fill(0, this.#context, this.#context + CONTEXT_BYTES);
    ws.memory.u8.fill(0, this.#columns, this.#columns + this.#fields.length * COLUMN_BYTES);
    this.#tree = writePathTree(ws, this.#fields, (column, next) => this.#setColumn(column, COLUMN.next, next));
    this.#fields.forEach((field, i) => {
      this.#setColumn(i, COLUMN.kind, KIND_NUMBERS[decodedKind(field)]);
      this.#setColumn(i, COLUMN.format, FORMAT_NUMBERS[field.format ?? 'auto']);
    });
    const { limits } = options;
    this.#set(CONTEXT.columns, this.#columns);
    this.#set(CONTEXT.columnCount, this.#fields.length);
    this.#set(CONTEXT.root, this.#tree.at);
    this.#set(CONTEXT.templates, this.#templates.list);
    this.#set(CONTEXT.samples, this.#samples);
    this.#set(CONTEXT.maxRecordBytes, clamp(limits.recordBytes));
    this.#set(CONTEXT.maxStringBytes, clamp(limits.stringBytes));
    this.#set(CONTEXT.maxDepth, limits.nestingDepth);
    this.#set(CONTEXT.maxFields, clamp(limits.fieldsPerRecord));
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counters;
  }

  decode(start: Address, end: Address, onBad: (record: BadRecord) => void): Decoded {
    const { memory } = this.#ws;
    const u8 = memory.u8;
    u8.copyWithin(this.#spare, end, end + SENTINEL_BYTES);
    let stop = end;
    if (end > start && u8[end - 1] !== NEWLINE) u8[stop++] = NEWLINE;
    u8.fill(QUOTE, stop, end + SENTINEL_BYTES);
    try {
      return this.#decode(start, stop, end, onBad);
    } finally {
      u8.copyWithin(end, this.#spare, this.#spare + SENTINEL_BYTES);
    }
  }

  #decode(start: Address, stop: Address, end: Address, onBad: (record: BadRecord) => void): Block {
    const { kernels } = this.#ws;
    const pieces = this.#cut(start, stop);
    for (const piece of pieces) piece.lines = kernels.utf8_count_lines(piece.from, piece.to);
    const valid = pieces.every((piece) => piece.lines >= 0);
    const room = valid ? pieces.reduce((sum, piece) => sum + piece.lines, 0) : countLines(this.#ws, start, stop);
    const columns = this.#makeRoom(start, room);
    let rows = 0;
    if (valid) {
      const head = pieces[0]?.head ? (pieces.shift() as Piece) : undefined;
      if (head !== undefined) rows = this.#decodeRows(head.from, head.to, 0, true);
      if (pieces.length === STRIPES && this.#templates.runs) rows = this.#decodeStripes(pieces, rows, columns);
      else rows = this.#decodeRows(pieces[0]?.from ?? stop, stop, rows, true);
    } else rows = this.#decodeRows(start, stop, 0, false);
    assert(rows <= room, () => `${rows} rows of ${room} lines`);
    this.#convertHosted(columns.values);
    this.#report(start, end, onBad);
    return this.#finish(rows, columns);
  }

  /** A head to learn from, when there is no template yet, and the rest: in stripes, or in one when it is short. */
  #cut(start: Address, stop: Address): Piece[] {
    const pieces: Piece[] = [];
    let from = start;
    if (this.#fastest !== 'exact' && this.#templates.size === 0) {
      from = recordsEnd(this.#ws, start, stop, FIRST_LINES);
      pieces.push({ from: start, to: from, lines: 0, head: true });
    }
    const bytes = stop - from;
    const stripes = this.#fastest === 'template' && bytes >= SMALLEST_STRIPED_BYTES ? STRIPES : 1;
    for (let i = 1; i <= stripes; i++) {
      const aim = Math.max(from, stop - bytes + Math.floor((bytes * i) / stripes));
      const to = i === stripes ? stop : nextRecordStart(this.#ws, aim, stop);
      pieces.push({ from, to, lines: 0, head: false });
      from = to;
    }
    return pieces;
  }

  #decodeRows(from: Address, to: Address, row: number, checked: boolean): number {
    this.#beginPart();
    const rows = this.#ws.kernels.json_decode_rows(from, to, row, checked ? 1 : 0, this.#context) >>> 0;
    this.#endPart(rows - row, to);
    return rows;
  }

  /** Decodes each stripe into rows of its own, as many as it has lines, then closes the gaps that bad and blank lines leave. */
  #decodeStripes(pieces: readonly Piece[], row: number, columns: Columns): number {
    const { u32 } = this.#ws.memory;
    const at = this.#stripes / 4;
    let first = row;
    for (const [i, piece] of pieces.entries()) {
      u32.set([piece.from, piece.to, first, 0], at + (i * STRIPE_BYTES) / 4);
      first += piece.lines;
    }
    this.#beginPart();
    this.#ws.kernels.json_decode_stripes(this.#stripes, this.#context);
    this.#convertHosted(columns.values);
    let rows = row;
    first = row;
    for (const [i, piece] of pieces.entries()) {
      const count = (u32[at + (i * STRIPE_BYTES) / 4 + STRIPE.row] as number) - first;
      assert(count <= piece.lines, () => `stripe ${i} has ${count} rows of ${piece.lines} lines`);
      if (rows !== first) this.#moveRows(columns, first, rows, count);
      rows += count;
      first += piece.lines;
    }
    this.#endPart(rows - row, pieces[STRIPES - 1]?.to ?? 0);
    return rows;
  }

  #moveRows(columns: Columns, from: number, to: number, count: number): void {
    const { u8 } = this.#ws.memory;
    const move = (at: Address, width: number): void => void u8.copyWithin(at + to * width, at + from * width, at + (from + count) * width);
    for (const [i, field] of this.#fields.entries()) {
      move(columns.values[i] as Address, rowBytes(field));
      if (columns.valid[i] !== NONE) move(columns.valid[i] as Address, 1);
    }
    move(columns.offsets, 4);
  }

  #beginPart(): void {
    this.#set(CONTEXT.templateCount, this.#templates.size);
    this.#set(CONTEXT.sampleLimit, this.#fastest === 'exact' ? 0 : SAMPLES);
    this.#set(CONTEXT.sampleCount, 0);
    this.#set(CONTEXT.tolerantRows, 0);
    this.#set(CONTEXT.exactRows, 0);
  }

  /** Counts, and learns from the rows that no template fitted. */
  #endPart(rows: number, to: Address): void {
    const tolerant = this.#get(CONTEXT.tolerantRows);
    const exact = this.#get(CONTEXT.exactRows);
    const fast = rows - tolerant - exact;
    this.#counters.rows += rows;
    this.#counters.tolerantRows += tolerant;
    this.#counters.exactRows += exact;
    this.#counters.templateRows += fast;
    if (this.#fastest === 'exact') return;
    const { u8, u32 } = this.#ws.memory;
    const samples = this.#get(CONTEXT.samples) / 4;
    const rowsSeen = Array.from({ length: this.#get(CONTEXT.sampleCount) }, (_, i) => {
      const from = u32[samples + i] as number;
      return u8.slice(from, nextRecordStart(this.#ws, from, to));
    });
    this.#templates.note(fast, tolerant, exact, rowsSeen);
  }

  /** Room for `rows` rows in every column, and for as many refused records. */
  #makeRoom(start: Address, rows: number): Columns {
    const ws = this.#ws;
    const values = this.#fields.map((field) => ws.alloc(rowBytes(field) * rows));
    const valid = this.#fields.map((field) => {
      if (!field.nullable) return NONE;
      const at = ws.alloc(rows);
      ws.memory.u8.fill(1, at, at + rows);
      return at;
    });
    for (const [i, at] of values.entries()) this.#setColumn(i, COLUMN.values, at);
    for (const [i, at] of valid.entries()) this.#setColumn(i, COLUMN.valid, at);
    const offsets = ws.alloc(rows * 4);
    const floats = this.#fields.filter((field) => field.kind === 'float64').length;
    this.#set(CONTEXT.blockStart, start);
    this.#set(CONTEXT.recordOffsets, offsets);
    this.#set(CONTEXT.bad, ws.alloc(rows * BAD_BYTES));
    this.#set(CONTEXT.badCount, 0);
    this.#set(CONTEXT.hosted, ws.alloc(rows * floats * HOSTED_BYTES));
    this.#set(CONTEXT.hostedCount, 0);
    return { values, valid, offsets };
  }

  /** Floats of more digits than a kernel converts exactly. */
  #convertHosted(values: readonly Address[]): void {
    const { u8, u32, f64 } = this.#ws.memory;
    const count = this.#get(CONTEXT.hostedCount);
    let at = this.#get(CONTEXT.hosted) / 4;
    for (let i = 0; i < count; i++, at += HOSTED_BYTES / 4) {
      const column = u32[at + HOSTED.column] as number;
      const row = u32[at + HOSTED.row] as number;
      let text = '';
      for (let p = u32[at + HOSTED.start] as number; p < (u32[at + HOSTED.end] as number); p++)
        text += String.fromCharCode(u8[p] as number);
      f64[(values[column] as Address) / 8 + row] = Number(text);
    }
    this.#set(CONTEXT.hostedCount, 0);
  }

  #report(start: Address, end: Address, onBad: (record: BadRecord) => void): void {
    const { u8, u32 } = this.#ws.memory;
    const count = this.#get(CONTEXT.badCount);
    this.#counters.badRecords += count;
    const first = this.#get(CONTEXT.bad) / 4;
    const found = Array.from({ length: count }, (_, i) => first + (i * BAD_BYTES) / 4);
    found.sort((a, b) => (u32[a] as number) - (u32[b] as number));
    for (const at of found) {
      const from = u32[at + BAD.start] as number;
      const to = Math.min(u32[at + BAD.end] as number, end);
      const place = u32[at + BAD.from] as number;
      const text = u8.slice(place, Math.max(place, Math.min(u32[at + BAD.to] as number, to)));
      const field = this.#fields[u32[at + BAD.column] as number];
      onBad({ start: from, end: to, reason: reasonOf(u32[at + BAD.code] as number, field, text, place - from, this.#options.limits) });
    }
    assert(count === 0 || (u32[found[0] as number] as number) >= start, 'a bad record lies outside its block');
  }

  /** Bytes a row become bitmaps; columns without a null lose theirs. */
  #finish(rows: number, { values, valid, offsets }: Columns): Block {
    const columns = this.#fields.map((field, i): Vector | undefined => {
      const bytes = valid[i] as Address;
      const { validity, nulls } = bytes === NONE ? { validity: NONE, nulls: 0 } : this.#packBits(bytes, NONE, rows);
      if (nulls === 0) valid[i] = NONE;
      if (isBytes(field)) return undefined;
      const at = values[i] as Address;
      return {
        kind: field.kind,
        validity: nulls === 0 ? NONE : validity,
        offsets: NONE,
        values: field.kind === 'bool' ? this.#packBits(at, NONE, rows).validity : at,
      };
    });
    return { rows, columns, recordOffsets: offsets, values, valid };
  }

  #packBits(bytes: Address, selection: Address, count: number): { validity: Address; nulls: number } {
    const validity = this.#ws.alloc(bitmapBytes(count));
    const nulls = this.#ws.kernels.rows_pack_bits(bytes, selection, count, validity) >>> 0;
    return { validity, nulls };
  }

  materialise(decoded: Decoded, selection: Address, count: number): readonly Vector[] {
    const block = decoded as Block;
    const rows = selection === NONE ? block.rows : count;
    return this.#fields.map((field, i) => {
      const ready = block.columns[i];
      if (ready !== undefined && selection === NONE) return ready;
      const bytes = block.valid[i] as Address;
      const packed = bytes === NONE ? { validity: NONE, nulls: 0 } : this.#packBits(bytes, selection, rows);
      const validity = packed.nulls === 0 ? NONE : packed.validity;
      const values = block.values[i] as Address;
      if (isBytes(field)) return { kind: field.kind, validity, ...this.#copyStrings(field, values, selection, rows) };
      if (field.kind === 'bool')
        return { kind: field.kind, validity, offsets: NONE, values: this.#packBits(values, selection, rows).validity };
      const { kernels } = this.#ws;
      const out = this.#ws.alloc(valueBytes(field.kind, rows));
      if (field.kind === 'int32') kernels.rows_gather_32(values, selection, rows, out);
      else kernels.rows_gather_64(values, selection, rows, out);
      return { kind: field.kind, validity, offsets: NONE, values: out };
    });
  }

  #copyStrings(field: Field, spans: Address, selection: Address, rows: number): { offsets: Address; values: Address } {
    const { kernels } = this.#ws;
    const bytes = kernels.spans_bytes(spans, selection, rows);
    if (bytes >= 2 ** 31)
      throw new MillraceError(
        'record.too-large',
        `column ${field.name}: one batch holds ${bytes} bytes of strings, and 2147483647 are possible; use smaller blocks`,
      );
    const offsets = this.#ws.alloc(valueBytes(field.kind, rows));
    const values = this.#ws.alloc(bytes);
    if (field.kind === 'binary') kernels.spans_copy_base64(spans, selection, rows, offsets, values, this.#spare);
    else kernels.spans_copy(spans, selection, rows, offsets, values);
    return { offsets, values };
  }

  close(): void {
    const { blocks } = this.#ws;
    blocks.free(this.#context, CONTEXT_BYTES);
    blocks.free(this.#columns, Math.max(1, this.#fields.length) * COLUMN_BYTES);
    blocks.free(this.#spare, SENTINEL_BYTES);
    blocks.free(this.#stripes, STRIPES * STRIPE_BYTES);
    blocks.free(this.#samples, SAMPLES * 4);
    this.#templates.close();
    blocks.free(this.#tree.at, this.#tree.bytes);
  }

  #get(field: number): number {
    return this.#ws.memory.u32[this.#context / 4 + field] as number;
  }

  #set(field: number, value: number): void {
    this.#ws.memory.u32[this.#context / 4 + field] = value;
  }

  #setColumn(column: number, field: number, value: number): void {
    this.#ws.memory.u32[(this.#columns + column * COLUMN_BYTES) / 4 + field] = value;
  }
}

function isBytes(field: Field): boolean {
  return field.kind === 'utf8' || field.kind === 'binary';
}

/** Bytes of a decoded row's value, before bits are packed and strings copied. */
function rowBytes(field: Field): number {
  return field.kind === 'bool' ? 1 : field.kind === 'int32' ? 4 : 8;
}

function clamp(limit: number): number {
  return Math.min(limit, 0x7fff_ffff);
}
