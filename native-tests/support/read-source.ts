import { batchToRows, type Row } from '../../ts/columns/rows.js';
import { NONE } from '../../ts/columns/memory.js';
import type { Schema } from '../../ts/columns/schema.js';
import type { BlockContent, BlockRef, LaneReader, SplitSpec } from '../../ts/connectors/connector.js';
import type { MalformedPolicy } from '../../ts/connectors/record-stage.js';
import { createLaneReader, createSource } from '../../ts/connectors/registry.js';
import { attach, detach } from '../../ts/columns/detached.js';
import type { Host } from '../../ts/core/host.js';
import { DEFAULT_LIMITS, type Limits } from '../../ts/core/limits.js';
import { nodeHost } from '../../ts/core/node-host.js';
import { createWorkspace } from '../../ts/wasm/workspace.js';

export interface ReadOptions {
  readonly options: Readonly<Record<string, unknown>>;
  readonly schema: Schema;
  readonly fields?: Schema;
  /** Of a block, about. */
  readonly bytes?: number;
  readonly policy?: MalformedPolicy;
  readonly limits?: Limits;
  readonly host?: Host;
  /** Where each split is read from. */
  readonly position?: number;
}

export interface ReadRows {
  readonly rows: Row[];
  readonly malformed: Row[];
  /** Where blocks ended. */
  readonly positions: number[];
  metrics: Readonly<Record<string, number>>;
}

/** Reads a source as the runtime does, split after split. */
export async function readSource(connector: string, read: ReadOptions): Promise<ReadRows> {
  const { schema, fields = schema, bytes = 1 << 20, policy = 'fail', limits = DEFAULT_LIMITS, host = nodeHost } = read;
  const ws = createWorkspace({ bytes: 256 << 20 });
  const spec = { connector, options: read.options };
  const context = { host, limits, schema, object: () => undefined };
  const source = createSource(spec, context);
  const reader = createLaneReader(spec, { ...context, ws, fields, onMalformed: policy });
  const got: ReadRows = { rows: [], malformed: [], positions: [], metrics: {} };
  const take = (split: SplitSpec, from: number, to: number, content?: BlockContent) => {
    const block: BlockRef = { source: 0, split: split.id, from, to, no: got.positions.length };
    got.positions.push(to);
    if (reader === undefined && content?.kind === 'batch') got.rows.push(...batchToRows(ws.memory, attach(ws, content.batch)));
    for (const item of (reader as LaneReader | undefined)?.read(block, split, content) ?? []) {
      if (item.port === 'rows') got.rows.push(...batchToRows(ws.memory, item.finish(NONE, item.partial.rows)));
      else got.malformed.push(...batchToRows(ws.memory, item.batch));
    }
    ws.scratch.reset();
  };
  for (const split of await source.splits(host)) {
    let from = read.position ?? 0;
    if (source.blocks !== undefined) {
      for (let next = source.blocks.next(split, from, bytes); next !== undefined; next = source.blocks.next(split, from, bytes)) {
        take(split, from, next.to);
        from = next.to;
      }
      if (!source.blocks.ended(split, from)) throw new Error(`${split.id} has not ended at ${from}`);
    } else {
      const push = source.open?.(split, from);
      for (let block = await push?.next(); block !== undefined; block = await push?.next()) {
        const { content } = block;
        take(
          split,
          from,
          block.position,
          content.kind === 'bytes' ? content : { kind: 'batch', batch: detach(ws.memory, content.write(ws)) },
        );
        from = block.position;
      }
      await push?.close();
    }
  }
  got.metrics = reader?.metrics() ?? {};
  reader?.close();
  await source.close?.();
  return got;
}
