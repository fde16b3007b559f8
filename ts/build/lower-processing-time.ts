import type { Schema } from '../columns/schema.js';
import { ProcessingTime, wokenByClock } from '../operators/processing-time.js';
import type { LoweredNode } from './lowered-node.js';

/** The operators of a node that works by time, by the time of the job's clock. */
export function onProcessingTime(id: string, input: Schema, lowered: readonly LoweredNode[]): readonly LoweredNode[] {
  const clock: LoweredNode = {
    id: `${id}.clock`,
    ports: [{ name: undefined, schema: input }],
    exchange: undefined,
    create: (ws) => new ProcessingTime(ws),
  };
  return [clock, ...lowered.map((part): LoweredNode => ({ ...part, create: (ws, groups) => wokenByClock(part.create(ws, groups)) }))];
}
