import { cpus, loadavg, totalmem } from 'node:os';

/** What a measurement depends on besides the program. */
export interface MachineFacts {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly kernelBuild: string;
  /** Processes that wanted to run, averaged over the minute before: above 0.5 or so, others were at work too. */
  readonly loadBefore: number;
  readonly noisy: boolean;
}

export function machineFacts(): MachineFacts {
  const [load = 0] = loadavg();
  const all = cpus();
  return {
    date: new Date().toISOString(),
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    kernelBuild: 'simd',
    loadBefore: Math.round(load * 100) / 100,
    noisy: load > 0.5,
  };
}
