import { stdout } from 'node:process';
import { buildJob } from '../api/job.js';
import { explainJob } from '../api/explain-job.js';
import { HELP } from './help.js';
import { loadJob, parseParams } from './load-job.js';
import { parse, UsageError, wholeNumber } from './usage.js';

export async function explainCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(
    args,
    {
      job: { type: 'string' },
      param: { type: 'string', multiple: true },
      lanes: { type: 'string' },
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
  const lanes = wholeNumber(values.lanes, 'lanes', 'explain', 1) ?? 2;
  const built = buildJob(await loadJob(path, values.job), parseParams(values.param));
  stdout.write(values.json === true ? `${JSON.stringify(built.plan, null, 2)}\n` : explainJob(built, lanes));
  return 0;
}
