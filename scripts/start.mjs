// Builds and runs the command line with the given arguments: `npm start -- run job.ts`.
import { spawnSync } from 'node:child_process';

for (const command of [['scripts/build.mjs'], ['dist/ts/cli/main.js', ...process.argv.slice(2)]]) {
  const done = spawnSync(process.execPath, command, { stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}
