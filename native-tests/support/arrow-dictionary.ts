import { Dictionary, Int32, RecordBatchFileWriter, RecordBatchStreamWriter, Table, Utf8, vectorFromArray } from 'apache-arrow';

/** Arrow IPC of three record batches over one dictionary. */
export function dictionary(form: 'stream' | 'file'): { bytes: Uint8Array; values: string[] } {
  const values = Array.from({ length: 90 }, (_, i) => ['red', 'green', 'blue'][i % 3] as string);
  const table = new Table({ word: vectorFromArray(values, new Dictionary(new Utf8(), new Int32())) });
  const [whole] = table.batches;
  const writer = form === 'file' ? new RecordBatchFileWriter() : new RecordBatchStreamWriter();
  for (const from of [0, 30, 60]) writer.write(whole?.slice(from, from + 30) as never);
  writer.finish();
  return { bytes: writer.toUint8Array(true) as Uint8Array, values };
}
