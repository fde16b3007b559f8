import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { JobDefinition, type Job } from '../api/job.js';
import { MillraceError } from '../core/errors.js';

const TYPESCRIPT = new Set(['.ts', '.mts', '.tsx']);

/** The job that a module exports. TypeScript is bundled once, to a module that every lane can import. */
export async function loadJob(path: string, name: string | undefined): Promise<Job<unknown, never>> {
  const file = resolve(path);
  if (!existsSync(file)) throw new MillraceError('file.not-found', `there is no file ${path}`);
  const module = TYPESCRIPT.has(extname(file)) ? await bundle(file) : file;
  const exported: unknown = await import(pathToFileURL(module).href);
  const jobs = Object.values(exported as Record<string, unknown>).filter((value) => value instanceof JobDefinition);
  const unique = [...new Set(jobs)];
  const names = unique.map((job) => `'${job.name}'`).join(', ');
  if (unique.length === 0)
    throw new MillraceError('plan.invalid', `${path} exports no job; export default job(import.meta, 'name', (env) => …)`);
  const found = name === undefined ? unique : unique.filter((job) => job.name === name);
  if (found.length === 0) throw new MillraceError('plan.invalid', `${path} exports no job '${name}'; it exports ${names}`);
  if (found.length > 1) throw new MillraceError('config.invalid', `${path} exports several jobs: choose one of ${names} with --job`);
  return found[0] as unknown as Job<unknown, never>;
}

/** `name=value` pairs; a value that is JSON is read as JSON. */
export function parseParams(pairs: readonly string[] | undefined): Record<string, unknown> | undefined {
  if (pairs === undefined) return undefined;
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new MillraceError('config.invalid', `--param ${pair}: write name=value`);
      const text = pair.slice(at + 1);
      return [pair.slice(0, at), readValue(text)];
    }),
  );
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function bundle(file: string): Promise<string> {
  const result = await build({
    entryPoints: [file],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    write: false,
    logLevel: 'silent',
    plugins: [thisMillrace],
  }).catch((cause: unknown) => {
    throw new MillraceError('config.invalid', `${file} does not compile: ${(cause as Error).message}`, { cause });
  });
  const code = result.outputFiles[0]?.contents ?? new Uint8Array();
  const folder = join(projectOf(file), 'node_modules', '.cache', 'millrace');
  mkdirSync(folder, { recursive: true });
  const out = join(folder, `${createHash('sha256').update(code).digest('hex').slice(0, 16)}.mjs`);
  if (!existsSync(out)) writeFileSync(out, code);
  return out;
}

/** The job must use this very millrace: its definitions are looked up in this process and in its lanes. */
const thisMillrace: Plugin = {
  name: 'this-millrace',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^millrace(\/|$)/ }, ({ path }) => ({
      path: new URL(ENTRIES[path] ?? path, import.meta.url).href,
      external: true,
    }));
  },
};

const ENTRIES: Readonly<Record<string, string>> = { millrace: '../index.js', 'millrace/testing': '../testing/index.js' };

/** The nearest folder with a package.json, else the file's own. */
function projectOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) return dirname(file);
  }
}

/** What package this is, for messages. */
export function packageVersion(): string {
  const path = fileURLToPath(new URL('../../../package.json', import.meta.url));
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
