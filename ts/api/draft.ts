import type { RecordBatch } from 'apache-arrow';
import { MillraceError } from '../core/errors.js';
import type { Schema as Fields } from '../columns/schema.js';
import type { Shape } from '../plan/checks.js';
import { outputOf, portShape, MAIN_PORT, type NodeSpec } from '../plan/rules.js';
import type { BuiltJob } from './built-job.js';
import type { Origin } from './columns.js';
import type { ConnectorDefinition } from './connectors.js';

/** A user's function over rows; what it takes and gives is known where it is called. */
export type UserFunction = (...args: never[]) => unknown;

/** Runs what `from` outside a job has put together. */
export interface DirectReader {
  /** All rows of this part, in the form that user functions read. */
  readRows(built: BuiltJob, part: string): Promise<readonly object[]>;
  readBatches(built: BuiltJob, part: string): AsyncIterable<RecordBatch>;
}

/** Where drafts belong: one call of a job's function, or the world outside jobs. */
export class Scope {
  readonly job: string | undefined;
  readonly direct: DirectReader | undefined;
  /** In the order in which `.to` was called. */
  readonly sinks: Draft[] = [];

  constructor(job: string | undefined, direct: DirectReader | undefined) {
    this.job = job;
    this.direct = direct;
  }
}

/** A node in the making. Slots in `spec` count from 0 within the draft; `assemble` gives them their numbers. */
export class Draft {
  readonly scope: Scope;
  readonly spec: NodeSpec;
  readonly inputs: readonly DraftPort[];
  readonly output: Shape;
  readonly functions: readonly UserFunction[];
  readonly connector: ConnectorDefinition | undefined;
  name: string | undefined;

  constructor(
    scope: Scope,
    spec: NodeSpec,
    inputs: readonly DraftPort[],
    extra: { declared?: Fields; functions?: readonly UserFunction[]; connector?: ConnectorDefinition } = {},
  ) {
    this.scope = scope;
    this.spec = spec;
    this.inputs = inputs;
    this.functions = extra.functions ?? [];
    this.connector = extra.connector;
    this.output = outputOf(
      spec,
      extra.declared ?? [],
      inputs.map((input) => input.shape),
    );
    for (const input of inputs) checkScope(scope, input.draft.scope);
  }
}

/** One output of a draft. */
export class DraftPort {
  readonly draft: Draft;
  readonly port: string;
  readonly shape: Shape;
  #origin: Origin | undefined;

  constructor(draft: Draft, port = MAIN_PORT) {
    this.draft = draft;
    this.port = port;
    this.shape = portShape(draft.spec, port, draft.output, () => draft.inputs.map((input) => input.shape));
  }

  /** Of columns taken from here; one object for all of them, so that they may meet. */
  get origin(): Origin {
    this.#origin ??= Object.freeze({ fields: this.shape.schema, name: nameOf(this) });
    return this.#origin;
  }
}

/** Streams outside jobs may meet one another; all others only those of the same call of a job's function. */
export function checkScope(scope: Scope, other: Scope): void {
  if (scope === other || (scope.job === undefined && other.job === undefined)) return;
  const [name, stranger] = scope.job === undefined ? [other.job, scope.job] : [scope.job, other.job];
  const where = stranger === undefined ? 'outside it' : `in job '${stranger}', or in another call of its function`;
  throw new MillraceError('plan.invalid', `job '${name}' uses a stream that was made ${where}; make every stream from this call's env`);
}

/** Methods by the nodes they make, where they are not called the same. */
const METHODS: Readonly<Partial<Record<NodeSpec['kind'], string>>> = {
  'window-aggregate': 'aggregate',
  'group-aggregate': 'aggregate',
  'count-window': 'aggregate',
  'global-window': 'aggregate',
  'top-n': 'topN',
  'window-top-n': 'topN',
};

/** For messages: where the columns come from. */
function nameOf({ draft, port }: { draft: Draft; port: string }): string {
  if (port !== MAIN_PORT && draft.spec.kind !== 'branch') return `the ${port} rows of ${draft.name ?? draft.spec.kind}`;
  if (draft.name !== undefined) return `'${draft.name}'`;
  if (draft.connector !== undefined && draft.spec.kind === 'source') {
    const path = draft.connector.options['path'];
    return `${draft.connector.connector}(${typeof path === 'string' ? `'${path}'` : '…'})`;
  }
  const input = draft.inputs[0];
  const keeps = draft.spec.kind === 'where' || draft.spec.kind === 'filter' || draft.spec.kind === 'peek' || draft.spec.kind === 'branch';
  return keeps && input !== undefined ? input.origin.name : `the result of ${METHODS[draft.spec.kind] ?? draft.spec.kind}`;
}
