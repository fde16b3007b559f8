import type { RecordBatch } from 'apache-arrow';
import { MillraceError } from '../core/errors.js';
import { must } from '../core/assert.js';
import type { AggregateCall } from '../plan/plan.js';
import type { TriggerSpec } from '../plan/triggers.js';
import { checkKeys } from '../plan/checks.js';
import { checkWindowed, MAIN_PORT, portsOf, type NodeSpec } from '../plan/rules.js';
import { aggregateCalls } from './aggregate-calls.js';
import { assemble, type DraftPart } from './assemble.js';
import { columnFrom, columnsOfRows, type ColumnExpression } from './columns.js';
import { connectorAs } from './connectors.js';
import { dedupPort } from './dedup.js';
import { checkScope, Draft, DraftPort, type Scope, type DirectReader, type UserFunction } from './draft.js';
import { knownOptions, functionGiven } from './given.js';
import { groupAggregate } from './group-stream.js';
import { overPort } from './over.js';
import { RowWindowDefinition, rowWindowAggregate } from './row-windows.js';
import { topNPort, windowTopNPort } from './top-n.js';
import { fieldsOf, schemaOf, show, type Schema } from './types.js';
import { triggerSpec } from './triggers.js';
import { windowGiven, type WindowDefinition } from './windows.js';

/** The name of the only part of a plan that is read directly. */
export const DIRECT_PART = 'result';

type ColumnFunction = (c: Readonly<Record<string, ColumnExpression>>) => unknown;

/** What `Stream`, `SourceStream`, `WindowResult` are at run time. */
export class StreamPart {
  readonly at: DraftPort;

  constructor(at: DraftPort) {
    this.at = at;
  }

  get schema(): Schema {
    return schemaOf(this.at.shape.schema);
  }

  /** Of a source. */
  get malformed(): StreamPart {
    return this.#side('malformed', 'only what env.from(…) gives');
  }

  /** Of what judges rows by their event time. */
  get late(): StreamPart {
    const { draft, port } = this.at;
    // What apply gives has its windows before it.
    if (draft.spec.kind === 'apply' && port === MAIN_PORT) return new StreamPart(must(draft.inputs[0], 'windows')).late;
    return this.#side('late', 'only what window(…).aggregate(…) or .apply(…), dedup(…) with a within and the like give');
  }

  where(condition: ColumnFunction): StreamPart {
    const given = this.#columns('where', condition);
    return this.#then({ kind: 'where', condition: columnFrom(given, this.at.origin, 'where: the condition').expression });
  }

  select(columns: ColumnFunction): StreamPart {
    const given = this.#columns('select', columns);
    if (typeof given !== 'object' || given === null) {
      throw new MillraceError(
        'plan.invalid',
        `select: the function gives ${show(given)}; it must give names and columns, as in (c) => ({ ...c, euro: c.price.mul(0.9) })`,
      );
    }
    const entries = Object.entries(given).map(([name, value]: [string, unknown]) =>
      Object.freeze({ name, of: columnFrom(value, this.at.origin, `select: '${name}'`).expression }),
    );
    return this.#then({ kind: 'select', columns: Object.freeze(entries) });
  }

  filter(keep: UserFunction): StreamPart {
    return this.#rows('filter', keep);
  }

  peek(look: UserFunction): StreamPart {
    return this.#rows('peek', look);
  }

  map(output: Schema, f: UserFunction): StreamPart {
    return this.#rows('map', f, output);
  }

  flatMap(output: Schema, f: UserFunction): StreamPart {
    return this.#rows('flatMap', f, output);
  }

  branch(branches: Readonly<Record<string, UserFunction>>): Readonly<Record<string, StreamPart>> {
    const ports = Object.keys(branches ?? {});
    const functions = ports.map((name) => functionGiven(branches[name], `branch: '${name}'`, '(r) => r.amount > 0'));
    const spec: NodeSpec = { kind: 'branch', functions: refs(functions), ports: Object.freeze(ports) };
    const draft = new Draft(this.at.draft.scope, spec, [this.at], { functions });
    return Object.freeze(Object.fromEntries(ports.map((name) => [name, new StreamPart(new DraftPort(draft, name))])));
  }

  merge(...others: readonly unknown[]): StreamPart {
    const streams = others.map((other) => {
      if (other instanceof StreamPart) return other.at;
      throw new MillraceError('plan.invalid', `merge(${show(other)}): give streams`);
    });
    if (streams.length === 0) return this;
    return new StreamPart(new DraftPort(new Draft(this.at.draft.scope, { kind: 'merge' }, [this.at, ...streams])));
  }

  dedup(options: unknown): StreamPart {
    return new StreamPart(dedupPort(this.at, options));
  }

  over(options: unknown, columns: UserFunction): StreamPart {
    return new StreamPart(overPort(this.at, options, columns));
  }

  keyBy(...columns: readonly string[]): KeyedPart {
    checkKeys(columns, this.at.shape.schema);
    return new KeyedPart(this.at, Object.freeze([...columns]));
  }

  window(window: unknown, options?: unknown): WindowedPart | RowWindowedPart {
    return windowed(this.at, [], window, options);
  }

  named(id: string): this {
    if (typeof id !== 'string' || id === '') throw new MillraceError('plan.invalid', `named(${show(id)}): give a name`);
    const { draft, port } = this.at;
    if (port !== MAIN_PORT) {
      throw new MillraceError(
        'plan.invalid',
        `named('${id}'): this stream is the output '${port}' of an operator and has its name; name the operator, or return the stream from the job`,
      );
    }
    if (draft.name !== undefined && draft.name !== id)
      throw new MillraceError('plan.name-taken', `named('${id}'): the operator is named '${draft.name}' already`);
    draft.name = id;
    return this;
  }

  to(sink: unknown): OutputPart {
    const connector = connectorAs(sink, 'sink');
    const { scope } = this.at.draft;
    if (scope.job === undefined) {
      throw new MillraceError(
        'plan.invalid',
        `to(${connector.connector}(…)): nothing runs outside a job; write job(import.meta, name, (env) => …) and run it, or read with toArray() or batches()`,
      );
    }
    const draft = new Draft(scope, { kind: 'sink', sink: { connector: connector.connector, options: connector.options } }, [this.at], {
      connector,
    });
    scope.sinks.push(draft);
    return new OutputPart(this.at, draft);
  }

  async toArray(): Promise<readonly object[]> {
    return await this.#direct('toArray').readRows(this.#alone(), DIRECT_PART);
  }

  batches(): AsyncIterable<RecordBatch> {
    return this.#direct('batches').readBatches(this.#alone(), DIRECT_PART);
  }

  #direct(method: string): DirectReader {
    const { scope } = this.at.draft;
    if (scope.direct !== undefined) return scope.direct;
    throw new MillraceError(
      'plan.invalid',
      `${method}(): inside job '${scope.job}' nothing runs yet; return the stream and use run(job), or from(…) outside a job`,
    );
  }

  #alone(): ReturnType<typeof assemble> {
    return assemble('direct', new Map([[DIRECT_PART, { at: this.at, sink: undefined }]]), []);
  }

  #columns(what: string, f: ColumnFunction): unknown {
    return functionGiven(f, what, '(c) => c.amount.gt(0)')(columnsOfRows(this.at.origin) as never);
  }

  #rows(kind: 'map' | 'filter' | 'flatMap' | 'peek', f: UserFunction, output?: Schema): StreamPart {
    return new StreamPart(rowsPort(this.at, kind, f, output));
  }

  #then(spec: NodeSpec): StreamPart {
    return new StreamPart(new DraftPort(new Draft(this.at.draft.scope, Object.freeze(spec), [this.at])));
  }

  #side(port: string, has: string): StreamPart {
    const { spec } = this.at.draft;
    if (spec.kind !== 'branch' && portsOf(spec).includes(port) && this.at.port === MAIN_PORT)
      return new StreamPart(new DraftPort(this.at.draft, port));
    throw new MillraceError('plan.invalid', `.${port}: this stream has none; ${has} has one`);
  }
}

/** What `KeyedStream` is at run time. */
export class KeyedPart {
  readonly at: DraftPort;
  readonly keys: readonly string[];

  constructor(at: DraftPort, keys: readonly string[]) {
    this.at = at;
    this.keys = keys;
  }

  mapValues(output: Schema, f: UserFunction): KeyedPart {
    const given = functionGiven(f, 'mapValues', '(r) => ({ euro: r.amount * 0.9 })') as (row: Readonly<Record<string, unknown>>) => unknown;
    const { keys } = this;
    const kept = Object.fromEntries(this.at.shape.schema.filter((f) => keys.includes(f.name)).map((f) => [f.name, schemaOf([f])[f.name]]));
    const keeping = (row: Readonly<Record<string, unknown>>): unknown => {
      const made = given(row);
      if (typeof made !== 'object' || made === null || isPromise(made)) return made;
      const out: Record<string, unknown> = { ...made };
      for (const key of keys) out[key] = row[key];
      return out;
    };
    fieldsOf(output, 'mapValues');
    return new KeyedPart(rowsPort(this.at, 'map', keeping as UserFunction, { ...output, ...kept } as Schema, [...keys]), keys);
  }

  topN(n: number, order: UserFunction, options?: unknown): StreamPart {
    return new StreamPart(topNPort(this.at, this.keys, n, order, options));
  }

  window(window: unknown, options?: unknown): WindowedPart | RowWindowedPart {
    return windowed(this.at, this.keys, window, options);
  }

  aggregate(aggregates: ColumnFunction, options?: unknown): StreamPart {
    return new StreamPart(groupAggregate(this.at, this.keys, aggregates, options));
  }
}

/** What `WindowedStream` is at run time. */
export class WindowedPart {
  readonly at: DraftPort;
  readonly keys: readonly string[];
  readonly window: WindowDefinition;
  readonly allowedLatenessMs: number | undefined;
  readonly emit: 'final' | 'updates';
  readonly trigger: TriggerSpec | undefined;

  constructor(
    at: DraftPort,
    keys: readonly string[],
    window: WindowDefinition,
    allowedLatenessMs: number | undefined,
    emit: 'final' | 'updates',
    trigger: TriggerSpec | undefined,
  ) {
    this.at = at;
    this.keys = keys;
    this.window = window;
    this.allowedLatenessMs = allowedLatenessMs;
    this.emit = emit;
    this.trigger = trigger;
  }

  topN(n: number, order: UserFunction, options?: unknown): StreamPart {
    if (this.allowedLatenessMs !== undefined || this.emit === 'updates' || this.trigger !== undefined) {
      const advice = 'leave out allowedLateness, emit and trigger';
      throw new MillraceError('plan.invalid', `topN: windows rank their rows once, when they close; ${advice}`);
    }
    if (this.window.time === 'processing-time')
      throw new MillraceError('plan.invalid', 'topN: windows of processing time rank no rows; give a window of event time');
    return new StreamPart(windowTopNPort(this.at, { keys: this.keys, window: this.window.spec }, { n, order, options }));
  }

  aggregate(aggregates: ColumnFunction): StreamPart {
    const given = functionGiven(aggregates, 'aggregate', '(c) => ({ n: count() })')(columnsOfRows(this.at.origin) as never);
    return this.#aggregated(aggregateCalls(given, this.at.origin));
  }

  /** All rows as one aggregate, and then the function over each result. */
  apply(output: Schema, f: UserFunction): StreamPart {
    const fields = fieldsOf(output, 'apply');
    const functions = [functionGiven(f, 'apply', '(rows, window, out) => out.emit({ … })')];
    const rowFields = Object.freeze(this.at.shape.schema.map(({ name, kind, nullable }) => Object.freeze({ name, kind, nullable })));
    const { keys } = this;
    let column = 'rows of a window';
    while (keys.includes(column)) column += '.';
    const packed = { op: 'call', fn: 'packRow', args: rowFields.map(({ name }) => ({ op: 'column', name }) as const) } as const;
    const windows = this.#aggregated([{ name: column, fn: 'allRows', args: [packed] }]);
    const spec: NodeSpec = Object.freeze({ kind: 'apply', functions: refs(functions), windows: { keys, column, rowFields } });
    return new StreamPart(new DraftPort(new Draft(this.at.draft.scope, spec, [windows.at], { functions, declared: fields })));
  }

  #aggregated(calls: readonly AggregateCall[]): StreamPart {
    const spec: NodeSpec = {
      kind: 'window-aggregate',
      keys: this.keys,
      window: this.window.spec,
      aggregates: Object.freeze([...calls]),
      // Changes of windows above come as late as those may be, and by as much later here.
      allowedLatenessMs: (this.allowedLatenessMs ?? 0) + (this.at.shape.latenessMs ?? 0),
      emit: this.emit,
      ...(this.trigger === undefined ? {} : { trigger: this.trigger }),
      ...(this.window.time === 'processing-time' ? { processingTime: true } : {}),
      changes: this.allowedLatenessMs !== undefined || this.emit === 'updates' || this.trigger !== undefined || this.at.shape.changes,
    };
    return new StreamPart(new DraftPort(new Draft(this.at.draft.scope, Object.freeze(spec), [this.at])));
  }
}

/** What `WindowedStream` is at run time, of windows over rows. */
export class RowWindowedPart {
  readonly at: DraftPort;
  readonly keys: readonly string[];
  readonly window: RowWindowDefinition;

  constructor(at: DraftPort, keys: readonly string[], window: RowWindowDefinition) {
    this.at = at;
    this.keys = keys;
    this.window = window;
  }

  aggregate(aggregates: ColumnFunction): StreamPart {
    return new StreamPart(rowWindowAggregate(this.at, this.keys, this.window, aggregates));
  }
}

/** What `Output` is at run time. */
export class OutputPart {
  readonly at: DraftPort;
  readonly sink: Draft;

  constructor(at: DraftPort, sink: Draft) {
    this.at = at;
    this.sink = sink;
  }

  get schema(): Schema {
    return schemaOf(this.at.shape.schema);
  }
}

/** What a job's function has returned, as parts. */
export function partsOf(face: unknown, scope: Scope): Map<string, DraftPart> {
  const parts = new Map<string, DraftPart>();
  if (face === undefined) return parts;
  const what = `job '${scope.job}'`;
  if (typeof face !== 'object' || face === null || face instanceof StreamPart || face instanceof OutputPart) {
    throw new MillraceError(
      'plan.invalid',
      `${what} returns ${face instanceof StreamPart ? 'a stream' : show(face)}; it must return its parts by name, as in return { orders, totals }`,
    );
  }
  if ('then' in face && typeof face.then === 'function')
    throw new MillraceError('plan.invalid', `${what} returns a promise; its function must not be async`);
  for (const [name, part] of Object.entries(face)) {
    if (part instanceof KeyedPart || part instanceof WindowedPart || part instanceof RowWindowedPart) {
      throw new MillraceError('plan.invalid', `${what} returns '${name}', which is not yet a stream; aggregate it first`);
    }
    if (!(part instanceof StreamPart || part instanceof OutputPart)) {
      throw new MillraceError('plan.invalid', `${what} returns '${name}', which is ${show(part)}; return streams and what .to(…) gives`);
    }
    checkScope(scope, part.at.draft.scope);
    parts.set(name, { at: part.at, sink: part instanceof OutputPart ? part.sink : undefined });
  }
  return parts;
}

function windowed(at: DraftPort, keys: readonly string[], window: unknown, options: unknown): WindowedPart | RowWindowedPart {
  if (window instanceof RowWindowDefinition) {
    knownOptions('window', options, []);
    return new RowWindowedPart(at, keys, window);
  }
  const { allowedLateness, emit = 'final', trigger } = knownOptions('window', options, ['allowedLateness', 'emit', 'trigger']);
  const given = windowGiven(typeof window === 'function' ? window(columnsOfRows(at.origin)) : window, at.origin);
  const [latenessMs, emits] = [allowedLateness as number | undefined, emit as 'final' | 'updates'];
  const clock = given.time === 'processing-time' ? { processingTime: true as const } : {};
  const told = trigger === undefined ? undefined : triggerSpec('window: trigger', trigger);
  const when = told === undefined ? {} : { trigger: told };
  checkWindowed({ window: given.spec, keys, allowedLatenessMs: latenessMs ?? 0, emit: emits, ...when, ...clock }, at.shape);
  return new WindowedPart(at, keys, given, latenessMs, emits, told);
}

function rowsPort(
  at: DraftPort,
  kind: 'map' | 'filter' | 'flatMap' | 'peek',
  f: UserFunction,
  output?: Schema,
  first: readonly string[] = [],
): DraftPort {
  const fields = kind === 'map' || kind === 'flatMap' ? fieldsOf(output as Schema, kind) : undefined;
  const functions = [functionGiven(f, kind, '(r) => …')];
  const declared =
    fields === undefined
      ? undefined
      : Object.freeze([...fields.filter((x) => first.includes(x.name)), ...fields.filter((x) => !first.includes(x.name))]);
  const spec: NodeSpec = { kind, functions: refs(functions) };
  return new DraftPort(new Draft(at.draft.scope, spec, [at], { functions, ...(declared === undefined ? {} : { declared }) }));
}

/** Left as it is, so that the operator refuses it by name. */
function isPromise(made: object): boolean {
  return typeof (made as { then?: unknown }).then === 'function';
}

function refs(functions: readonly UserFunction[]): readonly { readonly slot: number }[] {
  return Object.freeze(functions.map((_, slot) => Object.freeze({ slot })));
}
