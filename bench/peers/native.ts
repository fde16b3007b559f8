import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Timed } from '../harness.js';

const SOURCES = 'native-tests/native';
const BUILT = '.cache/native';

/** A program in C that says what it measured: `{"answer": …, "wallMs": …, "cpuMs": …}`. */
export class NativeProgram {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  run(args: readonly (string | number)[]): Timed {
    const done = spawnSync(this.#path, args.map(String), { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${this.#path} ${args.join(' ')} ended with ${done.status ?? done.signal}: ${done.stderr}`);
    const { answer, wallMs, cpuMs } = JSON.parse(done.stdout) as { answer: unknown; wallMs: number; cpuMs: number };
    return new Timed(answer, wallMs, cpuMs);
  }
}

/** Compiles native-tests/native/`name`.c for this machine; undefined where there is no gcc. */
export function nativeProgram(name: string): NativeProgram | undefined {
  if (spawnSync('gcc', ['--version']).status !== 0) {
    console.log(`no gcc here: ${name}.c is left out`);
    return undefined;
  }
  mkdirSync(BUILT, { recursive: true });
  const path = join(BUILT, name);
  const done = spawnSync('gcc', ['-O3', '-march=native', '-Wall', '-Wextra', '-o', path, join(SOURCES, `${name}.c`)], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`gcc refuses ${name}.c:\n${done.stderr}`);
  return new NativeProgram(path);
}
