import { field, type Schema } from '../../columns/schema.js';

export type NexmarkTableName = 'persons' | 'auctions' | 'bids';

export const NEXMARK_TABLE_NAMES: readonly NexmarkTableName[] = ['persons', 'auctions', 'bids'];

/** The three tables, with the columns and the order of Flink's. Money is in cents; nothing is ever null. */
export const NEXMARK_TABLES: Readonly<Record<NexmarkTableName, Schema>> = Object.freeze({
  persons: Object.freeze([
    field('id', 'int64'),
    field('name', 'utf8'),
    field('emailAddress', 'utf8'),
    field('creditCard', 'utf8'),
    field('city', 'utf8'),
    field('state', 'utf8'),
    field('dateTime', 'timestamp'),
    field('extra', 'utf8'),
  ]),
  auctions: Object.freeze([
    field('id', 'int64'),
    field('itemName', 'utf8'),
    field('description', 'utf8'),
    field('initialBid', 'int64'),
    field('reserve', 'int64'),
    field('dateTime', 'timestamp'),
    field('expires', 'timestamp'),
    field('seller', 'int64'),
    field('category', 'int64'),
    field('extra', 'utf8'),
  ]),
  bids: Object.freeze([
    field('auction', 'int64'),
    field('bidder', 'int64'),
    field('price', 'int64'),
    field('channel', 'utf8'),
    field('url', 'utf8'),
    field('dateTime', 'timestamp'),
    field('extra', 'utf8'),
  ]),
});

/** Events of each table among 50 in a row: the first is a person, then come the auctions, then the bids. */
export const EVENTS_PER_EPOCH = 50;
export const ROWS_PER_EPOCH: Readonly<Record<NexmarkTableName, number>> = Object.freeze({ persons: 1, auctions: 3, bids: 46 });
