// What the examples read, made from real data and by the generator.
import { readFileSync, writeFileSync } from 'node:fs';

const DATA = new URL('../../../node_modules/vega-datasets/data/', import.meta.url);

/** A file of the package vega-datasets. */
export function dataset(name: string): URL {
  return new URL(name, DATA);
}

export interface Flight {
  /** ISO 8601. */
  readonly date: string;
  /** Minutes; negative when early. */
  readonly delay: number;
  readonly origin: string;
  readonly destination: string;
}

/** 20,000 flights in the USA in the first three months of 2001, in the order of their departures. */
export function flights(): Flight[] {
  const found = JSON.parse(readFileSync(dataset('flights-20k.json'), 'utf8')) as Flight[];
  // `2001/01/01 00:47` -> `2001-01-01T00:47:00Z`
  return found.map((flight) => ({ ...flight, date: `${flight.date.replaceAll('/', '-').replace(' ', 'T')}:00Z` }));
}

export function writeNdjson(path: string, rows: readonly object[]): void {
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

export function readNdjson<T>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as T);
}
