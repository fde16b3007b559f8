import { must } from '../core/assert.js';
import type { Batch, Vector } from '../columns/batch.js';
import { NONE, type Address } from '../columns/memory.js';
import type { Schema } from '../columns/schema.js';
import type { GroupRows } from '../state/group-rows.js';
import type { GroupTable } from '../state/group-table.js';
import { keyWordsOf, type KeyWords } from '../state/key-words.js';
import { SessionTable, type Spans } from '../state/session-table.js';
import type { Workspace } from '../wasm/workspace.js';
import type { GroupedRows } from './aggregates.js';
import { adderOf, argumentsOf } from './group-layout.js';
import { keepsResults, restoreEmitted, settleRows } from './kept-results.js';
import {
  gapsOf,
  readSessions,
  readStates,
  SESSION_KEYS_FROM,
  sessionLayout,
  sessionTableConfig,
  type SessionLayout,
  type SessionSpec,
} from './session-layout.js';

/** Rows at a time: the sessions that they touch stay in the cache between one accumulator and the next. */
const CHUNK_ROWS = 1024;
/** Sessions beyond this are touched before rows are added to them. */
const CACHED_BYTES = 1 << 20;

type Accumulate = (rows: GroupedRows) => void;

/** A session table with aggregates as accumulators. No operator: those that keep sessions own one. */
export class SessionGroups {
  readonly table: SessionTable;
  readonly layout: SessionLayout;
  readonly #ws: Workspace;
  readonly #spec: SessionSpec;
  #merged = 0;

  constructor(ws: Workspace, spec: SessionSpec, options: { changes: boolean; timed: boolean; allowedLatenessMs: number }, expected = 0) {
    this.#ws = ws;
    this.#spec = spec;
    this.layout = sessionLayout(spec, options.changes);
    this.table = new SessionTable(ws, sessionTableConfig(this.layout, options.timed, options.allowedLatenessMs), expected);
  }

  /** Sessions that rows have joined to others so far. */
  get merged(): number {
    return this.#merged;
  }

  /** Adds rows to their sessions; with `alone`, each becomes one of its own. */
  addRows(batch: Batch, alone = false): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const { gap, keys } = this.#spec;
    const words = keyWordsOf(ws, this.layout.keyShape, batch, keys);
    const gaps = gapsOf(ws, gap, batch);
    const ends = gaps === NONE ? NONE : ws.alloc(batch.rows * 8);
    if (gaps !== NONE) ws.kernels.sessions_ends(batch.times, gaps, batch.rows, ends);
    const spans = { starts: batch.times, ends, gapMs: 'ms' in gap ? gap.ms : 0, clocks: batch.clocks };
    this.#add(words, spans, alone, adderOf(this.layout, argumentsOf(ws, this.layout, batch)));
    ws.scratch.release(mark);
  }

  /** Adds sessions that were gathered before (partialSessionSchema) to those that they join. */
  addPartials(batch: Batch): void {
    const mark = this.#ws.scratch.mark();
    const [starts, ends, clocks] = [0, 1, batch.columns.length - 1].map((i) => must(batch.columns[i], 'a bound').values) as [
      Address,
      Address,
      Address,
    ];
    const merge: Accumulate = (rows) => this.#merge(rows, this.#statesOf(batch), batch.rows);
    this.#add(this.#keysOf(batch), { starts, ends, gapMs: 0, clocks }, false, merge);
    this.#ws.scratch.release(mark);
  }

  /** Takes over sessions as a snapshot had them (sessionStateSchema): they join nothing. */
  restore(batch: Batch): void {
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const groups = ws.alloc(batch.rows * 4);
    this.table.keys.find(this.#keysOf(batch), NONE, 0, batch.rows, groups);
    this.#append(batch, groups);
    ws.scratch.release(mark);
  }

  /** Gives back what keys and sessions that are gone have held, once that is most of it. Between steps. */
  compact(schema: Schema): void {
    this.table.compactKeys();
    if (!this.table.wantsRenewal()) return;
    this.table.renew((old: GroupTable) => {
      for (const rows of this.table.list(CHUNK_ROWS, old)) {
        this.#append(readSessions(this.table, this.layout, rows, schema), this.table.keysOf(rows).ats);
      }
    });
  }

  /** Before changes are looked for: kept results of sessions that the step's rows have touched. */
  settle(): void {
    if (!keepsResults(this.layout)) return;
    const ws = this.#ws;
    const outer = ws.scratch.mark();
    const [cursor, ats] = [ws.alloc(4), ws.alloc(CHUNK_ROWS * 4)];
    ws.memory.u32[cursor / 4] = 0;
    for (let count = 0; (count = ws.kernels.sessions_touched(this.table.at, cursor, ats, CHUNK_ROWS) >>> 0) > 0; )
      settleRows({ ws, ats, count }, this.layout, this.table.pool);
    ws.scratch.release(outer);
  }

  close(): void {
    this.table.close();
  }

  #append(batch: Batch, groups: Address): void {
    const ws = this.#ws;
    const { changes } = this.layout;
    const ats = ws.alloc(batch.rows * 4);
    const statesFrom = SESSION_KEYS_FROM + this.#spec.keys.length;
    const states = this.#statesOf(batch);
    const toldFrom = statesFrom + states.length;
    const valuesAt = (i: number): Address => (changes ? must(batch.columns[i], 'what was told').values : NONE);
    const told = { flags: valuesAt(toldFrom), starts: valuesAt(toldFrom + 1), ends: valuesAt(toldFrom + 2) };
    const [starts, ends] = [0, 1].map((i) => must(batch.columns[i], 'a bound').values) as [Address, Address];
    this.table.append(groups, starts, ends, told, batch.rows, ats);
    const rows: GroupedRows = { ws, ats, from: 0, to: batch.rows, tables: [this.table.pool] };
    this.#merge(rows, states, batch.rows);
    if (changes) restoreEmitted(rows, this.layout, batch.columns.slice(toldFrom + 3), batch.rows);
  }

  #keysOf(batch: Batch): KeyWords {
    const { keyShape } = this.layout;
    return keyWordsOf(
      this.#ws,
      keyShape,
      batch,
      keyShape.fields.map((_, i) => SESSION_KEYS_FROM + i),
    );
  }

  #statesOf(batch: Batch): readonly Vector[] {
    const from = SESSION_KEYS_FROM + this.#spec.keys.length;
    return batch.columns.slice(from, from + this.layout.aggregates.reduce((sum, { aggregate }) => sum + aggregate.state.length, 0));
  }

  #add(words: KeyWords, spans: Spans, alone: boolean, accumulate: Accumulate): void {
    const ws = this.#ws;
    const { table } = this;
    const [groupChunk, chunk, pairs] = [ws.alloc(CHUNK_ROWS * 4), ws.alloc(CHUNK_ROWS * 4), table.newPairs()];
    for (let from = 0; from < words.rows; from += CHUNK_ROWS) {
      const to = Math.min(from + CHUNK_ROWS, words.rows);
      const [groups, ats] = [groupChunk - from * 4, chunk - from * 4];
      const added = (at: number, end: number): void => {
        if (at < end) accumulate({ ws, ats, from: at, to: end, tables: [table.pool] });
      };
      if (alone) {
        table.keys.append(words, NONE, from, to, groups);
        table.placeAlone(groups, spans, from, to, ats);
        added(from, to);
        continue;
      }
      table.keys.find(words, NONE, from, to, groups);
      if (table.sessions * table.pool.stride > CACHED_BYTES) ws.kernels.sessions_touch(table.at, groups, from, to);
      for (let at = from; at < to; ) {
        const stop = table.place(groups, spans, at, to, ats, pairs);
        added(at, stop);
        this.#mergePairs(pairs);
        at = stop;
      }
    }
  }

  /** Sessions that have become one: their accumulators as well, after all rows that were added before. */
  #mergePairs(pairs: Address): void {
    const { table } = this;
    const { into, others, count } = table.pairs(pairs);
    if (count === 0) return;
    const ws = this.#ws;
    const mark = ws.scratch.mark();
    const rows: GroupRows = { ws, ats: others, count };
    const grouped = { ws, ats: into, from: 0, to: count, tables: [table.pool] };
    this.#merge(grouped, readStates(rows, this.layout), count);
    ws.scratch.release(mark);
    table.merged(pairs);
    this.#merged += count;
  }

  #merge(rows: GroupedRows, states: readonly Vector[], batchRows: number): void {
    let at = 0;
    for (const { aggregate, offset } of this.layout.aggregates) {
      aggregate.merge(rows, offset, states.slice(at, at + aggregate.state.length), batchRows);
      at += aggregate.state.length;
    }
  }
}
