import { batchOf, type Batch, type Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import { layoutOf, type Schema } from '../columns/schema.js';
import { MillraceError } from '../core/errors.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import type { BadRecord, Decoded, RowDecoder } from '../wasm/decoder.js';
import type { Workspace } from '../wasm/workspace.js';
import { rangeSelection, takeVector } from '../wasm/selection.js';
import { MALFORMED_SCHEMA, type PendingRows, type SourceItem } from './connector.js';

/** What to do with a record that cannot be decoded. */
export type MalformedPolicy = 'fail' | 'skip' | 'route';

/** Where a record came from, in words for its user. */
export interface RecordPlace {
  /** A path, a topic. */
  readonly source: string;
  /** `byte 1234`, for the `.malformed` stream; `offset` counts from the start of the bytes at hand. */
  position(offset: number): string;
  /** The same for an error: more precise where that costs time, such as `line 17 (byte 1234)`. */
  describe(offset: number): string;
}

export interface RecordStageOptions {
  readonly fields: Schema;
  readonly policy: MalformedPolicy;
  /**
   * Where a piece of at most `rows` records ends, at or before `end`. Without it bytes are decoded whole, and rows beyond
   * a batch's number are cut afterwards: better where it is rare that a block holds so many.
   */
  readonly pieceEnd?: (start: Address, end: Address, rows: number) => Address;
  /** MAX_BATCH_ROWS unless a test wants less. */
  readonly batchRows?: number;
}

/** Bytes of whole records -> pending rows: cuts, decodes, and applies the malformed policy. */
export class RecordStage {
  readonly #ws: Workspace;
  readonly #decoder: RowDecoder;
  readonly #options: RecordStageOptions;
  readonly #strings: boolean;
  #rows = 0;
  #bytes = 0;
  #malformed = 0;

  /** The decoder must work in this workspace. */
  constructor(ws: Workspace, decoder: RowDecoder, options: RecordStageOptions) {
    this.#ws = ws;
    this.#decoder = decoder;
    this.#options = options;
    this.#strings = options.fields.some((f) => layoutOf(f.kind) === 'bytes');
  }

  /** [start, end) holds whole records, with the room around them that RowDecoder asks for, until the rows are finished. */
  *run(start: Address, end: Address, place: RecordPlace): Generator<SourceItem, void, undefined> {
    const { policy, pieceEnd, batchRows = MAX_BATCH_ROWS } = this.#options;
    this.#bytes += end - start;
    for (let from = start; from < end; ) {
      const to = pieceEnd === undefined ? end : pieceEnd(from, end, batchRows);
      const bad: BadRecord[] = [];
      const decoded = this.#decoder.decode(from, to, (record) => bad.push(record));
      bad.sort((a, b) => a.start - b.start);
      this.#rows += decoded.rows;
      this.#malformed += bad.length;
      const first = bad[0];
      if (first !== undefined && policy === 'fail') throw malformedError(first, start, place, this.#ws.memory.u8);
      // The next piece is decoded later: what is told of this one must be copied now.
      const malformed = bad.length > 0 && policy === 'route' ? this.#malformedBatch(bad, start, place) : undefined;
      if (decoded.rows > batchRows) yield* this.#parts(decoded, batchRows);
      else if (decoded.rows > 0) yield this.#pending(decoded);
      if (malformed !== undefined) yield { port: 'malformed', batch: malformed };
      from = to;
    }
  }

  metrics(): Readonly<Record<string, number>> {
    return { ...this.#decoder.counters, rowsRead: this.#rows, bytesRead: this.#bytes, malformedRows: this.#malformed };
  }

  close(): void {
    this.#decoder.close();
  }

  #pending(decoded: Decoded): PendingRows {
    const { fields } = this.#options;
    const columns = decoded.columns.map(
      (column, i) => column ?? { kind: (fields[i] as Schema[number]).kind, validity: NONE, offsets: NONE, values: NONE },
    );
    return {
      port: 'rows',
      partial: batchOf(fields, decoded.rows, columns),
      deferred: this.#strings,
      finish: (selection, count) => batchOf(fields, count, this.#decoder.materialise(decoded, selection, count)),
    };
  }

  /** Rows of one decoding as several batches. */
  *#parts(decoded: Decoded, batchRows: number): Generator<SourceItem, void, undefined> {
    const whole = this.#pending(decoded);
    for (let from = 0; from < decoded.rows; from += batchRows) {
      const { selection, count } = rangeSelection(this.#ws, from, Math.min(decoded.rows, from + batchRows));
      const columns = whole.partial.columns.map((column, i) =>
        decoded.columns[i] === undefined ? column : takeVector(this.#ws, column, selection, count),
      );
      yield {
        port: 'rows',
        partial: batchOf(this.#options.fields, count, columns),
        deferred: this.#strings,
        finish: (chosen, n) => whole.finish(chosen === NONE ? selection : this.#among(selection, chosen, n), chosen === NONE ? count : n),
      };
    }
  }

  /** The rows of `selection` that stand at the places `chosen`. */
  #among(selection: Address, chosen: Address, count: number): Address {
    const { u32 } = this.#ws.memory;
    const at = this.#ws.alloc(count * 4);
    for (let i = 0; i < count; i++) u32[at / 4 + i] = u32[selection / 4 + (u32[chosen / 4 + i] as number)] as number;
    return at;
  }

  #malformedBatch(bad: readonly BadRecord[], origin: Address, place: RecordPlace): Batch {
    const text = new TextEncoder();
    const { u8 } = this.#ws.memory;
    const columns = [
      this.#bytesVector(
        'utf8',
        bad.map(() => text.encode(place.source)),
      ),
      this.#bytesVector(
        'utf8',
        bad.map((r) => text.encode(place.position(r.start - origin))),
      ),
      this.#bytesVector(
        'binary',
        bad.map((r) => u8.subarray(r.start, r.end)),
      ),
      this.#bytesVector(
        'utf8',
        bad.map((r) => text.encode(r.reason)),
      ),
    ];
    return batchOf(MALFORMED_SCHEMA, bad.length, columns);
  }

  #bytesVector(kind: 'utf8' | 'binary', values: readonly Uint8Array[]): Vector {
    const { memory } = this.#ws;
    const offsets = this.#ws.alloc((values.length + 1) * 4);
    const bytes = this.#ws.alloc(values.reduce((sum, v) => sum + v.length, 0));
    let at = 0;
    values.forEach((value, i) => {
      memory.i32[offsets / 4 + i] = at;
      memory.u8.set(value, bytes + at);
      at += value.length;
    });
    memory.i32[offsets / 4 + values.length] = at;
    return { kind, validity: NONE, offsets, values: bytes };
  }
}

const EXCERPT_BYTES = 200;

function malformedError(record: BadRecord, origin: Address, place: RecordPlace, u8: Uint8Array): MillraceError {
  const offset = record.start - origin;
  const cut = Math.min(record.end, record.start + EXCERPT_BYTES);
  // A copy: the memory may be shared, which TextDecoder refuses.
  const raw = new TextDecoder().decode(u8.slice(record.start, cut)).trimEnd() + (cut < record.end ? '…' : '');
  return new MillraceError(
    'record.malformed',
    `${place.source}, ${place.describe(offset)}: ${record.reason}; the record is: ${raw}. ` +
      "To go on without such records give from() onMalformed: 'skip', or 'route' for its .malformed stream",
    { details: { source: place.source, position: place.position(offset), reason: record.reason } },
  );
}
