import { assert } from '../../core/assert.js';
import { batchOf, type Batch, type Vector } from '../../columns/batch.js';
import { NONE, type Address } from '../../columns/memory.js';
import { layoutOf, type Field, type Schema } from '../../columns/schema.js';
import type { Workspace } from '../../wasm/workspace.js';
import type { NexmarkOptions } from './nexmark-options.js';
import { NEXMARK_TABLE_NAMES, type NexmarkTableName } from './nexmark-tables.js';

/** Which events a batch's rows are: u64[rows] ids and u32[rows] epochs, in scratch. */
export interface NexmarkRows {
  readonly rows: number;
  readonly ids: Address;
  readonly epochs: Address;
}

/** Of one timeline: the id of its event number 0. */
export interface NexmarkTimeline {
  readonly firstId: number;
}

type TextMaker = (offsets: Address, values: Address) => void;

const CHANNEL_TABLE_BYTES = 10_004 * 128;
/** Kernels write whole words past the end of a text. */
const SLACK = 128;
/** Part numbers of nexmark_person_text, and the longest text of each. */
const PERSON_TEXTS: Readonly<Record<string, readonly [part: number, longest: number]>> = {
  name: [0, 14],
  emailAddress: [1, 16],
  creditCard: [2, 19],
  city: [3, 13],
  state: [4, 2],
};
const AUCTION_TEXTS: Readonly<Record<string, readonly [slot: number, limit: number]>> = { itemName: [5, 20], description: [6, 100] };
/** `extra`: the average size of a row, the part of it that is no text, the other texts that count, the longest padding. */
const EXTRAS: Readonly<Record<NexmarkTableName, readonly [average: number, own: number, texts: readonly string[], longest: number]>> = {
  persons: [200, 8, Object.keys(PERSON_TEXTS), 231],
  auctions: [500, 48, Object.keys(AUCTION_TEXTS), 543],
  bids: [100, 32, [], 82],
};

/** Makes columns of one table in a workspace's scratch. What events hold, and how, is told in assembly/kernels/nexmark.ts. */
export class NexmarkColumns {
  readonly #ws: Workspace;
  readonly #table: NexmarkTableName;
  readonly #options: NexmarkOptions;
  #channels: Address = NONE;

  constructor(ws: Workspace, table: NexmarkTableName, options: NexmarkOptions) {
    this.#ws = ws;
    this.#table = table;
    this.#options = options;
  }

  /** The table's rows among the events numbered [from, to), in that order. */
  select(timeline: NexmarkTimeline, from: number, to: number): NexmarkRows {
    const room = to - from;
    const [ids, epochs] = [this.#ws.alloc(room * 8), this.#ws.alloc(room * 4)];
    const table = NEXMARK_TABLE_NAMES.indexOf(this.#table);
    const rows = this.#ws.kernels.nexmark_select(table, from, to, timeline.firstId, this.#options.outOfOrderGroup, ids, epochs);
    return { rows, ids, epochs };
  }

  /** The rows of `selection` (int32[count]). */
  keep(from: NexmarkRows, selection: Address, count: number): NexmarkRows {
    const kept = { rows: count, ids: this.#ws.alloc(count * 8), epochs: this.#ws.alloc(count * 4) };
    this.#ws.kernels.nexmark_keep(from.ids, from.epochs, selection, count, kept.ids, kept.epochs);
    return kept;
  }

  /** All of the fields, or those of fixed width only: then columns of bytes are left without buffers. */
  batch(timeline: NexmarkTimeline, rows: NexmarkRows, fields: Schema, part: 'all' | 'fixed' = 'all'): Batch {
    const columns = fields.map((f) => (part === 'fixed' && layoutOf(f.kind) === 'bytes' ? empty(f) : this.column(timeline, rows, f)));
    return batchOf(fields, rows.rows, columns);
  }

  column(timeline: NexmarkTimeline, rows: NexmarkRows, f: Field): Vector {
    const name = columnName(f);
    if (layoutOf(f.kind) === 'bytes') return this.#text(rows, name);
    const values = this.#ws.alloc(rows.rows * 8);
    this.#fixed(timeline, rows, name, values);
    return { kind: f.kind, validity: NONE, offsets: NONE, values };
  }

  /** Memory that outlives batches. */
  close(): void {
    if (this.#channels !== NONE) this.#ws.blocks.free(this.#channels, CHANNEL_TABLE_BYTES);
    this.#channels = NONE;
  }

  #fixed({ firstId }: NexmarkTimeline, { rows: n, ids, epochs }: NexmarkRows, name: string, out: Address): void {
    const { kernels } = this.#ws;
    const { seed, baseTime, rate, splits } = this.#options;
    switch (name) {
      case 'dateTime':
        kernels.nexmark_time(ids, n, firstId, baseTime, 1000 * splits, rate, out);
        break;
      case 'expires':
        kernels.nexmark_expires(ids, n, seed, firstId, baseTime, 1000 * splits, rate, out);
        break;
      case 'id':
        kernels.nexmark_id(ids, epochs, n, this.#table === 'persons' ? 1 : 3, out);
        break;
      case 'auction':
        kernels.nexmark_auction(ids, epochs, n, seed, out);
        break;
      case 'bidder':
        kernels.nexmark_person(ids, epochs, n, seed, 1, 1, out);
        break;
      case 'seller':
        kernels.nexmark_person(ids, epochs, n, seed, 0, 0, out);
        break;
      case 'category':
        kernels.nexmark_category(ids, n, seed, out);
        break;
      case 'price':
      case 'initialBid':
        kernels.nexmark_price(ids, n, seed, 2, 0, out);
        break;
      case 'reserve':
        kernels.nexmark_price(ids, n, seed, 2, 0, out);
        kernels.nexmark_price(ids, n, seed, 3, 1, out);
        break;
      default:
        assert(false, () => `nexmark makes no column ${name}`);
    }
  }

  #text(rows: NexmarkRows, name: string): Vector {
    const { kernels } = this.#ws;
    const { rows: n, ids } = rows;
    const { seed } = this.#options;
    const person = PERSON_TEXTS[name];
    if (person !== undefined) return this.#bytes(n, person[1], (o, v) => kernels.nexmark_person_text(ids, n, seed, person[0], o, v));
    const auction = AUCTION_TEXTS[name];
    if (auction !== undefined)
      return this.#bytes(n, auction[1], (o, v) => kernels.nexmark_text(ids, n, seed, auction[0], auction[1], o, v));
    if (name === 'extra') return this.#extra(rows);
    const url = name === 'url' ? 1 : 0;
    const channels = this.#channelTable();
    return this.#bytes(n, url ? 80 : 16, (o, v) => kernels.nexmark_channel(ids, n, seed, channels, url, o, v));
  }

  #extra(rows: NexmarkRows): Vector {
    const { kernels, memory } = this.#ws;
    const { rows: n, ids } = rows;
    const [average, own, texts, longest] = EXTRAS[this.#table];
    let sizes = NONE;
    if (texts.length > 0) {
      sizes = this.#ws.alloc(n * 4);
      memory.u8.fill(0, sizes, sizes + n * 4);
      for (const name of texts) kernels.nexmark_add_lengths(this.#text(rows, name).offsets, n, sizes);
    }
    return this.#bytes(n, longest, (o, v) => kernels.nexmark_extra(ids, n, this.#options.seed, average, own, sizes, o, v));
  }

  #bytes(rows: number, longest: number, make: TextMaker): Vector {
    const offsets = this.#ws.alloc((rows + 1) * 4);
    const values = this.#ws.alloc(rows * longest + SLACK);
    make(offsets, values);
    return { kind: 'utf8', validity: NONE, offsets, values };
  }

  #channelTable(): Address {
    if (this.#channels === NONE) {
      this.#channels = this.#ws.blocks.alloc(CHANNEL_TABLE_BYTES);
      this.#ws.kernels.nexmark_channels(this.#options.seed, this.#channels);
    }
    return this.#channels;
  }
}

/** A field's name in the generator's tables: the job may call it otherwise, with `path`. */
export function columnName(f: Field): string {
  return f.path ?? f.name;
}

function empty(f: Field): Vector {
  return { kind: f.kind, validity: NONE, offsets: NONE, values: NONE };
}
