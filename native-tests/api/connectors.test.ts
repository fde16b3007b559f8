// What the API says of connectors and what connectors take are written in different layers: here they are compared.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectorAs } from '../../ts/api/connectors.js';
import { fieldsOf } from '../../ts/api/types.js';
import { MALFORMED_SCHEMA } from '../../ts/connectors/connector.js';
import { fileOptions } from '../../ts/connectors/file/file-options.js';
import { nexmarkOptions } from '../../ts/connectors/nexmark/nexmark-options.js';
import { NEXMARK_TABLES } from '../../ts/connectors/nexmark/nexmark-tables.js';
import { arrow, csv, file, json, nexmark } from '../../ts/index.js';
import { MALFORMED_FIELDS } from '../../ts/plan/rules.js';

test('the tables of nexmark are those of its connector', () => {
  const { persons, auctions, bids } = nexmark;
  for (const { table, schema } of [persons, auctions, bids])
    assert.deepEqual(fieldsOf(schema, table), NEXMARK_TABLES[table as keyof typeof NEXMARK_TABLES]);
  const given = connectorAs(nexmark({ rate: 5, events: 10, seed: 3, baseTime: 7, outOfOrderGroup: 2, splits: 2 }), 'source');
  const { rate, events, seed, baseTime, outOfOrderGroup, splits } = nexmarkOptions(given.options);
  assert.deepEqual([rate, events, seed, baseTime, outOfOrderGroup, splits], [5, 10, 3, 7, 2, 2]);
});

test('malformed records have one form', () => {
  assert.deepEqual(MALFORMED_FIELDS, MALFORMED_SCHEMA);
});

test('every format of a file is one that its connector knows', () => {
  const read = (options?: Parameters<typeof file>[1]) => fileOptions(connectorAs(file<'source'>('x.dat', options), 'source').options);
  assert.equal(read({ format: json() }).format, 'ndjson');
  assert.equal(read({ format: arrow() }).format, 'arrow');
  const { format, csv: layout, gzip } = read({ format: csv({ delimiter: ';', header: false, quotedNewlines: false }), gzip: true });
  assert.deepEqual({ format, gzip, ...layout }, { format: 'csv', gzip: true, delimiter: ';', header: false, quotedNewlines: false });
  assert.equal(fileOptions(connectorAs(file('x.csv.gz'), 'sink').options).format, 'csv');
});
