import type { ArrowForm } from '../../columns/arrow-ipc.js';
import { MillraceError } from '../../core/errors.js';

export type FileFormat = 'ndjson' | 'csv' | 'arrow';

/** What `file(path, options)` means, complete. */
export interface FileOptions {
  /** A path, a pattern with `*`, `?`, `**`, or `-` for stdin and stdout. */
  readonly path: string;
  readonly format: FileFormat;
  readonly gzip: boolean;
  readonly csv: CsvOptions;
  /** Of a sink: a stream, or a file with a footer for random access. */
  readonly arrowForm: ArrowForm;
}

export interface CsvOptions {
  /** One ASCII character. */
  readonly delimiter: string;
  /** Whether the first record names the columns. Without one, a source's columns stand in the order of its schema. */
  readonly header: boolean;
  /**
   * Whether a quoted field may hold a line feed. Then blocks can only be cut by reading what lies before them, which the
   * coordinator does (at several GB/s); without, every line is a record and blocks are cut anywhere.
   */
  readonly quotedNewlines: boolean;
}

const KNOWN = ['path', 'format', 'gzip', 'delimiter', 'header', 'quotedNewlines'];
const EXTENSIONS: Readonly<Record<string, FileFormat>> = {
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'ndjson',
  csv: 'csv',
  tsv: 'csv',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
};

/** Checks options as a plan carries them. Throws `config.invalid`. */
export function fileOptions(options: Readonly<Record<string, unknown>>): FileOptions {
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) throw invalid(`has no option '${name}'; its options are ${KNOWN.join(', ')}`);
  }
  const path = options['path'];
  if (typeof path !== 'string' || path === '') throw invalid(`needs a path, not ${JSON.stringify(path)}`);
  const bare = path.toLowerCase().replace(/\.gz$/, '');
  const extension = /\.([a-z0-9]+)$/.exec(bare)?.[1] ?? '';
  const format = options['format'] ?? EXTENSIONS[extension] ?? (path === '-' ? 'ndjson' : undefined);
  if (format !== 'ndjson' && format !== 'csv' && format !== 'arrow') {
    const why = format === undefined ? `'${path}' has no extension that tells its format` : `${JSON.stringify(format)} is no format`;
    throw invalid(`${why}: give format 'ndjson', 'csv' or 'arrow'`);
  }
  const delimiter = options['delimiter'] ?? (extension === 'tsv' ? '\t' : ',');
  if (typeof delimiter !== 'string' || delimiter.length !== 1 || delimiter.charCodeAt(0) > 127 || '"\r\n'.includes(delimiter)) {
    throw invalid(`needs a delimiter of one ASCII character that is neither a quote nor a line break, not ${JSON.stringify(delimiter)}`);
  }
  return Object.freeze({
    path,
    format,
    gzip: flag(options, 'gzip', path.toLowerCase().endsWith('.gz')),
    arrowForm: extension === 'arrows' || path === '-' ? 'stream' : 'file',
    csv: Object.freeze({ delimiter, header: flag(options, 'header', true), quotedNewlines: flag(options, 'quotedNewlines', true) }),
  });
}

function flag(options: Readonly<Record<string, unknown>>, name: string, otherwise: boolean): boolean {
  const value = options[name] ?? otherwise;
  if (typeof value !== 'boolean') throw invalid(`takes true or false for '${name}', not ${JSON.stringify(value)}`);
  return value;
}

function invalid(problem: string): MillraceError {
  return new MillraceError('config.invalid', `file(): ${problem}`);
}
