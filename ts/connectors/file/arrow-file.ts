import { fromRecordBatch } from '../../columns/arrow-in.js';
import { readArrow } from '../../columns/arrow-ipc.js';
import { batchOf, type Batch } from '../../columns/batch.js';
import { attach } from '../../columns/detached.js';
import { NONE } from '../../columns/memory.js';
import type { Schema } from '../../columns/schema.js';
import { must } from '../../core/assert.js';
import type { FileHandle, Host } from '../../core/host.js';
import { MAX_BATCH_ROWS } from '../../core/limits.js';
import { takeBatch } from '../../wasm/selection.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { BlockPlanner, BlockRef, LaneReader, SourceItem, SplitSpec } from '../connector.js';
import { isArrowFile, messageAt, messagesStart, readAt, schemaFromFooter } from './arrow-messages.js';

/** Cuts Arrow IPC at its messages: their metadata tells where the next begins, bodies are not read. */
export class ArrowBlocks implements BlockPlanner {
  readonly #host: Host;
  #file: FileHandle | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  next(split: SplitSpec, from: number, bytes: number): { readonly to: number } | undefined {
    const size = must(split.end, 'a file has a size');
    if (from >= size) return undefined;
    const path = String(split.options['path']);
    if (this.#file?.path !== path) {
      this.close();
      this.#file = this.#host.files.open(path);
    }
    const file = this.#file as FileHandle;
    let to = from === 0 ? messagesStart(file) : from;
    for (let rows = 0; ; ) {
      const message = messageAt(file, to, size);
      // The last block reaches to the file's end, footer and all.
      if (message === undefined) return { to: size };
      if (message.kind === 'rows' && rows++ > 0 && message.end - from > bytes) return { to };
      to = message.end;
    }
  }

  ended(split: SplitSpec, position: number): boolean {
    return position >= must(split.end, 'a file has a size');
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** A file at hand: what a reader must know of the messages before a block. */
interface OpenArrow {
  readonly path: string;
  readonly file: FileHandle;
  readonly start: number;
  /** The schema and all dictionaries of the messages before `walked`. */
  readonly prefix: Uint8Array[];
  walked: number;
}

/** Reads blocks of record batches: Arrow IPC, stream or file. */
export class ArrowFileReader implements LaneReader {
  readonly #ws: Workspace;
  readonly #host: Host;
  readonly #fields: Schema;
  #open: OpenArrow | undefined;
  #rows = 0;
  #bytes = 0;

  constructor(ws: Workspace, host: Host, fields: Schema) {
    this.#ws = ws;
    this.#host = host;
    this.#fields = fields;
  }

  *read(block: BlockRef, split: SplitSpec): Generator<SourceItem, void, undefined> {
    const path = String(split.options['path']);
    const bytes = this.#stream(path, block, must(split.end, `the size of ${path}`));
    this.#bytes += block.to - block.from;
    for (const found of readArrow(bytes, path)) {
      for (let from = 0; from < found.numRows; from += MAX_BATCH_ROWS) {
        const part = found.numRows <= MAX_BATCH_ROWS ? found : found.slice(from, Math.min(from + MAX_BATCH_ROWS, found.numRows));
        yield this.#pending(attach(this.#ws, fromRecordBatch(part, this.#fields)));
      }
    }
  }

  metrics(): Readonly<Record<string, number>> {
    return { rowsRead: this.#rows, bytesRead: this.#bytes, malformedRows: 0 };
  }

  close(): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  #pending(batch: Batch): SourceItem {
    this.#rows += batch.rows;
    return {
      port: 'rows',
      partial: batch,
      deferred: false,
      finish: (selection, count) =>
        selection === NONE ? batchOf(this.#fields, batch.rows, batch.columns) : takeBatch(this.#ws, batch, selection, count),
    };
  }

  /** A stream of its own: schema and dictionaries, then the block's messages. */
  #stream(path: string, block: BlockRef, size: number): Uint8Array {
    const open = this.#at(path, block.from, size);
    let to = open.walked;
    for (let message = messageAt(open.file, to, size); message !== undefined && message.start < block.to; ) {
      to = message.end;
      message = messageAt(open.file, to, size);
    }
    const parts = [...open.prefix, readAt(open.file, open.walked, to - open.walked)];
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** The file, walked to the first message at or after `position` that is not the schema. */
  #at(path: string, position: number, size: number): OpenArrow {
    if (this.#open?.path !== path || this.#open.walked > Math.max(position, this.#open.start)) {
      this.close();
      const file = this.#host.files.open(path);
      const start = messagesStart(file);
      const prefix = messageAt(file, start, size)?.kind !== 'schema' && isArrowFile(file) ? [schemaFromFooter(file, size)] : [];
      this.#open = { path, file, start, prefix, walked: start };
    }
    const open = this.#open;
    for (;;) {
      const message = messageAt(open.file, open.walked, size);
      if (message === undefined || (open.walked >= position && message.kind !== 'schema')) return open;
      if (message.kind === 'schema' || message.kind === 'dictionary')
        open.prefix.push(readAt(open.file, message.start, message.end - message.start));
      open.walked = message.end;
    }
  }
}
