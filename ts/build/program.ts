import type { Batch } from '../columns/batch.js';
import { fieldIndex, layoutOf, type Schema } from '../columns/schema.js';
import { MALFORMED_SCHEMA } from '../connectors/connector.js';
import { createLaneReader, createSink } from '../connectors/registry.js';
import { must } from '../core/assert.js';
import type { Host } from '../core/host.js';
import { DEFAULT_LIMITS } from '../core/limits.js';
import { PlacedResults } from '../operators/result-places.js';
import { evaluate, evaluateCondition } from '../operators/expression.js';
import { columnsOf } from '../plan/functions.js';
import type { Shape } from '../plan/checks.js';
import { MAIN_PORT, portShape } from '../plan/rules.js';
import type { Plan, PlanNode, PortRef, SinkNode, SourceNode } from '../plan/plan.js';
import { ContentReader } from '../runtime/content-reader.js';
import type { ExchangeProgram, NodeProgram, Program, SinkProgram, SourceProgram, Target } from '../runtime/program.js';
import type { OwnModule } from '../wasm/own-module.js';
import type { Workspace } from '../wasm/workspace.js';
import { encoderOf, type RowForm } from './encoders.js';
import { bindExpression } from './expressions.js';
import { lowerNode } from './lower.js';
import type { LoweredNode } from './lowered-node.js';
import { prune, schemaOfPort } from './prune.js';

/** A built job and where it is to run. */
export interface ProgramInput {
  readonly plan: Plan;
  readonly functions: readonly ((...args: never[]) => unknown)[];
  readonly objects: readonly unknown[];
  /** Compiled modules of one's own aggregates, by the slot of their file; without them a program can be looked at, not run. */
  readonly modules?: ReadonlyMap<number, OwnModule>;
  readonly lanes: number;
  readonly host: Host;
  /** Parts of the job to be collected though no sink takes them, by name. */
  readonly taps: readonly string[];
  /** Sources' rows come from outside, as batches, and sinks' rows go there, whatever the plan says of them: for tests. */
  readonly manual: boolean;
}

export type BuiltSink =
  | { readonly kind: 'sink'; readonly node: SinkNode; readonly schema: Schema }
  | { readonly kind: 'tap'; readonly part: string; readonly schema: Schema };

export interface BuiltProgram {
  readonly program: Program;
  /** The plan as pruned for this program. */
  readonly plan: Plan;
  /** In the order of the program's sources and sinks. */
  readonly sources: readonly SourceNode[];
  readonly sinks: readonly BuiltSink[];
}

const NO_MODULES: ReadonlyMap<number, OwnModule> = new Map();

interface StageDraft {
  readonly sources: number[];
  readonly exchanges: number[];
  readonly nodes: { id: string; inputs: number; outputs: Target[][]; create: NodeProgram['create'] }[];
}

/** Where a port's rows are to be had: its stage, and how to add a consumer. */
interface Outlet {
  readonly stage: number;
  readonly schema: Schema;
  add(target: Target): void;
}

/** Plan -> program: pruning, lowering of nodes to operators, exchanges where rows must move, stages between them. */
export function buildProgram(input: ProgramInput): BuiltProgram {
  return new ProgramBuilder(input).build();
}

class ProgramBuilder {
  readonly #input: ProgramInput;
  readonly #plan: Plan;
  readonly #nodes: ReadonlyMap<string, PlanNode>;
  readonly #stages: StageDraft[] = [];
  readonly #exchanges: (ExchangeProgram & { readonly targets: Target[] })[] = [];
  readonly #sources: Omit<SourceProgram, 'positions'>[] = [];
  readonly #sourceNodes: SourceNode[] = [];
  readonly #sinks: { readonly program: Omit<SinkProgram, 'ordered'>; readonly stage: number; readonly built: BuiltSink }[] = [];
  readonly #outlets = new Map<string, Outlet>();
  readonly #pushed = new Set<string>();
  /** Nodes that order rows by their places. */
  readonly #ordering = new Set<string>();
  /** All that those nodes read, near or far; known once all are placed. */
  #ordered: ReadonlySet<string> | undefined;

  constructor(input: ProgramInput) {
    this.#input = input;
    this.#plan = prune(
      input.plan,
      input.taps.map((name) => must(input.plan.parts[name], `part ${name}`)),
    );
    this.#nodes = new Map(this.#plan.nodes.map((node) => [node.id, node]));
  }

  build(): BuiltProgram {
    for (const node of this.#plan.nodes) {
      if (node.kind === 'source') this.#source(node);
      else if (node.kind === 'sink') this.#sink(node);
      else this.#operator(node);
    }
    for (const part of this.#input.taps) this.#tap(part, must(this.#plan.parts[part], `part ${part}`));
    // Lanes of a stage that feeds an exchange must not wait for one another's output: they might wait in a circle.
    const exchanges = this.#exchanges.length > 0;
    const sinks = this.#sinks.map(({ program, stage }) => ({ ...program, ordered: stage === 0 && !exchanges }));
    const placed = this.#inputsOf(this.#ordering);
    this.#ordered = placed;
    const sources = this.#sources.map((source) => ({ ...source, positions: placed.has(source.id) }));
    return {
      program: { stages: this.#stages, exchanges: this.#exchanges, sources, sinks },
      plan: this.#plan,
      sources: this.#sourceNodes,
      sinks: this.#sinks.map(({ built }) => built),
    };
  }

  /** All nodes that the rows of these come from, themselves only where they are among them. */
  #inputsOf(nodes: ReadonlySet<string>): ReadonlySet<string> {
    const found = new Set<string>();
    for (const node of [...this.#plan.nodes].reverse())
      if (nodes.has(node.id) || found.has(node.id)) for (const ref of node.inputs) found.add(ref.node);
    return found;
  }

  #stage(index: number): StageDraft {
    while (this.#stages.length <= index) this.#stages.push({ sources: [], exchanges: [], nodes: [] });
    return this.#stages[index] as StageDraft;
  }

  #outlet(ref: PortRef): Outlet {
    return must(this.#outlets.get(`${ref.node}/${ref.port}`), `output ${ref.port} of ${ref.node}`);
  }

  #shape(ref: PortRef): Shape {
    const node = must(this.#nodes.get(ref.node), ref.node);
    return portShape(node, ref.port, node, () => node.inputs.map((input) => this.#shape(input)));
  }

  #object(slot: number): unknown {
    return this.#input.objects[slot];
  }

  #source(node: SourceNode): void {
    const { host, manual } = this.#input;
    const limits = { ...DEFAULT_LIMITS, ...node.limits };
    const fields = node.schema;
    const declared = must(
      this.#input.plan.nodes.find((n) => n.id === node.id),
      node.id,
    ).schema;
    const targets: Target[] = [];
    const malformed: Target[] = [];
    const index = this.#sources.length;
    const object = (slot: number) => this.#object(slot);
    this.#sources.push({
      id: node.id,
      schema: fields,
      eventTime: eventTimeOf(node),
      filter: this.#pushedFilter(node),
      targets,
      malformed,
      createReader: (ws) => {
        const context = { ws, host, limits, schema: declared, fields, onMalformed: node.onMalformed, object };
        return (manual ? undefined : createLaneReader(node.source, context)) ?? new ContentReader(ws, declared, fields);
      },
    });
    this.#sourceNodes.push(node);
    this.#stage(0).sources.push(index);
    this.#outlets.set(`${node.id}/main`, { stage: 0, schema: fields, add: (target) => targets.push(target) });
    this.#outlets.set(`${node.id}/malformed`, { stage: 0, schema: MALFORMED_SCHEMA, add: (target) => malformed.push(target) });
  }

  /**
   * A condition that stands right after a source and reads fixed-width columns only is taken into the source: rows that
   * fail it cost no copying of strings.
   */
  #pushedFilter(node: SourceNode): SourceProgram['filter'] {
    const readers = this.#plan.nodes.filter((n) => n.inputs.some((ref) => ref.node === node.id && ref.port === 'main'));
    const tapped = this.#input.taps.some((name) => this.#plan.parts[name]?.node === node.id);
    const only = readers[0];
    if (readers.length !== 1 || tapped || only?.kind !== 'where') return undefined;
    const names = columnsOf(only.condition);
    if (node.schema.some((f) => names.has(f.name) && layoutOf(f.kind) === 'bytes')) return undefined;
    this.#pushed.add(only.id);
    const bound = bindExpression(only.condition, node.schema);
    return (ws, batch) => evaluateCondition(ws, bound, batch);
  }

  #operator(node: Exclude<PlanNode, SourceNode | SinkNode>): void {
    const inputs = node.inputs.map((ref) => this.#outlet(ref));
    if (this.#pushed.has(node.id)) this.#outlets.set(`${node.id}/main`, must(inputs[0], 'an input'));
    else {
      const { functions, lanes, modules = NO_MODULES } = this.#input;
      const wantPlaces = () => void this.#ordering.add(node.id);
      const shapes = node.inputs.map((ref) => this.#shape(ref));
      const context = { inputs: inputs.map((outlet) => outlet.schema), shapes, functions, modules, lanes, wantPlaces };
      this.#place(node, lowerNode(node, context), inputs);
    }
  }

  /** Puts the operators of one plan node into stages, with the exchanges that stand between them. */
  #place(node: PlanNode, lowered: readonly LoweredNode[], inputs: readonly Outlet[]): void {
    let feeding = inputs;
    for (const part of lowered) {
      const level = Math.max(...feeding.map((outlet) => outlet.stage)) + (part.exchange === undefined ? 0 : 1);
      const stage = this.#stage(level);
      const outputs: Target[][] = part.ports.map(() => []);
      for (const [input, outlet] of feeding.entries()) {
        const target: Target = { to: 'node', node: stage.nodes.length, input };
        if (part.exchange !== undefined)
          this.#exchange(outlet, level, part.exchange.keys, part.exchange.keys.length === 0 ? 'one-lane' : 'key', target);
        else if (outlet.stage !== level) this.#exchange(outlet, level, [], 'own-lane', target);
        else outlet.add(target);
      }
      stage.nodes.push({ id: part.id, inputs: feeding.length, outputs, create: this.#placing(node, part) });
      const outlets = part.ports.map(
        ({ schema }, port): Outlet => ({ stage: level, schema, add: (target) => (outputs[port] as Target[]).push(target) }),
      );
      for (const [port, { name }] of part.ports.entries())
        if (name !== undefined) this.#outlets.set(`${node.id}/${name}`, outlets[port] as Outlet);
      feeding = outlets.slice(0, 1);
    }
  }

  /** Results by key get places where somebody downstream orders rows, which is known once the whole plan is built. */
  #placing(node: PlanNode, part: LoweredNode): LoweredNode['create'] {
    if (!('aggregates' in node) || part.ports[0]?.name !== MAIN_PORT) return (ws, groups) => part.create(ws, groups);
    const keys = [...node.keys, 'windowStart'].map((name) => fieldIndex(node.schema, name)).filter((i) => i >= 0);
    return (ws, groups) => {
      const operator = part.create(ws, groups);
      return this.#ordered?.has(node.id) ? new PlacedResults(operator, ws, keys) : operator;
    };
  }

  #exchange(from: Outlet, level: number, keys: readonly number[], route: ExchangeProgram['route'], target: Target): void {
    const exchange = this.#exchanges.length;
    this.#exchanges.push({ schema: from.schema, keys, route, targets: [target] });
    from.add({ to: 'exchange', exchange });
    this.#stage(level).exchanges.push(exchange);
  }

  #sink(node: SinkNode): void {
    const outlet = this.#outlet(must(node.inputs[0], 'an input'));
    const { host, manual } = this.#input;
    const context = {
      host,
      limits: DEFAULT_LIMITS,
      schema: outlet.schema,
      changes: node.changes,
      object: (slot: number) => this.#object(slot),
    };
    const sink = manual ? undefined : createSink(node.sink, context);
    const form = { takes: sink?.takes ?? 'columns', changes: node.changes, delimiter: sink?.delimiter };
    this.#addSink(node.id, outlet, form, {
      kind: 'sink',
      node,
      schema: outlet.schema,
    });
    this.#outlets.set(`${node.id}/main`, outlet);
  }

  #tap(part: string, ref: PortRef): void {
    const shapeOf = (at: PortRef): Schema => schemaOfPort(must(this.#nodes.get(at.node), at.node), at.port, shapeOf);
    const outlet = this.#outlet(ref);
    this.#addSink(
      `take ${part}`,
      outlet,
      { takes: 'columns', changes: true },
      {
        kind: 'tap',
        part,
        schema: ref.port === 'malformed' ? MALFORMED_SCHEMA : shapeOf(ref),
      },
    );
  }

  #addSink(id: string, outlet: Outlet, form: RowForm, built: BuiltSink): void {
    outlet.add({ to: 'sink', sink: this.#sinks.length });
    const program = { id, schema: outlet.schema, takes: form.takes, createEncoder: (ws: Workspace) => encoderOf(ws, form, outlet.schema) };
    this.#sinks.push({ program, stage: outlet.stage, built });
  }
}

function eventTimeOf(node: SourceNode): SourceProgram['eventTime'] {
  const { eventTime } = node;
  if (eventTime === undefined) return undefined;
  const { watermark } = eventTime;
  const bound = watermark.kind === 'expression' ? bindExpression(watermark.of, node.schema) : undefined;
  const candidates = (ws: Workspace, batch: Batch) => {
    const vector = evaluate(ws, must(bound, 'a watermark expression'), batch);
    return { values: vector.values, validity: vector.validity };
  };
  return {
    column: fieldIndex(node.schema, eventTime.column),
    boundMs: watermark.kind === 'out-of-order' ? watermark.boundMs : 0,
    candidates: bound === undefined ? undefined : candidates,
    idleAfterMs: eventTime.idleAfterMs,
    maxFutureMs: eventTime.maxFutureMs,
  };
}
