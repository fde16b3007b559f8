import type { Schema } from '../../columns/schema.js';
import { MillraceError } from '../../core/errors.js';
import type { CsvLayout } from '../../wasm/csv-decoder.js';

/** Without a header: the columns of a file are those of the schema, in its order. */
export function positionalLayout(schema: Schema, fields: Schema): CsvLayout {
  return { columns: schema.length, positions: fields.map((f) => schema.findIndex((s) => s.name === f.name)) };
}

/** By the header's names. Throws `config.invalid` when a column is missing or named twice. */
export function headerLayout(names: readonly string[], fields: Schema, source: string): CsvLayout {
  const positions = fields.map((field) => {
    const name = field.path ?? field.name;
    const position = names.indexOf(name);
    const problem = position < 0 ? 'no column' : names.indexOf(name, position + 1) >= 0 ? 'more than one column' : undefined;
    if (problem === undefined) return position;
    throw new MillraceError(
      'config.invalid',
      `${source} has ${problem} '${name}'; its first line names ${names.map((n) => `'${n}'`).join(', ')}. Give header: false if that line is no header`,
      { details: { source, column: name } },
    );
  });
  return { columns: names.length, positions };
}

/** The fields of one well-formed record without its line's end. */
export function splitRecord(text: string, delimiter: string): string[] {
  const fields: string[] = [];
  for (let at = 0; ; at++) {
    let value = '';
    if (text[at] === '"') {
      let closing = text.indexOf('"', at + 1);
      while (closing >= 0 && text[closing + 1] === '"') closing = text.indexOf('"', closing + 2);
      const end = closing < 0 ? text.length : closing;
      value = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    const next = text.indexOf(delimiter, at);
    fields.push(value + text.slice(at, next < 0 ? text.length : next));
    if (next < 0) return fields;
    at = next;
  }
}
