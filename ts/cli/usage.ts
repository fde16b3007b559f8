import { parseArgs } from 'node:util';
import type { HelpTopic } from './help.js';

/** The command line is wrong: the message says how, and the topic's help follows. */
export class UsageError extends Error {
  readonly topic: HelpTopic;

  constructor(message: string, topic: HelpTopic) {
    super(message);
    this.topic = topic;
  }
}

type Option = { readonly type: 'string' | 'boolean'; readonly multiple?: boolean; readonly short?: string };
type ValueOf<O> = O extends { type: 'boolean' } ? boolean : O extends { multiple: true } ? string[] : string;

export interface Parsed<T> {
  readonly values: { readonly [N in keyof T]?: ValueOf<T[N]> };
  readonly positionals: readonly string[];
}

export function parse<const T extends Readonly<Record<string, Option>>>(args: readonly string[], options: T, topic: HelpTopic): Parsed<T> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true }) as unknown as Parsed<T>;
  } catch (cause) {
    throw new UsageError((cause as Error).message, topic);
  }
}

/** A whole number of an option; `5e6` and `5_000_000` are numbers, too. */
export function wholeNumber(text: string | undefined, name: string, topic: HelpTopic, least = 0): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value) || value < least) throw new UsageError(`--${name} ${text}: give a whole number from ${least}`, topic);
  return value;
}
