import { posix } from 'node:path';
import { codeOnly } from './source-files.js';

/** Reads one declaration file by its path, such as `dist/ts/index.d.ts`. */
export type ReadDeclarations = (path: string) => string;

interface Statement {
  readonly text: string;
  /** The same with the insides of strings blanked out, for looking at its structure. */
  readonly code: string;
}

interface Target {
  readonly path: string;
  readonly name: string;
}

/**
 * The public surface that an entry file exports, as text: each exported name, sorted, with its declaration as the compiler
 * wrote it, without comments and private members. What is exported from another package is told by that package's name.
 */
export function apiSurface(entry: string, read: ReadDeclarations): string {
  const files = new Map<string, readonly Statement[]>();
  const statements = (path: string): readonly Statement[] => {
    const known = files.get(path);
    if (known !== undefined) return known;
    const split = splitStatements(read(path));
    files.set(path, split);
    return split;
  };
  const names = [...exportsOf(entry, statements)].sort(([a], [b]) => (a < b ? -1 : 1));
  return names.map(([name, target]) => describe(name, target, statements)).join('\n');
}

type StatementsOf = (path: string) => readonly Statement[];

/** Each name a file exports, with the place of its declaration. */
function exportsOf(path: string, statements: StatementsOf): Map<string, Target> {
  const found = new Map<string, Target>();
  for (const { text, code } of statements(path)) {
    const from = /\bfrom\s*['"](.*)['"]/.exec(text)?.[1];
    const target = from?.startsWith('.') ? posix.join(posix.dirname(path), from).replace(/\.js$/, '.d.ts') : from;
    if (/^export (type )?\*/.test(code) && target !== undefined) {
      for (const [name, where] of exportsOf(target, statements)) found.set(name, where);
      continue;
    }
    const list = /^export (?:type )?\{([^}]*)\}/.exec(code)?.[1];
    if (list === undefined) {
      const name = declaredName(code);
      if (code.startsWith('export ') && name !== undefined) found.set(name, { path, name });
      continue;
    }
    for (const part of list.split(',').map((each) => each.trim().replace(/^type /, ''))) {
      if (part === '') continue;
      const [local = '', outer = local] = part.split(/\s+as\s+/);
      found.set(outer, target === undefined ? { path, name: local } : follow(target, local, statements));
    }
  }
  return found;
}

function follow(path: string, name: string, statements: StatementsOf): Target {
  if (!path.endsWith('.d.ts')) return { path, name };
  const target = exportsOf(path, statements).get(name);
  if (target === undefined) throw new Error(`${path} does not export ${name}`);
  return target;
}

function declaredName(code: string): string | undefined {
  return /^(?:export )?(?:declare )?(?:abstract )?(?:const enum|function|class|interface|type|const|let|enum|namespace)\s+(\w+)/.exec(
    code,
  )?.[1];
}

function describe(name: string, target: Target, statements: StatementsOf): string {
  if (!target.path.endsWith('.d.ts')) return `${name}: ${target.name} of ${target.path}\n`;
  const declared = statements(target.path).filter(({ code }) => declaredName(code) === target.name);
  if (declared.length === 0) throw new Error(`${target.path} does not declare ${target.name}`);
  const renamed = target.name === name ? '' : `${name} = `;
  return `${renamed}${declared.map(({ text }) => tidy(text)).join('\n')}\n`;
}

function tidy(text: string): string {
  return text
    .replace(/^export /, '')
    .replace(/^declare /, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*(#private|private\b)/.test(line))
    .join('\n');
}

/** Comments go; then a statement ends at a `;` outside all brackets, or at the `}` on a line of its own that closes a class or its like. */
function splitStatements(source: string): Statement[] {
  const text = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const code = codeOnly(text);
  const statements: Statement[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < code.length; i++) {
    const c = code[i] as string;
    if ('([{'.includes(c)) depth++;
    if (')]}'.includes(c)) depth--;
    if (depth > 0) continue;
    const begun = code.slice(from, i).trimStart();
    const ends =
      c === ';' ||
      (c === '}' && code[i - 1] === '\n' && /^(export )?(default )?(declare )?(abstract )?(interface|class|namespace|enum)\b/.test(begun));
    if (!ends) continue;
    const lead = code.slice(from).length - code.slice(from).trimStart().length;
    statements.push({ text: text.slice(from + lead, i + 1), code: code.slice(from + lead, i + 1) });
    from = i + 1;
  }
  return statements;
}
