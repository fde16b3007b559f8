import { attach, detach, type DetachedBatch } from '../columns/detached.js';
import type { Batch } from '../columns/batch.js';
import type { Memory } from '../columns/memory.js';
import { sameSchema, describeSchema, type Schema } from '../columns/schema.js';
import { MillraceError } from '../core/errors.js';
import type { Workspace } from '../wasm/workspace.js';
import { laneOfGroup, type KeyGroups, type StateReader, type StateWriter } from './snapshot.js';

/** The state of operators, as batches of values in ordinary memory: of one lane, or, merged, of a whole job. Plain data. */
export interface LaneState {
  /** By operator id. */
  readonly operators: Readonly<Record<string, OperatorState>>;
}

export interface NamedBatch {
  readonly name: string;
  readonly batch: DetachedBatch;
}

export interface OperatorState {
  readonly keyed: readonly (NamedBatch & { readonly group: number })[];
  readonly single: readonly NamedBatch[];
  readonly broadcast: readonly NamedBatch[];
}

interface OperatorDraft {
  readonly keyed: (NamedBatch & { readonly group: number })[];
  readonly single: NamedBatch[];
  readonly broadcast: NamedBatch[];
}

/** Gathers what the operators of one lane hand over. */
export class LaneStateWriter {
  readonly #memory: Memory;
  readonly #operators: Record<string, OperatorDraft> = {};

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The writer for one operator. Only lane 0 speaks for state that is not kept by key. */
  of(operator: string, lane: number): StateWriter {
    const draft: OperatorDraft = { keyed: [], single: [], broadcast: [] };
    this.#operators[operator] = draft;
    const copy = (batch: Batch) => detach(this.#memory, batch);
    return {
      keyed: (name, group, batch) => draft.keyed.push({ name, group, batch: copy(batch) }),
      single: (name, batch) => {
        if (lane === 0) draft.single.push({ name, batch: copy(batch) });
      },
      broadcast: (name, batch) => {
        if (lane === 0) draft.broadcast.push({ name, batch: copy(batch) });
      },
    };
  }

  finish(): LaneState {
    return { operators: this.#operators };
  }
}

/** The state of a job from that of its lanes. */
export function mergeLaneStates(states: readonly LaneState[]): LaneState {
  const operators: Record<string, OperatorDraft> = {};
  for (const state of states) {
    for (const [id, operator] of Object.entries(state.operators)) {
      const merged = (operators[id] ??= { keyed: [], single: [], broadcast: [] });
      merged.keyed.push(...operator.keyed);
      merged.single.push(...operator.single);
      merged.broadcast.push(...operator.broadcast);
    }
  }
  return { operators };
}

const EMPTY: OperatorState = Object.freeze({ keyed: [], single: [], broadcast: [] });

/** Gives one operator of one lane its share of a job's state. */
export class LaneStateReader implements StateReader {
  readonly #state: OperatorState;
  readonly #operator: string;
  readonly #groups: KeyGroups;
  readonly #ws: Workspace;

  constructor(state: LaneState, operator: string, groups: KeyGroups, ws: Workspace) {
    this.#state = state.operators[operator] ?? EMPTY;
    this.#operator = operator;
    this.#groups = groups;
    this.#ws = ws;
  }

  *keyed(name: string, schema: Schema): Generator<{ readonly group: number; readonly batch: Batch }> {
    const { count, lane, lanes } = this.#groups;
    for (const item of this.#state.keyed) {
      if (item.name !== name || laneOfGroup(item.group, count, lanes) !== lane) continue;
      yield* this.#attached(item.batch, schema, (batch) => ({ group: item.group, batch }));
    }
  }

  *single(name: string, schema: Schema): Generator<Batch> {
    if (this.#groups.lane === 0) yield* this.#named(this.#state.single, name, schema);
  }

  *broadcast(name: string, schema: Schema): Generator<Batch> {
    yield* this.#named(this.#state.broadcast, name, schema);
  }

  *#named(items: readonly NamedBatch[], name: string, schema: Schema): Generator<Batch> {
    for (const item of items) if (item.name === name) yield* this.#attached(item.batch, schema, (batch) => batch);
  }

  *#attached<T>(detached: DetachedBatch, schema: Schema, give: (batch: Batch) => T): Generator<T> {
    if (!sameSchema(detached.schema, schema)) {
      throw new MillraceError(
        'state.incompatible',
        `the state of ${this.#operator} has columns ${describeSchema(detached.schema)}, but the job now wants ` +
          `${describeSchema(schema)}; restore it with the job that it was taken of`,
        { operator: this.#operator },
      );
    }
    const mark = this.#ws.scratch.mark();
    yield give(attach(this.#ws, detached));
    this.#ws.scratch.release(mark);
  }
}
