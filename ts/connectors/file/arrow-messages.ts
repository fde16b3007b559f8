import { RecordBatchStreamWriter } from 'apache-arrow';
import { Footer } from 'apache-arrow/ipc/metadata/file';
import { MillraceError } from '../../core/errors.js';
import type { FileHandle } from '../../core/host.js';

/**
 * Messages of Arrow IPC (https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format): a file is the
 * magic `ARROW1`, a stream, and a footer that sequential reading has no need of.
 *
 *   0xffffffff  metadata bytes (int32)  metadata (flatbuffer Message)  body
 */
export interface ArrowMessage {
  readonly kind: 'schema' | 'dictionary' | 'rows' | 'other';
  readonly start: number;
  readonly end: number;
}

const KINDS = ['other', 'schema', 'dictionary', 'rows'] as const;
const MAGIC = 'ARROW1';
const MAGIC_BYTES = 8;
/** A footer's length, and the magic again. */
const TAIL_BYTES = 10;
const END_BYTES = 8;
const CONTINUATION = 0xffff_ffff;
const MAX_METADATA_BYTES = 64 << 20;

/** Whether it is Arrow's file format, not a bare stream. */
export function isArrowFile(file: FileHandle): boolean {
  return new TextDecoder().decode(readAt(file, 0, MAGIC.length)) === MAGIC;
}

/** Where the messages begin. */
export function messagesStart(file: FileHandle): number {
  return isArrowFile(file) ? MAGIC_BYTES : 0;
}

/** The schema as a message of a stream, from a file's footer: not all writers of files put one at the start. */
export function schemaFromFooter(file: FileHandle, size: number): Uint8Array {
  const tail = readAt(file, size - TAIL_BYTES, TAIL_BYTES);
  const footerBytes = tail.length < TAIL_BYTES ? 0 : new DataView(tail.buffer, tail.byteOffset).getInt32(0, true);
  const ends = new TextDecoder().decode(tail.subarray(4)) === MAGIC;
  if (!ends || footerBytes <= 0 || footerBytes > size) throw broken(file.path, size, 'expected the footer of an Arrow file');
  try {
    const footer = Footer.decode(readAt(file, size - TAIL_BYTES - footerBytes, footerBytes));
    const writer = new RecordBatchStreamWriter();
    writer.reset(undefined, footer.schema);
    writer.finish();
    // Without the end-of-stream mark.
    return (writer.toUint8Array(true) as Uint8Array).slice(0, -END_BYTES);
  } catch (cause) {
    throw broken(file.path, size - TAIL_BYTES - footerBytes, `the footer cannot be read: ${(cause as Error).message}`);
  }
}

/** The message at `start`, of which only the metadata is read; undefined at the end of the stream. Throws `record.malformed`. */
export function messageAt(file: FileHandle, start: number, size: number): ArrowMessage | undefined {
  if (start >= size) return undefined;
  const head = readAt(file, start, 8);
  if (head.length < 4) throw broken(file.path, start, 'it ends within a message');
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  // Before Arrow 0.15 there was no continuation marker.
  const marked = view.getUint32(0, true) === CONTINUATION;
  if (marked && head.length < 8) throw broken(file.path, start, 'it ends within a message');
  const metadataBytes = view.getInt32(marked ? 4 : 0, true);
  if (metadataBytes === 0) return undefined;
  if (metadataBytes < 0 || metadataBytes > MAX_METADATA_BYTES) throw broken(file.path, start, 'expected an Arrow IPC message');
  const at = start + (marked ? 8 : 4);
  const metadata = readAt(file, at, metadataBytes);
  if (metadata.length < metadataBytes) throw broken(file.path, start, 'it ends within a message');
  const { kind, bodyBytes } = readMetadata(metadata, () => broken(file.path, start, 'expected an Arrow IPC message'));
  const end = at + metadataBytes + bodyBytes;
  if (end > size) throw broken(file.path, start, 'it ends within a message');
  return { kind, start, end };
}

/** Bytes [from, to) of a file; fewer at its end. */
export function readAt(file: FileHandle, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let got = 0;
  while (got < length) {
    const more = file.read(bytes, got, length - got, from + got);
    if (more === 0) break;
    got += more;
  }
  return bytes.subarray(0, got);
}

/** Fields 1 (the header's type) and 3 (the body's length) of the flatbuffer table Message. */
function readMetadata(bytes: Uint8Array, fault: () => Error): { kind: ArrowMessage['kind']; bodyBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    const table = view.getUint32(0, true);
    const vtable = table - view.getInt32(table, true);
    const vtableBytes = view.getUint16(vtable, true);
    const fieldAt = (index: number) => {
      const slot = 4 + index * 2;
      const offset = slot + 2 <= vtableBytes ? view.getUint16(vtable + slot, true) : 0;
      return offset === 0 ? undefined : table + offset;
    };
    const type = fieldAt(1);
    const length = fieldAt(3);
    const bodyBytes = length === undefined ? 0 : Number(view.getBigInt64(length, true));
    if (bodyBytes < 0 || !Number.isSafeInteger(bodyBytes)) throw fault();
    return { kind: KINDS[type === undefined ? 0 : view.getUint8(type)] ?? 'other', bodyBytes };
  } catch (error) {
    // A flatbuffer's offsets are read as they stand: one that leads out of the bytes is a RangeError.
    throw error instanceof RangeError ? fault() : error;
  }
}

function broken(path: string, position: number, why: string): MillraceError {
  return new MillraceError('record.malformed', `${path}, byte ${position}: ${why}`, { details: { path, position } });
}
