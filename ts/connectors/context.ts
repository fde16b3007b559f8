import type { Schema } from '../columns/schema.js';
import type { Host } from '../core/host.js';
import type { Limits } from '../core/limits.js';
import type { Workspace } from '../wasm/workspace.js';
import type { MalformedPolicy } from './record-stage.js';

/** What a connector may ask of the job it serves. */
export interface ConnectorContext {
  readonly host: Host;
  readonly limits: Limits;
  /** The part of a connector that is no data, by its slot in the plan. */
  object(slot: number): unknown;
}

export interface SourceContext extends ConnectorContext {
  /** All columns that the job declared. */
  readonly schema: Schema;
}

export interface LaneReaderContext extends SourceContext {
  readonly ws: Workspace;
  /** The columns to decode: those of `schema` that the plan reads, in this order. */
  readonly fields: Schema;
  readonly onMalformed: MalformedPolicy;
}

export interface SinkContext extends ConnectorContext {
  readonly schema: Schema;
  /** Whether rows carry an operation. */
  readonly changes: boolean;
}
