import type { Batch } from '../columns/batch.js';
import { assert } from '../core/assert.js';
import { toMillraceError } from '../core/errors.js';
import { MAX_BATCH_ROWS } from '../core/limits.js';
import type { KeyGroups, Operator, Outbox, StateReader, StateWriter } from '../operators/operator.js';
import type { Workspace } from '../wasm/workspace.js';
import type { ExchangeReceiver, ExchangeSender } from './exchange.js';
import { lanesInOrder, type BlockFacts, type StepHeader } from './messages.js';
import type { NodeProgram, StageProgram, Target } from './program.js';
import type { SinkPort } from './sink-port.js';
import type { SourceTask } from './source-task.js';

export type Progress = 'worked' | 'idle' | 'blocked';

/** What a stage is joined to: made by the lane. */
export interface StageParts {
  readonly ws: Workspace;
  readonly lane: number;
  readonly lanes: number;
  readonly groups: KeyGroups;
  readonly sources: readonly SourceTask[];
  readonly receivers: readonly ExchangeReceiver[];
  /** By exchange index of the program: those that begin in this stage. */
  readonly senders: ReadonlyMap<number, ExchangeSender>;
  readonly sinks: ReadonlyMap<number, SinkPort>;
  /** Rows a pull may write; small only in tests. */
  readonly room: number;
}

interface Node {
  readonly program: NodeProgram;
  readonly operator: Operator;
  readonly outbox: Outbox;
  /** For each input, the watermarks of what feeds it. */
  readonly feeds: readonly (() => number)[][];
  pending: boolean;
  rowsIn: number;
  rowsOut: number;
  batchesOut: number;
}

/**
 * One stage of a job on one lane: takes its inputs' batches for a step through its operators, then marks the step's end
 * on each operator in topological order, then tells the stages after it. Never blocks: `poll` does a bounded piece of
 * work and says whether it could.
 */
export class Stage {
  readonly #parts: StageParts;
  readonly #nodes: readonly Node[];
  readonly #exchangeFeeds = new Map<number, (() => number)[]>();
  #phase: 'waiting' | 'input' | 'marking' | 'ending' = 'waiting';
  #header: StepHeader | undefined;
  #markNext = 0;
  #finished = 0;
  #emitted: 'may' | 'did' | 'must not' = 'must not';
  /** Whether this poll did anything: whoever waits for its effects must be polled again. */
  #worked = false;
  /** The step to work on next. */
  step: number;

  constructor(program: StageProgram, parts: StageParts, firstStep: number) {
    this.#parts = parts;
    this.step = firstStep;
    this.#nodes = program.nodes.map((node, index) => ({
      program: node,
      operator: node.create(parts.ws, parts.groups),
      outbox: { room: () => (this.#roomAfter(index) ? parts.room : 0), emit: (port, batch) => this.#emit(index, port, batch) },
      feeds: Array.from({ length: node.inputs }, () => []),
      pending: false,
      rowsIn: 0,
      rowsOut: 0,
      batchesOut: 0,
    }));
    this.#findFeeds();
  }

  /** `header`: that of `this.step`, if it has come. Answers 'done' when the step ended with this call. */
  poll(header: StepHeader | undefined): Progress | 'done' {
    if (this.#phase === 'waiting') {
      if (header === undefined) return 'idle';
      this.#begin(header);
    }
    this.#worked = false;
    if (!this.#drain()) return this.#worked ? 'worked' : 'blocked';
    if (this.#phase === 'input') return this.#input();
    if (this.#phase === 'marking') return this.#mark();
    return this.#end();
  }

  get operators(): readonly { readonly id: string; readonly operator: Operator }[] {
    return this.#nodes.map((node) => ({ id: node.program.id, operator: node.operator }));
  }

  get sources(): readonly SourceTask[] {
    return this.#parts.sources;
  }

  facts(): BlockFacts[] {
    return this.#parts.sources.flatMap((source) => source.facts());
  }

  metrics(into: Record<string, number>): void {
    for (const source of this.#parts.sources) source.metrics(into);
    for (const node of this.#nodes) {
      const id = node.program.id;
      into[`${id}.rowsIn`] = node.rowsIn;
      into[`${id}.rowsOut`] = node.rowsOut;
      for (const [name, value] of Object.entries(node.operator.metrics())) into[`${id}.${name}`] = value;
    }
  }

  snapshot(writerOf: (operator: string) => StateWriter): void {
    for (const node of this.#nodes) {
      this.#guard(node, () => {
        const mark = this.#parts.ws.scratch.mark();
        node.operator.snapshot(writerOf(node.program.id));
        this.#parts.ws.scratch.release(mark);
      });
    }
  }

  restore(readerOf: (operator: string) => StateReader): void {
    for (const node of this.#nodes) {
      this.#guard(node, () => {
        const mark = this.#parts.ws.scratch.mark();
        node.operator.restore(readerOf(node.program.id));
        this.#parts.ws.scratch.release(mark);
      });
    }
  }

  close(): void {
    for (const node of this.#nodes) node.operator.close();
    for (const source of this.#parts.sources) source.close();
    this.#parts.ws.scratch.reset();
  }

  #begin(header: StepHeader): void {
    assert(header.step === this.step, 'a stage was given the header of another step');
    this.#header = header;
    this.#phase = 'input';
    for (const source of this.#parts.sources) source.begin(header);
    for (const node of this.#nodes) this.#guard(node, () => node.operator.begin?.({ step: header.step, clockMs: header.clockMs }));
    const order = lanesInOrder(header.step, this.#parts.lanes);
    for (const receiver of this.#parts.receivers) receiver.begin(order);
  }

  #input(): Progress {
    const { sources, receivers, ws } = this.#parts;
    let done = true;
    for (const source of sources) {
      if (source.done) continue;
      done = false;
      if (!this.#accepts(source.program.targets) || !this.#accepts(source.program.malformed)) continue;
      const item = source.next();
      if (item === undefined) {
        if (source.done) return 'worked';
        continue;
      }
      if (item === 'worked') return 'worked';
      this.#deliver(item.port === 'rows' ? source.program.targets : source.program.malformed, item.batch);
      this.#drain();
      return 'worked';
    }
    for (const receiver of receivers) {
      if (receiver.done) continue;
      done = false;
      if (!this.#accepts(receiver.program.targets)) continue;
      const mark = ws.scratch.mark();
      const taken = receiver.taken;
      const batch = receiver.next(this.step, ws);
      if (batch === undefined) {
        ws.scratch.release(mark);
        if (receiver.taken > taken) return 'worked';
        continue;
      }
      this.#inputMark = mark;
      this.#deliver(receiver.program.targets, batch);
      this.#drain();
      return 'worked';
    }
    if (!done) return 'blocked';
    this.#phase = 'marking';
    this.#markNext = 0;
    return 'worked';
  }

  /** Where the batch at hand began in scratch: given back once it is through. */
  #inputMark: { chunk: number; top: number } | undefined;

  #mark(): Progress {
    if (this.#markNext === this.#nodes.length) {
      this.#phase = 'ending';
      this.#finished = 0;
      return 'worked';
    }
    const header = this.#header as StepHeader;
    const index = this.#markNext++;
    const node = this.#nodes[index] as Node;
    this.#inputMark = this.#parts.ws.scratch.mark();
    this.#guard(node, () => {
      for (const [input, feeds] of node.feeds.entries()) {
        node.operator.mark(input, { step: header.step, clockMs: header.clockMs, watermark: least(feeds) });
      }
    });
    node.pending = true;
    this.#drain();
    return 'worked';
  }

  #end(): Progress | 'done' {
    const exchanges = [...this.#parts.senders.keys()];
    while (this.#finished < exchanges.length) {
      const exchange = exchanges[this.#finished] as number;
      if (!(this.#parts.senders.get(exchange) as ExchangeSender).finish(this.step, least(this.#exchangeFeeds.get(exchange) ?? [])))
        return this.#worked ? 'worked' : 'blocked';
      this.#finished++;
      this.#worked = true;
    }
    this.#phase = 'waiting';
    this.step++;
    return 'done';
  }

  /** Pulls the deepest operator that has something, until none has; false if a full exchange or sink stands in the way. */
  #drain(): boolean {
    const ws = this.#parts.ws;
    for (;;) {
      let index = this.#nodes.length - 1;
      while (index >= 0 && !(this.#nodes[index] as Node).pending) index--;
      if (index < 0) break;
      if (!this.#roomAfter(index)) return false;
      const node = this.#nodes[index] as Node;
      this.#emitted = 'may';
      this.#worked = true;
      this.#guard(node, () => {
        if (node.operator.pull(node.outbox) === 'done') node.pending = false;
      });
      this.#emitted = 'must not';
    }
    if (this.#inputMark !== undefined) {
      ws.scratch.release(this.#inputMark);
      this.#inputMark = undefined;
    }
    return true;
  }

  #emit(index: number, port: number, batch: Batch): void {
    const node = this.#nodes[index] as Node;
    assert(this.#emitted === 'may', () => `${node.program.id} emitted more than one batch in a pull`);
    assert(batch.rows <= this.#parts.room, () => `${node.program.id} emitted ${batch.rows} rows where ${this.#parts.room} were allowed`);
    this.#emitted = 'did';
    node.rowsOut += batch.rows;
    node.batchesOut++;
    const targets = node.program.outputs[port];
    if (targets !== undefined && batch.rows > 0) this.#deliver(targets, batch);
  }

  #deliver(targets: readonly Target[], batch: Batch): void {
    for (const target of targets) {
      if (target.to === 'exchange') (this.#parts.senders.get(target.exchange) as ExchangeSender).push(batch, this.step);
      else if (target.to === 'sink') (this.#parts.sinks.get(target.sink) as SinkPort).push(batch, this.step);
      else {
        const node = this.#nodes[target.node] as Node;
        node.rowsIn += batch.rows;
        this.#guard(node, () => node.operator.push(target.input, batch));
        node.pending = true;
      }
    }
  }

  #roomAfter(index: number): boolean {
    return (this.#nodes[index] as Node).program.outputs.every((targets) => this.#accepts(targets));
  }

  #accepts(targets: readonly Target[]): boolean {
    return targets.every((target) => {
      if (target.to === 'exchange') return (this.#parts.senders.get(target.exchange) as ExchangeSender).ready();
      if (target.to === 'sink') return (this.#parts.sinks.get(target.sink) as SinkPort).ready();
      const node = this.#nodes[target.node] as Node;
      return !node.pending && node.operator.ready(target.input);
    });
  }

  /** What feeds each input of each node, and each exchange: fixed for the stage's life. */
  #findFeeds(): void {
    const feed = (targets: readonly Target[], watermark: () => number) => {
      for (const target of targets) {
        if (target.to === 'node') (this.#nodes[target.node] as Node).feeds[target.input]?.push(watermark);
        else if (target.to === 'exchange')
          this.#exchangeFeeds.set(target.exchange, [...(this.#exchangeFeeds.get(target.exchange) ?? []), watermark]);
      }
    };
    for (const source of this.#parts.sources) {
      feed(source.program.targets, () => source.watermark);
      feed(source.program.malformed, () => source.watermark);
    }
    for (const receiver of this.#parts.receivers) feed(receiver.program.targets, () => receiver.watermark);
    for (const { program, operator } of this.#nodes) for (const targets of program.outputs) feed(targets, () => operator.outputWatermark());
  }

  #guard(node: Node, work: () => void): void {
    try {
      work();
    } catch (error) {
      throw toMillraceError(error, node.program.id);
    }
  }
}

function least(feeds: readonly (() => number)[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const watermark of feeds) least = Math.min(least, watermark());
  return least;
}

export const DEFAULT_ROOM = MAX_BATCH_ROWS;
