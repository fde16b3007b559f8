import { describeProgram } from '../build/describe-program.js';
import { buildProgram } from '../build/program.js';
import { nodeHost } from '../core/node-host.js';
import { explain } from '../plan/explain.js';
import type { BuiltJob } from './built-job.js';

/** A job's plan, and how it would run on so many lanes. Nothing is opened or read. */
export function explainJob(built: BuiltJob, lanes: number): string {
  const { program } = buildProgram({ ...built, lanes, host: nodeHost, taps: [], manual: false });
  return `${explain(built.plan).trimEnd()}\n\non ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}:\n${describeProgram(program)}`;
}
