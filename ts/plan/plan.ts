import type { Field, Schema } from '../columns/schema.js';
import type { Limits } from '../core/limits.js';
import type { Expression, OrderBy } from './expression.js';
import type { TriggerSpec } from './triggers.js';
import type { WindowSpec } from './windows.js';

/**
 * A job as frozen data. Nodes stand in topological order and name their inputs by id; ids are stable: the name under
 * which the job returns a part, else `.named('x')`, else kind and number (`where-3`).
 */
export interface Plan {
  readonly version: 1;
  readonly name: string;
  readonly nodes: readonly PlanNode[];
  /** Returned names, each with the node and port it stands for. */
  readonly parts: Readonly<Record<string, PortRef>>;
  readonly keyGroups: number;
}

/** An output of a node, by name: see `portsOf` in rules.ts, whose order is that of the operator's ports. */
export interface PortRef {
  readonly node: string;
  readonly port: string;
}

/** A user function: never serialised, found by this number in the table that the job's own module fills (see build/). */
export interface FunctionRef {
  readonly slot: number;
}

interface NodeBase {
  readonly id: string;
  readonly inputs: readonly PortRef[];
  /** Schema of the main output. */
  readonly schema: Schema;
  /** Whether rows carry an event time. */
  readonly timed: boolean;
  /** Whether rows carry an operation. */
  readonly changes: boolean;
}

export interface ConnectorRef {
  readonly connector: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** A part that is no data (an iterable, a callback), in the job's table of objects. */
  readonly slot?: number;
}

export type WatermarkSpec =
  | { readonly kind: 'out-of-order'; readonly boundMs: number }
  /** The expression's value for a row, where not null, is a watermark candidate; seen at once or at step ends. */
  | { readonly kind: 'expression'; readonly of: Expression };

export interface EventTimeSpec {
  readonly column: string;
  readonly watermark: WatermarkSpec;
  readonly idleAfterMs?: number;
  readonly maxFutureMs?: number;
}

export type MalformedPolicy = 'fail' | 'skip' | 'route';

export interface SourceNode extends NodeBase {
  readonly kind: 'source';
  readonly source: ConnectorRef;
  readonly eventTime?: EventTimeSpec;
  readonly onMalformed: MalformedPolicy;
  /** Those that differ from DEFAULT_LIMITS. */
  readonly limits?: Partial<Limits>;
}
/** Keeps rows for which the condition is true (not null). */
export interface WhereNode extends NodeBase {
  readonly kind: 'where';
  readonly condition: Expression;
}
export interface SelectNode extends NodeBase {
  readonly kind: 'select';
  readonly columns: readonly { readonly name: string; readonly of: Expression }[];
}
/** Row functions: JavaScript in lanes. `branch` has one port for each function, in order: the first that is true takes the row. */
export interface RowsNode extends NodeBase {
  readonly kind: 'map' | 'filter' | 'flatMap' | 'peek' | 'branch' | 'apply';
  readonly functions: readonly FunctionRef[];
  /** branch only: the ports' names. */
  readonly ports?: readonly string[];
  /** apply only: what is in the rows of windows that it reads. */
  readonly windows?: AppliedWindows;
}
/** All rows of a window and key in a column, where an aggregate `allRows` has gathered them. */
export interface AppliedWindows {
  readonly keys: readonly string[];
  readonly column: string;
  readonly rowFields: Schema;
}
export interface MergeNode extends NodeBase {
  readonly kind: 'merge';
}

export interface AggregateCall {
  readonly name: string;
  /** A name of AGGREGATES (aggregate-signatures.ts). */
  readonly fn: string;
  readonly args: readonly Expression[];
  /** `.where(condition)` */
  readonly where?: Expression;
  readonly options?: Readonly<Record<string, string | number>>;
  /** Of one's own aggregate: the functions that it is made of, by their names. */
  readonly functions?: Readonly<Record<string, FunctionRef>>;
  /** Of one's own aggregate in AssemblyScript: where its file is, by its number in the job's table of objects. */
  readonly module?: { readonly slot: number };
}

/** Ports: main, `late`. */
export interface WindowAggregateNode extends NodeBase {
  readonly kind: 'window-aggregate';
  readonly keys: readonly string[];
  readonly window: WindowSpec;
  readonly aggregates: readonly AggregateCall[];
  readonly allowedLatenessMs: number;
  readonly emit: 'final' | 'updates';
  /** When windows tell their results, if not by `emit`. */
  readonly trigger?: TriggerSpec;
  /** Rows are cut by the clock of their step, not by their event time. */
  readonly processingTime?: true;
}

/** The n best rows of each key by an order, as changes. */
export interface TopNNode extends NodeBase {
  readonly kind: 'top-n';
  readonly keys: readonly string[];
  readonly n: number;
  readonly by: readonly OrderBy[];
  /** The name of the rank's column, where there is one. */
  readonly rank?: string;
}

/** The n best rows of each key in each window, once it has closed. Ports: main, `late`. */
export interface WindowTopNNode extends NodeBase {
  readonly kind: 'window-top-n';
  readonly keys: readonly string[];
  readonly window: WindowSpec;
  readonly n: number;
  readonly by: readonly OrderBy[];
  /** The name of the rank's column, where there is one. */
  readonly rank?: string;
}

/** Of rows of a key that are less than `withinMs` apart, the first or the last. Ports: main, and `late` where there is a within. */
export interface DedupNode extends NodeBase {
  readonly kind: 'dedup';
  readonly keys: readonly string[];
  readonly keep: 'first' | 'last';
  readonly withinMs?: number;
}

/** `keyBy(…).aggregate(…)`: no window ends its groups. */
export interface GroupAggregateNode extends NodeBase {
  readonly kind: 'group-aggregate';
  readonly keys: readonly string[];
  readonly aggregates: readonly AggregateCall[];
  /** What its input holds. */
  readonly takes: 'rows' | 'changes';
  /** How long a group lives after its last row, by the job's clock. */
  readonly ttlMs?: number;
}

/** What a frame takes in before each row. Of `range` and `unbounded`, and all rows of its time. */
export type FrameSpec =
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'range'; readonly ms: number }
  | { readonly kind: 'unbounded' };

/** The value of an expression so many rows further on in the key, before the row where `rows` is below 0. */
export interface NeighbourCall {
  readonly name: string;
  readonly of: Expression;
  readonly rows: number;
}

/** Each row with aggregates over a frame of rows before it, in order of event time. Ports: main, `late`. */
export interface OverNode extends NodeBase {
  readonly kind: 'over';
  readonly keys: readonly string[];
  readonly frame: FrameSpec;
  readonly aggregates: readonly AggregateCall[];
  readonly neighbours: readonly NeighbourCall[];
  /** Of all of them, in the order of the output. */
  readonly names: readonly string[];
}

/** Windows of so many rows of a key, in order of arrival. Ports: main, `late`, which stays empty. */
export interface CountWindowNode extends NodeBase {
  readonly kind: 'count-window';
  readonly keys: readonly string[];
  readonly aggregates: readonly AggregateCall[];
  readonly rows: number;
  readonly slide: number;
}

/** One window a key, for ever, told when its trigger says so. Ports: main, `late`, which stays empty. */
export interface GlobalWindowNode extends NodeBase {
  readonly kind: 'global-window';
  readonly keys: readonly string[];
  readonly aggregates: readonly AggregateCall[];
  readonly trigger: TriggerSpec;
}

export interface SinkNode extends NodeBase {
  readonly kind: 'sink';
  readonly sink: ConnectorRef;
}

export type PlanNode =
  | SourceNode
  | WhereNode
  | SelectNode
  | RowsNode
  | MergeNode
  | WindowAggregateNode
  | GroupAggregateNode
  | CountWindowNode
  | GlobalWindowNode
  | TopNNode
  | WindowTopNNode
  | DedupNode
  | OverNode
  | SinkNode;

export type { Field };
