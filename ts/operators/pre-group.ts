import { assert, must } from '../core/assert.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import { batchOf, type Batch } from '../columns/batch.js';
import { NONE } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import { GroupTable } from '../state/group-table.js';
import { keyWordsOf } from '../state/key-words.js';
import type { Mark } from '../wasm/arena.js';
import type { Workspace } from '../wasm/workspace.js';
import { adderOf, argumentsOf, groupLayout, readPartials, type BoundAggregate, type GroupLayout } from './group-layout.js';
import { groupPartialSchemaOf } from './live-groups.js';
import { NO_WAKEUP, type Operator, type Outbox, type StepMark, type Wakeup } from './operator.js';

export interface PreGroupConfig {
  readonly inputSchema: Schema;
  /** Column indexes. */
  readonly keys: readonly number[];
  readonly aggregates: readonly BoundAggregate[];
  /** Groups held before they are sent on: about what stays in a core's cache. */
  readonly maxGroups?: number;
}

const MAX_GROUPS = 32_768;
const CHUNK_ROWS = 1024;
/** As in windowed pre-aggregation: grouping must at least halve the rows, or they go on one by one for a while. */
const WORTH_IT = 2;
const TRY_AGAIN_AFTER = 63;
const TELLING_ROWS = 256;

/**
 * Rows before an exchange, as partial states by key (groupPartialSchemaOf): fewer rows to send, and a key that many rows have
 * does not land on one lane. What it holds goes on at each mark, so that it has no state between steps.
 */
export class PreGroup implements Operator {
  readonly #ws: Workspace;
  readonly #config: PreGroupConfig;
  readonly #layout: GroupLayout;
  readonly #schema: Schema;
  #table: GroupTable;
  #expected = 0;
  #watermark = -Infinity;
  #busy = false;
  #flushing = false;
  #next = 0;
  #mark: Mark | undefined;
  #held = 0;
  /** Batches to pass on row by row before grouping is tried again. */
  #passing = 0;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(ws: Workspace, config: PreGroupConfig) {
    this.#ws = ws;
    this.#config = config;
    const keys = config.keys.map((i) => must(config.inputSchema[i], 'a key column'));
    this.#layout = groupLayout(keys, config.aggregates, false);
    this.#schema = groupPartialSchemaOf(keys, this.#layout);
    this.#table = this.#newTable();
  }

  ready(): boolean {
    return !this.#busy;
  }

  push(_input: number, batch: Batch): void {
    assert(!this.#busy, 'a batch was pushed before the last one was done');
    assert(batch.ops === NONE, 'pre-aggregation takes rows, not changes');
    this.#busy = true;
    this.#rowsIn += batch.rows;
    if (batch.rows === 0) return;
    const passing = this.#passing > 0;
    this.#add(batch, passing);
    this.#held += batch.rows;
    if (passing) {
      this.#passing--;
      this.#flushing = true;
    } else if (this.#table.size >= (this.#config.maxGroups ?? MAX_GROUPS)) {
      this.#judge();
      this.#flushing = true;
    }
  }

  mark(_input: number, mark: StepMark): void {
    assert(!this.#busy, 'marked while busy');
    this.#busy = true;
    this.#watermark = Math.max(this.#watermark, mark.watermark);
    this.#judge();
    this.#flushing = this.#held > 0;
  }

  pull(out: Outbox): 'more' | 'done' {
    const ws = this.#ws;
    if (this.#mark !== undefined) ws.scratch.release(this.#mark);
    this.#mark = undefined;
    if (this.#flushing && this.#next < this.#table.size) {
      this.#mark = ws.scratch.mark();
      const count = Math.min(out.room(), MAX_BATCH_ROWS, this.#table.size - this.#next);
      const ats = ws.alloc(count * 4);
      this.#table.addresses(this.#next, this.#next + count, ats);
      this.#next += count;
      this.#rowsOut += count;
      out.emit(0, batchOf(this.#schema, count, readPartials({ ws, ats, count }, this.#layout)));
      return 'more'; // the batch's memory is given back by the next pull
    }
    if (this.#flushing) this.#empty();
    this.#busy = false;
    return 'done';
  }

  outputWatermark(): number {
    return this.#watermark;
  }

  nextWakeup(): Wakeup {
    return NO_WAKEUP;
  }

  snapshot(): void {
    assert(this.#table.size === 0, 'pre-aggregation holds nothing between steps');
  }

  restore(): void {}

  close(): void {
    this.#table.close();
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsIn: this.#rowsIn, rowsOut: this.#rowsOut, stateBytes: this.#table.bytesInUse };
  }

  #add(batch: Batch, passing: boolean): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const keys = keyWordsOf(ws, this.#layout.shape, batch, this.#config.keys);
    const add = adderOf(this.#layout, argumentsOf(ws, this.#layout, batch));
    const chunk = ws.alloc(CHUNK_ROWS * 4);
    for (let from = 0; from < batch.rows; from += CHUNK_ROWS) {
      const to = Math.min(from + CHUNK_ROWS, batch.rows);
      const ats = chunk - from * 4;
      if (passing) this.#table.append(keys, NONE, from, to, ats);
      else this.#table.find(keys, NONE, from, to, ats);
      add({ ws, ats, from, to, tables: [this.#table] });
    }
    ws.scratch.release(mark);
  }

  /** Whether grouping was worth it. A handful of rows tells nothing. */
  #judge(): void {
    if (this.#passing === 0 && this.#held >= TELLING_ROWS && this.#table.size * WORTH_IT > this.#held) this.#passing = TRY_AGAIN_AFTER;
  }

  #empty(): void {
    this.#expected = this.#table.size;
    this.#table.close();
    this.#table = this.#newTable();
    this.#next = 0;
    this.#held = 0;
    this.#flushing = false;
  }

  #newTable(): GroupTable {
    return new GroupTable(this.#ws, this.#layout.shape, this.#layout.rowBytes, this.#expected);
  }
}
