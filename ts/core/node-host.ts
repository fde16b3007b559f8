import { randomBytes } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { MillraceError } from './errors.js';
import type { FileHandle, Files, Host, Streams } from './host.js';

class NodeFile implements FileHandle {
  readonly path: string;
  readonly #fd: number;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  size(): number | undefined {
    const facts = fstatSync(this.#fd);
    return facts.isFile() ? facts.size : undefined;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return readSync(this.#fd, into, offset, length, position);
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
  }

  sync(): void {
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

const nodeFiles: Files = {
  open(path) {
    try {
      return new NodeFile(path, openSync(path, 'r'));
    } catch (cause) {
      throw new MillraceError('file.not-found', `cannot read ${path}: ${(cause as Error).message}`, { cause });
    }
  },
  create(path) {
    try {
      return new NodeFile(path, openSync(path, 'w'));
    } catch (cause) {
      throw new MillraceError('sink.failed', `cannot write ${path}: ${(cause as Error).message}`, { cause });
    }
  },
  glob(pattern) {
    if (!/[*?]/.test(pattern)) return existsSync(pattern) ? [pattern] : [];
    const fixed = pattern.slice(0, pattern.search(/[*?]/));
    const root = fixed.endsWith('/') ? fixed : fixed.includes('/') ? dirname(fixed) : '.';
    if (!existsSync(root)) return [];
    const test = globToRegExp(pattern);
    const below = readdirSync(root, { recursive: true, withFileTypes: true });
    return below
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => (root === '.' && !pattern.startsWith('./') ? path.replace(/^\.\//, '') : path))
      .filter((path) => test.test(path.replace(/^\.\//, '')))
      .sort();
  },
  mkdir(path) {
    mkdirSync(path, { recursive: true });
  },
  remove(path) {
    rmSync(path, { force: true });
  },
};

/** `*` and `?` stay within a folder, `**` crosses folders. */
function globToRegExp(pattern: string): RegExp {
  const clean = pattern.replace(/^\.\//, '');
  let out = '';
  for (let i = 0; i < clean.length; i++) {
    const c = clean[i] as string;
    if (c === '*' && clean[i + 1] === '*') {
      i++;
      if (clean[i + 1] === '/') i++;
      out += '(?:.*/)?';
      if (i === clean.length - 1 && clean[i] === '*') out += '[^/]*';
    } else if (c === '*') out += '[^/]*';
    else if (c === '?') out += '[^/]';
    else out += c.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  }
  return new RegExp(`^${out}$`);
}

const nodeStreams: Streams = {
  async *read(path) {
    const source = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 18 });
    try {
      for await (const chunk of source) yield chunk as Uint8Array;
    } catch (cause) {
      const missing = (cause as { code?: string }).code === 'ENOENT';
      throw new MillraceError(missing ? 'file.not-found' : 'source.failed', `cannot read ${path}: ${(cause as Error).message}`, { cause });
    }
  },
  print: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (cause) => {
        if (cause) reject(new MillraceError('sink.failed', `cannot write to stdout: ${cause.message}`, { cause }));
        else resolve();
      });
    }),
};

/** The real machine: the one place that reads its clock, chance and files. */
export const nodeHost: Host = Object.freeze<Host>({
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  entropy: () => {
    const bytes = randomBytes(8);
    return [bytes.readUInt32LE(0), bytes.readUInt32LE(4)] as const;
  },
  defer: (task) => {
    setImmediate(task);
  },
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  files: nodeFiles,
  streams: nodeStreams,
});
