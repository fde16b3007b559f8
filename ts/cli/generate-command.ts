import { stderr, stdout } from 'node:process';
import { generateNexmark, type NexmarkFormat } from '../connectors/nexmark/generate.js';
import { NEXMARK_TABLES, type NexmarkTableName } from '../connectors/nexmark/nexmark-tables.js';
import { nodeHost } from '../core/node-host.js';
import { HELP } from './help.js';
import { parse, UsageError, wholeNumber } from './usage.js';

const FORMATS: readonly NexmarkFormat[] = ['ndjson', 'csv', 'arrow'];

export async function generateCommand(args: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parse(
    args,
    { table: text, rows: text, events: text, out: text, format: text, rate: text, seed: text, help: { type: 'boolean', short: 'h' } },
    'generate',
  );
  if (values.help === true) {
    stdout.write(HELP.generate);
    return 0;
  }
  if (positionals.length !== 1 || positionals[0] !== 'nexmark') throw new UsageError('generate takes one word: nexmark', 'generate');
  const path = values.out ?? '-';
  const table = oneOf(values.table ?? 'bids', Object.keys(NEXMARK_TABLES), 'table') as NexmarkTableName;
  const extension = FORMATS.find((format) => path.endsWith(`.${format}`));
  const format = oneOf(values.format ?? extension ?? 'ndjson', FORMATS, 'format') as NexmarkFormat;
  const number = (name: 'rows' | 'events' | 'rate' | 'seed', least: number) => {
    const value = wholeNumber(values[name], name, 'generate', least);
    return value === undefined ? {} : { [name]: value };
  };
  const started = performance.now();
  const written = await generateNexmark({
    host: nodeHost,
    path,
    table,
    format,
    ...number('rows', 0),
    ...number('events', 0),
    ...number('rate', 1),
    ...number('seed', 0),
  });
  const seconds = (performance.now() - started) / 1000;
  stderr.write(`${written.rows.toLocaleString('en')} ${table}, ${(written.bytes / 2 ** 20).toFixed(0)} MiB, in ${seconds.toFixed(1)} s\n`);
  return 0;
}

function oneOf(value: string, known: readonly string[], name: string): string {
  if (known.includes(value)) return value;
  throw new UsageError(`--${name} ${value}: give one of ${known.join(', ')}`, 'generate');
}
