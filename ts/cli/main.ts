#!/usr/bin/env node
import { argv, exit, stderr, stdout } from 'node:process';
import { MillraceError } from '../core/errors.js';
import { explainCommand } from './explain-command.js';
import { generateCommand } from './generate-command.js';
import { HELP } from './help.js';
import { runCommand } from './run-command.js';
import { UsageError } from './usage.js';

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  run: runCommand,
  explain: explainCommand,
  generate: generateCommand,
};

/** 0: done; 1: the job failed; 2: the command was wrong; 130: interrupted. */
async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    stdout.write(HELP.main);
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new UsageError(`there is no command '${name}'`, 'main');
  return await command(rest);
}

main(argv.slice(2)).then(
  (code) => {
    // Whatever still stands in stdout must leave before the process does.
    stdout.write('', () => exit(code));
  },
  (error: unknown) => {
    if (error instanceof UsageError) stderr.write(`millrace: ${error.message}\n\n${HELP[error.topic]}`);
    else if (error instanceof MillraceError) stderr.write(`millrace: ${error.code}: ${error.message}\n`);
    else stderr.write(`millrace: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    exit(error instanceof UsageError ? 2 : 1);
  },
);
