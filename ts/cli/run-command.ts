import process, { stderr, stdout } from 'node:process';
import { run, type RunOptions } from '../api/run.js';
import { loadJob, parseParams } from './load-job.js';
import { HELP } from './help.js';
import { StatusLine, summarise } from './status-line.js';
import { parse, UsageError, wholeNumber } from './usage.js';

export async function runCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(
    args,
    {
      job: { type: 'string' },
      lanes: { type: 'string' },
      param: { type: 'string', multiple: true },
      'state-limit': { type: 'string' },
      'spill-dir': { type: 'string' },
      memory: { type: 'string' },
      'no-threads': { type: 'boolean' },
      json: { type: 'boolean' },
      quiet: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    'run',
  );
  if (values.help === true) {
    stdout.write(HELP.run);
    return 0;
  }
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new UsageError('run takes one module', 'run');
  const lanes = wholeNumber(values.lanes, 'lanes', 'run', 1);
  const stateLimit = wholeNumber(values['state-limit'], 'state-limit', 'run', 1);
  const memoryBytes = wholeNumber(values.memory, 'memory', 'run', 1);
  const dir = values['spill-dir'];
  if ((dir === undefined) !== (memoryBytes === undefined)) throw new UsageError('--spill-dir and --memory go together', 'run');
  const params = parseParams(values.param);
  const options: RunOptions & { params?: unknown } = {
    ...(lanes === undefined ? {} : { lanes }),
    ...(stateLimit === undefined ? {} : { stateLimit }),
    ...(dir === undefined || memoryBytes === undefined ? {} : { spill: { dir, memoryBytes } }),
    ...(values['no-threads'] === true ? { threads: false } : {}),
    ...(params === undefined ? {} : { params }),
  };
  const job = await loadJob(path, values.job);
  const started = performance.now();
  const handle = await (run as (job: unknown, options: unknown) => ReturnType<typeof run>)(job, options);
  const status = new StatusLine(stderr, handle, { json: values.json === true, quiet: values.quiet === true, started });
  let interrupted = false;
  const interrupt = () => {
    const again = interrupted;
    interrupted = true;
    if (again) void handle.cancel();
    else {
      process.once('SIGINT', interrupt);
      void handle.stop().catch(() => undefined);
    }
  };
  process.once('SIGINT', interrupt);
  try {
    await handle.done;
  } finally {
    status.close();
    process.off('SIGINT', interrupt);
  }
  const summary = summarise(handle.metrics(), performance.now() - started);
  if (values.json === true) stdout.write(`${JSON.stringify({ ...summary, metrics: handle.metrics() })}\n`);
  else if (values.quiet !== true) stderr.write(`${summary.text}\n`);
  return interrupted ? 130 : 0;
}
