import { stdout } from 'node:process';
import { buildJob } from '../api/job.js';
import { explain } from '../plan/explain.js';
import { HELP } from './help.js';
import { loadJob, parseParams } from './load-job.js';
import { parse, UsageError } from './usage.js';

export async function explainCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(
    args,
    {
      job: { type: 'string' },
      param: { type: 'string', multiple: true },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    'explain',
  );
  if (values.help === true) {
    stdout.write(HELP.explain);
    return 0;
  }
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new UsageError('explain takes one module', 'explain');
  const { plan } = buildJob(await loadJob(path, values.job), parseParams(values.param));
  stdout.write(values.json === true ? `${JSON.stringify(plan, null, 2)}\n` : `${explain(plan).trimEnd()}\n`);
  return 0;
}
