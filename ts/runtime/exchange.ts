import type { Batch } from '../columns/batch.js';
import { copyFrom, writeDescriptor } from '../columns/descriptor.js';
import { batchBytes } from '../columns/detached.js';
import type { Memory } from '../columns/memory.js';
import { assert } from '../core/assert.js';
import { partitionByLane } from '../state/partition.js';
import { takeBatch } from '../wasm/selection.js';
import type { Workspace } from '../wasm/workspace.js';
import { MAX_CHUNKS, type Doorbells, type Link, type LinkMessage } from './link.js';
import type { ExchangeProgram } from './program.js';

/** A message closes when its chunks hold this much, so that receivers work while the sender goes on. */
const MESSAGE_BYTES = 4 << 20;

interface OpenMessage {
  readonly ws: Workspace;
  readonly chunks: number[][];
  bytes: number;
}

/** The sending end of an exchange on one lane: cuts batches by key group into messages, one for every lane at a time. */
export class ExchangeSender {
  readonly #program: ExchangeProgram;
  readonly #ws: Workspace;
  readonly #lane: number;
  readonly #keyGroups: number;
  readonly #links: readonly Link[];
  readonly #bells: Doorbells;
  readonly #messageBytes: number;
  #open: OpenMessage | undefined;
  /** Written and not yet taken by everybody, oldest first, numbered as in the links. */
  readonly #inFlight: { readonly number: number; readonly ws: Workspace }[] = [];
  readonly #spare: Workspace[] = [];
  #written = 0;
  rowsSent = 0;

  constructor(
    program: ExchangeProgram,
    ws: Workspace,
    lane: number,
    keyGroups: number,
    links: readonly Link[],
    bells: Doorbells,
    messageBytes = MESSAGE_BYTES,
  ) {
    this.#program = program;
    this.#ws = ws;
    this.#lane = lane;
    this.#keyGroups = keyGroups;
    this.#links = links;
    this.#bells = bells;
    this.#messageBytes = messageBytes;
  }

  ready(): boolean {
    this.#reclaim();
    return this.#open !== undefined || this.#links.every((link) => link.canWrite());
  }

  push(batch: Batch, step: number): void {
    const message = this.#message();
    const lanes = this.#links.length;
    this.rowsSent += batch.rows;
    if (this.#program.route !== 'key')
      this.#add(message, this.#program.route === 'one-lane' ? 0 : this.#lane, copyWhole(message.ws, batch));
    else {
      const mark = this.#ws.scratch.mark();
      const parts = partitionByLane(this.#ws, batch, this.#program.keys, this.#keyGroups, lanes);
      for (let to = 0; to < lanes; to++) {
        const part = parts[to] as { selection: number; count: number };
        if (part.count > 0) this.#add(message, to, takeBatch(message.ws, batch, part.selection, part.count));
      }
      this.#ws.scratch.release(mark);
    }
    if (message.bytes >= this.#messageBytes || message.chunks.some((chunks) => chunks.length >= MAX_CHUNKS))
      this.#write(step, false, -Infinity);
  }

  /** Says that the step is over; false while there is no room to say it. */
  finish(step: number, watermark: number): boolean {
    if (!this.ready()) return false;
    this.#message();
    this.#write(step, true, watermark);
    return true;
  }

  close(): void {
    if (this.#open !== undefined) this.#open.ws.scratch.reset();
    for (const { ws } of this.#inFlight) ws.scratch.reset();
    for (const ws of this.#spare) ws.scratch.reset();
  }

  #add(message: OpenMessage, to: number, chunk: Batch): void {
    (message.chunks[to] as number[]).push(writeDescriptor(message.ws, chunk).at);
    message.bytes += batchBytes(message.ws.memory, chunk);
  }

  #message(): OpenMessage {
    this.#open ??= { ws: this.#spare.pop() ?? this.#ws.fork(), chunks: this.#links.map(() => []), bytes: 0 };
    return this.#open;
  }

  #write(step: number, end: boolean, watermark: number): void {
    const open = this.#open as OpenMessage;
    for (const [to, link] of this.#links.entries()) {
      assert(link.canWrite(), 'an exchange wrote past its ring');
      link.write({ step, end, watermark, chunks: open.chunks[to] as number[] });
      if (to !== this.#lane) this.#bells.ring(to);
    }
    this.#written++;
    this.#inFlight.push({ number: this.#written, ws: open.ws });
    this.#open = undefined;
  }

  #reclaim(): void {
    while (this.#inFlight.length > 0) {
      const oldest = this.#inFlight[0] as { number: number; ws: Workspace };
      if (this.#links.some((link) => link.tail < oldest.number)) return;
      this.#inFlight.shift();
      oldest.ws.scratch.reset();
      this.#spare.push(oldest.ws);
    }
  }
}

function copyWhole(ws: Workspace, batch: Batch): Batch {
  const selection = ws.alloc(batch.rows * 4);
  const rows = ws.memory.u32.subarray(selection / 4, selection / 4 + batch.rows);
  for (let i = 0; i < rows.length; i++) rows[i] = i;
  return takeBatch(ws, batch, selection, batch.rows);
}

/**
 * The receiving end. Rows of one upstream lane come in its order. Where all senders read sources, lanes are taken in the
 * order of their runs of blocks, so that rows of a split keep their order; later, whatever lane has something is taken,
 * since a fixed order could wait in a circle.
 */
export class ExchangeReceiver {
  readonly program: ExchangeProgram;
  readonly #lane: number;
  readonly #links: readonly Link[];
  readonly #peers: readonly Memory[];
  readonly #bells: Doorbells;
  readonly #inOrder: boolean;
  #order: readonly number[] = [];
  #ended: boolean[] = [];
  #current: { readonly from: number; readonly message: LinkMessage; next: number } | undefined;
  #watermark = Infinity;
  /** Messages taken, ever. */
  taken = 0;

  constructor(
    program: ExchangeProgram,
    lane: number,
    links: readonly Link[],
    peers: readonly Memory[],
    bells: Doorbells,
    inOrder: boolean,
  ) {
    this.program = program;
    this.#lane = lane;
    this.#links = links;
    this.#peers = peers;
    this.#bells = bells;
    this.#inOrder = inOrder;
  }

  begin(order: readonly number[]): void {
    this.#order = order;
    this.#ended = this.#links.map(() => false);
    this.#watermark = Infinity;
  }

  /** The least of the senders' watermarks; meant once the step is done. */
  get watermark(): number {
    return this.#watermark;
  }

  get done(): boolean {
    return this.#current === undefined && this.#ended.every((ended) => ended);
  }

  /** The next chunk, copied into `ws`; undefined when there is none now. */
  next(step: number, ws: Workspace): Batch | undefined {
    for (;;) {
      this.#current ??= this.#takeNext(step);
      const current = this.#current;
      if (current === undefined) return undefined;
      if (current.next < current.message.chunks.length) {
        const at = current.message.chunks[current.next++] as number;
        return copyFrom(this.#peers[current.from] as Memory, at, this.program.schema, ws);
      }
      (this.#links[current.from] as Link).take();
      this.taken++;
      if (current.from !== this.#lane) this.#bells.ring(current.from);
      if (current.message.end) {
        this.#ended[current.from] = true;
        this.#watermark = Math.min(this.#watermark, current.message.watermark);
      }
      this.#current = undefined;
    }
  }

  #takeNext(step: number): { from: number; message: LinkMessage; next: number } | undefined {
    for (const from of this.#order) {
      if (this.#ended[from]) continue;
      const message = (this.#links[from] as Link).peek();
      if (message !== undefined && message.step === step) return { from, message, next: 0 };
      assert(message === undefined || message.step > step, 'an exchange received a message of a step gone by');
      if (this.#inOrder) return undefined;
    }
    return undefined;
  }
}
