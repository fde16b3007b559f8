import type { Schema } from '../columns/schema.js';
import type { KeyGroups, Operator } from '../operators/operator.js';
import type { Shape } from '../plan/checks.js';
import type { Workspace } from '../wasm/workspace.js';
import type { UserCode } from './lower-aggregates.js';

/** One operator of those that a plan node becomes; each feeds the next from its port 0. */
export interface LoweredNode {
  readonly id: string;
  /** Schemas of its ports; `name`: the plan node's port that it is. */
  readonly ports: readonly { readonly name: string | undefined; readonly schema: Schema }[];
  /** Rows must be moved to the lane of these columns' key group before they come in. */
  readonly exchange: { readonly keys: readonly number[] } | undefined;
  create(ws: Workspace, groups: KeyGroups): Operator;
}

/** Where the operators go, and how to ask for places of rows. */
export interface Placing {
  readonly lanes: number;
  wantPlaces(): void;
}

export interface LowerContext extends UserCode {
  readonly inputs: readonly Schema[];
  /** What the plan says of the same inputs. */
  readonly shapes: readonly Shape[];
  readonly lanes: number;
}
