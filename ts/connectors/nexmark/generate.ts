import type { Batch } from '../../columns/batch.js';
import { ArrowEncoder } from '../../columns/arrow-ipc.js';
import { detach } from '../../columns/detached.js';
import { MillraceError } from '../../core/errors.js';
import type { Host } from '../../core/host.js';
import { CsvEncoder, csvHeader } from '../../wasm/csv-encoder.js';
import { JsonEncoder } from '../../wasm/json-encoder.js';
import type { RowEncoder } from '../../wasm/text-columns.js';
import { createWorkspace, type Workspace } from '../../wasm/workspace.js';
import { NexmarkColumns } from './nexmark-columns.js';
import { MAX_EVENTS, nexmarkOptions } from './nexmark-options.js';
import { NEXMARK_TABLES, type NexmarkTableName } from './nexmark-tables.js';

export type NexmarkFormat = 'ndjson' | 'csv' | 'arrow';

export interface GenerateNexmarkOptions {
  readonly host: Host;
  /** A file to create, or `-` for stdout. */
  readonly path: string;
  /** `bids` unless said. */
  readonly table?: NexmarkTableName;
  readonly format?: NexmarkFormat;
  /** Rows to write … */
  readonly rows?: number;
  /** … or the rows among so many events of all tables. One of the two, or the smaller of both. */
  readonly events?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly baseTime?: number;
  readonly outOfOrderGroup?: number;
  /** After each piece: what was written so far. */
  readonly onProgress?: (written: GeneratedNexmark) => void;
}

export interface GeneratedNexmark {
  readonly rows: number;
  /** How many events of all tables were gone through. */
  readonly events: number;
  readonly bytes: number;
}

const EVENTS_PER_PIECE = 16_384;
const WORKSPACE_BYTES = 128 << 20;

/** Turns batches into the bytes of a file. */
interface Writer {
  begin(): Uint8Array;
  write(batch: Batch): Uint8Array;
  end(): Uint8Array;
}

/** Writes a table of the Nexmark generator to a file. Throws `config.invalid` for options out of range. */
export async function generateNexmark(options: GenerateNexmarkOptions): Promise<GeneratedNexmark> {
  const { host, path, table = 'bids', format = 'ndjson', onProgress } = options;
  const { rate, seed, baseTime, outOfOrderGroup, rows: wanted = Number.POSITIVE_INFINITY } = options;
  const generator = nexmarkOptions({ rate, seed, baseTime, outOfOrderGroup, events: options.events, table });
  if (wanted === Number.POSITIVE_INFINITY && generator.events === undefined) throw invalid('say how many rows or events to generate');
  if (wanted !== Number.POSITIVE_INFINITY && !(Number.isInteger(wanted) && wanted >= 0))
    throw invalid(`rows must be a whole number, not ${wanted}`);
  const last = generator.events ?? MAX_EVENTS;
  const ws = createWorkspace({ bytes: WORKSPACE_BYTES });
  const columns = new NexmarkColumns(ws, table, generator);
  const writer = writerOf(ws, table, format);
  const file = path === '-' ? undefined : host.files.create(path);
  let written: GeneratedNexmark = { rows: 0, events: 0, bytes: 0 };
  const put = async (bytes: Uint8Array): Promise<void> => {
    if (bytes.length === 0) return;
    if (file === undefined) await host.streams.print(bytes);
    else file.append(bytes);
    written = { ...written, bytes: written.bytes + bytes.length };
  };
  try {
    await put(writer.begin());
    while (written.events < last && written.rows < wanted) {
      const to = Math.min(last, written.events + EVENTS_PER_PIECE);
      const all = columns.select(TIMELINE, written.events, to);
      const piece = { ...all, rows: Math.min(all.rows, wanted - written.rows) };
      const bytes = writer.write(columns.batch(TIMELINE, piece, NEXMARK_TABLES[table]));
      written = { ...written, rows: written.rows + piece.rows, events: to };
      await put(bytes);
      ws.scratch.reset();
      onProgress?.(written);
    }
    await put(writer.end());
  } finally {
    file?.close();
  }
  return written;
}

const TIMELINE = { firstId: 0 };
const NOTHING = new Uint8Array();

function writerOf(ws: Workspace, table: NexmarkTableName, format: NexmarkFormat): Writer {
  const schema = NEXMARK_TABLES[table];
  switch (format) {
    case 'ndjson':
      return textWriter(ws, new JsonEncoder(ws, schema), '');
    case 'csv':
      return textWriter(ws, new CsvEncoder(ws, schema), csvHeader(schema));
    case 'arrow': {
      const encoder = new ArrowEncoder(schema, 'file');
      return { begin: () => NOTHING, write: (batch) => encoder.write(detach(ws.memory, batch)), end: () => encoder.end() };
    }
    default:
      throw invalid(`there is no format '${String(format)}'; there are ndjson, csv, arrow`);
  }
}

function textWriter(ws: Workspace, encoder: RowEncoder, header: string): Writer {
  return {
    begin: () => new TextEncoder().encode(header),
    write: (batch) => {
      const { at, bytes } = encoder.encode(batch);
      return ws.memory.u8.subarray(at, at + bytes);
    },
    end: () => NOTHING,
  };
}

function invalid(message: string): MillraceError {
  return new MillraceError('config.invalid', `generate nexmark: ${message}`);
}
