import { ConnectorDefinition, type Connector } from './connectors.js';
import { outOfOrder, type WatermarkStrategy } from './watermarks.js';
import { seconds } from './time.js';
import { int64, timestamp, utf8, type Schema, type Timestamp, type NamesOf } from './types.js';

export interface NexmarkOptions {
  /** Events a second of event time, of all tables together; 10,000 unless said. */
  rate?: number;
  /** Events of all tables together; without end unless said. */
  events?: number;
  seed?: number;
  /** Event time of the first event, epoch milliseconds. */
  baseTime?: number;
  /** Events are shuffled within groups of this size. */
  outOfOrderGroup?: number;
  /** Parallel timelines, each with its share of the events. */
  splits?: number;
}

/** One table of the generator: pass it to `from` as options. */
export interface NexmarkTable<S> {
  readonly table: string;
  readonly schema: S;
  readonly eventTime: { readonly column: 'dateTime' & NamesOf<S, Timestamp>; readonly watermark: WatermarkStrategy };
}

function generator(options: NexmarkOptions = {}): Connector<'source'> {
  return new ConnectorDefinition('nexmark', ['source'], { ...options }, undefined, [
    'bids',
    'auctions',
    'persons',
  ]) as unknown as Connector<'source'>;
}

function table<S extends Schema>(name: string, schema: S): NexmarkTable<S> {
  const eventTime = Object.freeze({ column: 'dateTime' as 'dateTime' & NamesOf<S, Timestamp>, watermark: outOfOrder(seconds(4)) });
  return Object.freeze({ table: name, schema: Object.freeze(schema), eventTime });
}

/**
 * The auction site of the Nexmark benchmark, generated: the same seed gives the same events.
 * `env.from(nexmark({ events: 1e6 }), nexmark.bids)`.
 */
export const nexmark = Object.freeze(
  Object.assign(generator, {
    persons: table('persons', {
      id: int64(),
      name: utf8(),
      emailAddress: utf8(),
      creditCard: utf8(),
      city: utf8(),
      state: utf8(),
      dateTime: timestamp(),
      extra: utf8(),
    }),
    auctions: table('auctions', {
      id: int64(),
      itemName: utf8(),
      description: utf8(),
      initialBid: int64(),
      reserve: int64(),
      dateTime: timestamp(),
      expires: timestamp(),
      seller: int64(),
      category: int64(),
      extra: utf8(),
    }),
    bids: table('bids', {
      auction: int64(),
      bidder: int64(),
      price: int64(),
      channel: utf8(),
      url: utf8(),
      dateTime: timestamp(),
      extra: utf8(),
    }),
  }),
);
