import { fieldIndex, type Schema } from '../columns/schema.js';
import { DedupFirst } from '../operators/dedup-first.js';
import { DedupLast } from '../operators/dedup-last.js';
import { LateGate } from '../operators/late-gate.js';
import type { Shape } from '../plan/checks.js';
import type { DedupNode } from '../plan/plan.js';
import type { LoweredNode, Placing } from './lowered-node.js';

/**
 * [late gate] -> exchange by key -> duplicates dropped. A row is late when it is `within` behind the watermark that judges it: as for a
 * window of its own millisecond with so much lateness allowed.
 */
export function lowerDedup(node: DedupNode, input: Schema, { timed }: Shape, { lanes, wantPlaces }: Placing): readonly LoweredNode[] {
  const { withinMs, keep } = node;
  const keys = node.keys.map((name) => fieldIndex(input, name));
  const ports = [{ name: 'main', schema: input }];
  if (keep === 'last') wantPlaces();
  const config = { schema: input, keys, withinMs: withinMs ?? Infinity, timed };
  const dedup: LoweredNode = {
    id: node.id,
    ports,
    exchange: lanes === 1 ? undefined : { keys },
    create: (ws, { count: keyGroups }) =>
      keep === 'first' ? new DedupFirst(ws, { ...config, keyGroups }) : new DedupLast(ws, { ...config, keyGroups }),
  };
  if (withinMs === undefined) return [dedup];
  const gate: LoweredNode = {
    id: `${node.id}.gate`,
    ports: [
      { name: undefined, schema: input },
      { name: 'late', schema: input },
    ],
    exchange: undefined,
    create: (ws) =>
      new LateGate(ws, { window: { kind: 'tumbling', sizeMs: 1, offsetMs: 0 }, allowedLatenessMs: withinMs, keepClocks: true }),
  };
  return [gate, dedup];
}
