import { MillraceError } from './errors.js';
import type { Host } from './host.js';

/** The text of a file; undefined if there is none. */
export function readText(host: Host, path: string): string | undefined {
  let file: ReturnType<Host['files']['open']>;
  try {
    file = host.files.open(path);
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'file.not-found') return undefined;
    throw error;
  }
  try {
    const bytes = new Uint8Array(file.size() ?? 0);
    let at = 0;
    for (let read = 1; at < bytes.length && read > 0; at += read) read = file.read(bytes, at, bytes.length - at, at);
    return new TextDecoder().decode(bytes.subarray(0, at));
  } finally {
    file.close();
  }
}
