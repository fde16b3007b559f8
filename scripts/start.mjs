// Builds, then runs the command line with the given arguments: `npm start -- run job.ts`. Without arguments: generates
// five million bids, if they are not there yet, and runs a windowed job over them on all cores.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';

const BIDS = '.cache/bids-5000000.ndjson';
const CLI = 'dist/ts/cli/main.js';

function node(...command) {
  const done = spawnSync(process.execPath, command, { stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

node('scripts/build.mjs');
const args = process.argv.slice(2);
if (args.length > 0) node(CLI, ...args);
else {
  if (!existsSync(BIDS)) {
    mkdirSync('.cache', { recursive: true });
    console.log('Generating Nexmark bids …');
    node(CLI, 'generate', 'nexmark', '--rows', '5000000', '--format', 'ndjson', '--out', `${BIDS}.part`);
    renameSync(`${BIDS}.part`, BIDS);
  }
  node('dist/docs/examples/start.js', BIDS);
}
