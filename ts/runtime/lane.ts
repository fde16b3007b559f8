import type { Memory } from '../columns/memory.js';
import type { BlockContent, SinkChunk, SplitSpec } from '../connectors/connector.js';
import { must } from '../core/assert.js';
import { errorToData } from '../core/errors.js';
import type { Host } from '../core/host.js';
import type { KeyGroups } from '../operators/operator.js';
import { LaneStateReader, LaneStateWriter } from '../state/memory-snapshot.js';
import type { Workspace } from '../wasm/workspace.js';
import { BlockBoard } from './block-board.js';
import { ExchangeReceiver, ExchangeSender } from './exchange.js';
import type { LaneState } from '../state/memory-snapshot.js';
import { Doorbells, Link } from './link.js';
import type { BlockFacts, FromLane, SourceClockState, StepHeader, ToLane } from './messages.js';
import type { Program, Target } from './program.js';
import { SinkPort } from './sink-port.js';
import { SourceTask } from './source-task.js';
import { DEFAULT_ROOM, Stage, type Progress } from './stage.js';
import { checkStateLimit, withHolders } from './state-limit.js';

/** Memory shared by all lanes of a job, besides their linear memories. */
export interface SharedParts {
  readonly links: SharedArrayBuffer;
  readonly board: SharedArrayBuffer;
  readonly bells: SharedArrayBuffer;
  /** For each lane and sink, chunks that the sink has taken. */
  readonly written: SharedArrayBuffer;
}

/** What makes lanes misbehave in tests: every bound made small, without changing what is computed. */
export interface LaneTuning {
  /** Rows a pull may write. */
  readonly room: number;
  /** Bytes after which an exchange closes a message. */
  readonly messageBytes: number;
}

export const DEFAULT_TUNING: LaneTuning = Object.freeze({ room: DEFAULT_ROOM, messageBytes: 4 << 20 });

export interface LaneParts {
  readonly program: Program;
  readonly ws: Workspace;
  readonly peers: readonly Memory[];
  readonly shared: SharedParts;
  readonly host: Host;
  readonly lane: number;
  readonly lanes: number;
  readonly keyGroups: number;
  readonly splits: readonly (readonly SplitSpec[])[];
  /** By source: ids of splits, each at its number in rows' places. As `splits`, unless said. */
  readonly splitOrder?: readonly (readonly string[])[] | undefined;
  readonly firstStep: number;
  readonly restore: { readonly state: LaneState; readonly clocks: readonly SourceClockState[] } | undefined;
  readonly tuning: LaneTuning;
  /** Bytes of state that this lane may hold. */
  readonly stateLimit?: number | undefined;
  send(message: FromLane): void;
}

/**
 * One share of the key groups: the stages of a job over one linear memory. A lane is polled by whoever runs it, a worker
 * thread's loop or the calling thread, and never waits by itself.
 */
export class Lane {
  readonly #parts: LaneParts;
  readonly #stages: Stage[];
  readonly #sources = new Map<number, SourceTask>();
  readonly #senders = new Map<number, ExchangeSender>();
  readonly #sinks = new Map<number, SinkPort>();
  readonly #headers = new Map<number, StepHeader>();
  readonly #contents = new Map<number, BlockContent>();
  readonly #facts = new Map<number, BlockFacts[]>();
  readonly #clocks = new Map<number, (SourceClockState | undefined)[]>();
  readonly #states = new Map<number, LaneStateWriter>();
  #acked: number;
  #failed = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#acked = parts.firstStep - 1;
    const { program, lane, lanes } = parts;
    const bells = new Doorbells(parts.shared.bells);
    const groups: KeyGroups = { count: parts.keyGroups, lane, lanes };
    const linkOf = (exchange: number, from: number, to: number) => new Link(parts.shared.links, exchange, from, to, lanes);
    const allLanes = Array.from({ length: lanes }, (_, i) => i);
    for (const [sink, sinkProgram] of program.sinks.entries()) {
      const word = (lane * program.sinks.length + sink) * 16;
      const send = (step: number, bytes: number, chunk: SinkChunk) => parts.send({ type: 'chunk', lane, step, sink, bytes, chunk });
      this.#sinks.set(sink, new SinkPort(sinkProgram, parts.ws.fork(), new Int32Array(parts.shared.written, word * 4, 1), send));
    }
    const board = new BlockBoard(parts.shared.board);
    this.#stages = program.stages.map((stage) => {
      const ws = parts.ws.fork();
      const senders = new Map<number, ExchangeSender>();
      for (const exchange of exchangesFrom(program, stage)) {
        const links = allLanes.map((to) => linkOf(exchange, lane, to));
        const sender = new ExchangeSender(
          must(program.exchanges[exchange], 'an exchange'),
          ws.fork(),
          lane,
          parts.keyGroups,
          links,
          bells,
          parts.tuning.messageBytes,
        );
        senders.set(exchange, sender);
        this.#senders.set(exchange, sender);
      }
      const sources = stage.sources.map((index) => {
        const task = new SourceTask(must(program.sources[index], 'a source'), {
          index,
          ws: ws.fork(),
          host: parts.host,
          lane,
          lanes,
          board,
          bells,
          splits: must(parts.splits[index], 'splits'),
          splitOrder: parts.splitOrder?.[index] ?? must(parts.splits[index], 'splits').map(({ id }) => id),
          contentOf: (no) => this.#contents.get(no),
          state: parts.restore?.clocks[index],
        });
        this.#sources.set(index, task);
        return task;
      });
      const receivers = stage.exchanges.map((exchange) => {
        const links = allLanes.map((from) => linkOf(exchange, from, lane));
        const inOrder = program.stages.every((s) => !exchangesFrom(program, s).has(exchange) || s.exchanges.length === 0);
        return new ExchangeReceiver(must(program.exchanges[exchange], 'an exchange'), lane, links, parts.peers, bells, inOrder);
      });
      return new Stage(
        stage,
        { ws, lane, lanes, groups, sources, receivers, senders, sinks: this.#sinks, room: parts.tuning.room },
        parts.firstStep,
      );
    });
    if (parts.restore !== undefined) {
      const { state } = parts.restore;
      for (const stage of this.#stages) stage.restore((operator) => new LaneStateReader(state, operator, groups, parts.ws));
    }
  }

  receive(message: Extract<ToLane, { type: 'step' }>): void {
    this.#headers.set(message.header.step, message.header);
    for (const [no, content] of message.contents) this.#contents.set(no, content);
  }

  /** A bounded piece of work, of the last stage that has some. 'idle': nothing to do until a message or a bell comes. */
  poll(): Progress {
    if (this.#failed) return 'idle';
    try {
      return this.#poll();
    } catch (error) {
      this.#failed = true;
      this.#parts.send({ type: 'error', lane: this.#parts.lane, error: errorToData(withHolders(error, this.#stages)) });
      return 'idle';
    }
  }

  close(): void {
    for (const stage of this.#stages) stage.close();
    for (const sender of this.#senders.values()) sender.close();
    this.#parts.ws.spill?.close();
  }

  #poll(): Progress {
    let blocked = false;
    for (let index = this.#stages.length - 1; index >= 0; index--) {
      const stage = this.#stages[index] as Stage;
      const step = stage.step;
      const answer = stage.poll(this.#headers.get(step));
      if (answer === 'done') {
        this.#stageDone(stage, step);
        return 'worked';
      }
      if (answer === 'worked') return 'worked';
      blocked ||= answer === 'blocked';
    }
    return blocked ? 'blocked' : 'idle';
  }

  #stageDone(stage: Stage, step: number): void {
    const header = must(this.#headers.get(step), 'the step at hand');
    this.#facts.set(step, [...(this.#facts.get(step) ?? []), ...stage.facts()]);
    const clocks = this.#clocks.get(step) ?? [];
    for (const [index, task] of this.#sources) if (stage.sources.includes(task)) clocks[index] = task.clockState();
    this.#clocks.set(step, clocks);
    if (header.snapshot) {
      const state = this.#states.get(step) ?? new LaneStateWriter(this.#parts.ws.memory);
      this.#states.set(step, state);
      stage.snapshot((operator) => state.of(operator, this.#parts.lane));
    }
    while (this.#stages.every((s) => s.step > this.#acked + 1)) this.#ack(this.#acked + 1);
  }

  #metrics(): Record<string, number> {
    const metrics: Record<string, number> = {};
    for (const stage of this.#stages) stage.metrics(metrics);
    for (const sink of this.#sinks.values()) metrics[`${sink.program.id}.rows`] = sink.rows;
    const { spill } = this.#parts.ws;
    if (spill !== undefined) metrics['spilledBytes'] = spill.bytesWritten;
    return metrics;
  }

  #ack(step: number): void {
    this.#acked = step;
    const { stateLimit, ws, lanes } = this.#parts;
    if (stateLimit !== undefined) checkStateLimit(this.#stages, ws.blocks.bytesInUse, stateLimit, lanes);
    const header = must(this.#headers.get(step), 'the step at hand');
    let wakeup: number | undefined;
    for (const stage of this.#stages) {
      for (const { operator } of stage.operators) {
        const clock = operator.nextWakeup().clock;
        if (clock !== undefined) wakeup = Math.min(wakeup ?? Infinity, clock);
      }
    }
    for (const block of header.blocks) this.#contents.delete(block.no);
    this.#parts.send({
      type: 'ack',
      lane: this.#parts.lane,
      ack: {
        step,
        blocks: this.#facts.get(step) ?? [],
        clocks: this.#clocks.get(step) ?? [],
        nextClockWakeup: wakeup,
        stateBytes: this.#parts.ws.blocks.bytesInUse,
        peakBytes: this.#parts.ws.blocks.bytesAtPeak,
        metrics: header.report ? this.#metrics() : undefined,
        state: this.#states.get(step)?.finish(),
      },
    });
    this.#headers.delete(step);
    this.#facts.delete(step);
    this.#clocks.delete(step);
    this.#states.delete(step);
  }
}

/** The exchanges that begin in a stage. */
export function exchangesFrom(program: Program, stage: Program['stages'][number]): ReadonlySet<number> {
  const found = new Set<number>();
  const look = (targets: readonly Target[]) => {
    for (const target of targets) if (target.to === 'exchange') found.add(target.exchange);
  };
  for (const index of stage.sources) {
    const source = must(program.sources[index], 'a source');
    look(source.targets);
    look(source.malformed);
  }
  for (const index of stage.exchanges) look(must(program.exchanges[index], 'an exchange').targets);
  for (const node of stage.nodes) for (const targets of node.outputs) look(targets);
  return found;
}
