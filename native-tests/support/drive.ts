import type { Batch } from '../../ts/columns/batch.js';
import type { Schema } from '../../ts/columns/schema.js';
import type { Operator, StateReader, StateWriter } from '../../ts/operators/operator.js';
import type { Workspace } from '../../ts/wasm/workspace.js';
import type { KeyValue } from '../twins/hash.js';
import { batchOfRows, rowsOf, valuesOf } from './columns.js';

export interface Emitted {
  readonly port: number;
  readonly op: number;
  readonly time: number | undefined;
  readonly row: KeyValue[];
}

/** Drives an operator as the contract says, with little room, and poisons memory that may no longer be read. */
export class Drive {
  readonly emitted: Emitted[] = [];
  readonly #ws: Workspace;
  readonly #operator: Operator;
  readonly #room: () => number;
  onBatch: ((port: number, batch: Batch) => void) | undefined;

  constructor(ws: Workspace, operator: Operator, room: () => number = () => 1000) {
    this.#ws = ws;
    this.#operator = operator;
    this.#room = room;
  }

  begin(clockMs: number, step = 0): void {
    this.#operator.begin?.({ step, clockMs });
  }

  push(make: () => Batch): void {
    const mark = this.#ws.scratch.mark();
    this.#operator.push(0, make());
    this.#pullAll();
    this.#ws.scratch.release(mark);
  }

  mark(watermark: number, step = 0, clockMs = 0): Emitted[] {
    const from = this.emitted.length;
    const mark = this.#ws.scratch.mark();
    this.#operator.mark(0, { step, clockMs, watermark });
    this.#pullAll();
    this.#ws.scratch.release(mark);
    return this.emitted.slice(from);
  }

  #pullAll(): void {
    for (let more = true; more; ) {
      const room = this.#room();
      let emitted = 0;
      more =
        this.#operator.pull({
          room: () => room,
          emit: (port, batch) => {
            if (++emitted > 1 || batch.rows > room || batch.rows === 0)
              throw new Error(`emitted ${batch.rows} rows, batch ${emitted}, room ${room}`);
            this.onBatch?.(port, batch);
            this.#take(port, batch);
          },
        }) === 'more';
    }
  }

  #take(port: number, batch: Batch): void {
    const times =
      batch.times === 0 ? undefined : valuesOf(this.#ws, { kind: 'timestamp', validity: 0, offsets: 0, values: batch.times }, batch.rows);
    rowsOf(this.#ws, batch).forEach((row, i) => {
      const time = times?.[i];
      this.emitted.push({
        port,
        op: batch.ops === 0 ? 0 : (this.#ws.memory.u8[batch.ops + i] ?? 0),
        time: time === undefined ? undefined : Number(time),
        row,
      });
    });
  }
}

/** Snapshots as values, so that they can be restored in other memories. */
export class KeptState implements StateWriter {
  readonly kept: {
    readonly kind: 'keyed' | 'single' | 'broadcast';
    readonly name: string;
    readonly group: number;
    readonly schema: Schema;
    readonly rows: KeyValue[][];
  }[] = [];
  readonly #ws: () => Workspace;

  constructor(ws: () => Workspace) {
    this.#ws = ws;
  }

  keyed(name: string, group: number, batch: Batch): void {
    this.kept.push({ kind: 'keyed', name, group, schema: batch.schema, rows: rowsOf(this.#ws(), batch) });
  }

  single(name: string, batch: Batch): void {
    this.kept.push({ kind: 'single', name, group: 0, schema: batch.schema, rows: rowsOf(this.#ws(), batch) });
  }

  broadcast(name: string, batch: Batch): void {
    this.kept.push({ kind: 'broadcast', name, group: 0, schema: batch.schema, rows: rowsOf(this.#ws(), batch) });
  }

  /** What a lane gets that holds the groups for which `holds`. */
  reader(ws: Workspace, holds: (group: number) => boolean): StateReader {
    const of = (kind: string, name: string): { group: number; batch: Batch }[] =>
      this.kept
        .filter((k) => k.kind === kind && k.name === name && holds(k.group))
        .map((k) => ({ group: k.group, batch: batchOfRows(ws, k.schema, k.rows) }));
    return {
      keyed: (name) => of('keyed', name),
      single: (name) => of('single', name).map((k) => k.batch),
      broadcast: (name) => this.kept.filter((k) => k.kind === 'broadcast' && k.name === name).map((k) => batchOfRows(ws, k.schema, k.rows)),
    };
  }
}
