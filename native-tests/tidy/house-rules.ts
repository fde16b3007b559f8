import { posix } from 'node:path';
import { at, codeOnly, importsOf, isTest, type SourceFile } from './source-files.js';

/** A house rule reads one file and tells what breaks it, with the place and what to do instead. */
export type Rule = (file: SourceFile) => string[];

export const MAX_FILE_LINES = 600;
export const MAX_LINE_LENGTH = 160;
export const MAX_FUNCTION_LINES = 80;

/** Files and folders that stand between the engine and the machine; the rest takes the machine from core/host.ts. */
const ADAPTERS = ['ts/core/node-host.ts', 'ts/cli/', 'ts/runtime/node-', 'ts/runtime/threads/', 'ts/api/node-'];

interface Ban {
  readonly call: RegExp;
  readonly instead: string;
  /** Where the call is right, beside ADAPTERS. */
  readonly allowed?: readonly string[];
}

const BANS: readonly Ban[] = [
  { call: /\bDate\.now\b|\bnew Date\(\)|\bDate\(\)/, instead: 'host.now() of core/host.ts' },
  { call: /\bperformance\.now\b|\bprocess\.hrtime\b/, instead: 'host.monotonicMs() of core/host.ts' },
  { call: /\bMath\.random\b|\bcrypto\.random\w*/, instead: 'a seeded Random of core/random.ts, or host.entropy()' },
  { call: /\b(setTimeout|setInterval|setImmediate)\(/, instead: 'a timer of core/host.ts, or the step that the cutter makes' },
  {
    call: /\bprocess\.(env|argv|exit|cwd|on|nextTick|hrtime)\b/,
    instead: 'an option given by the caller; only the command line reads the process',
  },
  {
    call: /\bconsole\.\w+\(/,
    instead: 'a counter, a returned value or the sink that prints',
    allowed: ['ts/connectors/print/', 'ts/connectors/print'],
  },
  { call: /\beval\(|\bnew Function\(/, instead: 'plain functions; nothing is made from text' },
  { call: /\benum \w+ \{/, instead: 'a union of literals, or a const object with `as const`' },
  { call: /\bexport default\b/, instead: 'a named export' },
  { call: /\bnamespace \w+ \{|\brequire\(/, instead: 'ES modules' },
  { call: /:\s*any\b(?!\s*\()|\bas any\b|<any>|\bany\[\]/, instead: 'unknown, or the type that is meant' },
  { call: /@ts-(ignore|nocheck)/, instead: '@ts-expect-error in a type test, or the right type' },
];

export const noBannedCalls: Rule = (file) => {
  if (!file.path.startsWith('ts/') || isTest(file.path)) return [];
  const allowed = (ban: Ban) => [...ADAPTERS, ...(ban.allowed ?? [])].some((place) => file.path.startsWith(place));
  const lines = codeOnly(file.text).split('\n');
  return BANS.filter((ban) => !allowed(ban)).flatMap((ban) =>
    lines.flatMap((line, i) => {
      const found = ban.call.exec(line);
      return found === null ? [] : [`${at(file, i + 1)}: ${found[0].trim()} is banned here; use ${ban.instead}`];
    }),
  );
};

/** Only the public surface gathers; within the engine one imports the file that has the thing. */
export const noBarrels: Rule = (file) => {
  if (file.path === 'ts/index.ts' || file.path === 'ts/testing/index.ts' || !file.path.startsWith('ts/') || isTest(file.path)) return [];
  const all = importsOf(file).filter((found) => found.kind === 'export-all');
  const offences = all.map(
    (found) => `${at(file, found.line)}: export * makes a barrel; name the file where it is used, or export it in ts/index.ts`,
  );
  const code = codeOnly(file.text)
    .replace(/\b(import|export)\b[^;]*\bfrom\s*['"] *['"];?/g, '')
    .trim();
  const onlyForwards = code === '' && importsOf(file).some((found) => found.kind === 'export');
  if (onlyForwards) offences.push(`${file.path}: this file only forwards what others export; import those`);
  return offences;
};

export const fileSize: Rule = (file) => {
  const lines = file.text.split('\n').length;
  return lines <= MAX_FILE_LINES ? [] : [`${file.path}: ${lines} lines, at most ${MAX_FILE_LINES}; split it by subject`];
};

export const lineLength: Rule = (file) =>
  file.text
    .split('\n')
    .flatMap((line, i) =>
      line.length <= MAX_LINE_LENGTH ? [] : [`${at(file, i + 1)}: ${line.length} characters, at most ${MAX_LINE_LENGTH}`],
    );

/** Words are joined here so that the rule does not catch itself. */
const UNFINISHED = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
const MACHINE_PATH = /(^|[\s"'`(=:])\/(?:home|root|Users|work|mnt|tmp\/wt)\/\w/;

export const nothingUnfinished: Rule = (file) =>
  file.text.split('\n').flatMap((line, i) => {
    const word = UNFINISHED.exec(line)?.[0];
    return word === undefined ? [] : [`${at(file, i + 1)}: ${word}; finish it, or open an issue and leave no mark`];
  });

export const noMachinePaths: Rule = (file) =>
  file.text
    .split('\n')
    .flatMap((line, i) =>
      MACHINE_PATH.test(line) ? [`${at(file, i + 1)}: a path of one machine; use a relative path or os.tmpdir()`] : [],
    );

/** Two comment lines in a row that end like statements are code someone switched off. */
export const noCommentedOutCode: Rule = (file) => {
  const dead = file.text
    .split('\n')
    .map((line) => /^\s*\/\/ ?\s*(\}|[^'"`]*[;{]|(const|let|return|import|if \(|for \().*[;{])\s*$/.test(line));
  return dead.flatMap((yes, i) => (yes && dead[i + 1] ? [`${at(file, i + 1)}: commented-out code; remove it, git remembers`] : []));
};

export const fileNames: Rule = (file) => {
  const odd = file.path.split('/').find((part) => !/^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(part) && !/^[A-Z]+\.md$/.test(part));
  return odd === undefined ? [] : [`${file.path}: ${odd} is not kebab-case`];
};

/**
 * How long each function is. The formatter puts a function's last brace at the indentation of the line that opens it, so no
 * parser is needed. Callbacks of `describe` and `test` are not functions in this sense, nor are classes and interfaces.
 */
export function functionLengths(file: SourceFile): { name: string; line: number; lines: number }[] {
  const lines = codeOnly(file.text).split('\n');
  return lines.flatMap((text, i) => {
    const name = functionOpenedBy(text);
    if (name === undefined) return [];
    const indent = /^ */.exec(text)?.[0] ?? '';
    const end = lines.findIndex((later, j) => j > i && later.startsWith(`${indent}}`));
    return end < 0 ? [] : [{ name, line: i + 1, lines: end - i + 1 }];
  });
}

function functionOpenedBy(line: string): string | undefined {
  if (
    !line.endsWith('{') ||
    /^\s*(\}|if|else|for|while|do|switch|try|catch|case|class|interface|export (abstract )?class|export interface)\b/.test(line)
  ) {
    return undefined;
  }
  const declared = /\bfunction\*? (\w+)/.exec(line) ?? /\b(?:const|let) (\w+)[^=]*= (?:async )?(?:\(|\w+ =>)/.exec(line);
  if (declared !== null) return declared[1];
  const method = /^\s+(?:(?:private|protected|public|static|override|async|get|set) )*\*?(#?\w+)(?:<.*>)?\(.*\)(?:: .+)? \{$/.exec(line);
  return method?.[1];
}

/**
 * Functions above the limit, against a list of those that were there before: new ones are refused, known ones may only shrink.
 * An entry that is no longer needed is an offence too, so the list can only get shorter.
 */
export function longFunctions(files: readonly SourceFile[], known: Readonly<Record<string, number>>): string[] {
  const needed = new Set<string>();
  const offences = files.flatMap((file) =>
    functionLengths(file).flatMap(({ name, line, lines }) => {
      if (lines <= MAX_FUNCTION_LINES) return [];
      const entry = `${file.path} ${name}`;
      needed.add(entry);
      const most = known[entry] ?? MAX_FUNCTION_LINES;
      return lines <= most ? [] : [`${at(file, line)}: ${name} has ${lines} lines, at most ${most}; take a part out of it`];
    }),
  );
  const spare = Object.keys(known).filter((entry) => !needed.has(entry));
  return [...offences, ...spare.map((entry) => `${entry} is within the limit now: remove it from LONG_FUNCTIONS`)];
}

/** A test below ts/ stands in the layer of what it tests, and so imports a file of it (or the public surface); what tests the whole is in native-tests/. */
export function strayTests(files: readonly SourceFile[]): string[] {
  const tests = files.filter((file) => file.path.startsWith('ts/') && isTest(file.path));
  const stray = tests.filter((file) => {
    const layer = file.path.split('/').slice(0, 2).join('/');
    const imported = importsOf(file).map((found) => posix.join(posix.dirname(file.path), found.from));
    return !imported.some((path) => path.startsWith(`${layer}/`) || path === 'ts/index.js');
  });
  return stray.map((file) => `${file.path}: it imports nothing of its own layer; move it beside what it tests, or to native-tests/`);
}

/** Paths and links in a page that lead nowhere: pages must stay true to the tree. `exists` is asked with paths from the root. */
export function deadPaths(page: SourceFile, exists: (path: string) => boolean): string[] {
  const folder = posix.dirname(page.path);
  return page.text.split('\n').flatMap((line, i) => {
    const named = [...line.matchAll(/`((?:ts|assembly|native-tests|bench|scripts|docs|\.ci)\/[\w./-]*)`/g)].map((match) => match[1] ?? '');
    const links = [...line.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => posix.join(folder, match[1] ?? ''));
    return [...named, ...links].filter((path) => !exists(path)).map((path) => `${at(page, i + 1)}: there is no ${path}`);
  });
}
