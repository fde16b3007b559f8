import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One file of the repository, as the house rules see it. `path` is relative to the root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export function sourceFile(path: string, ...lines: readonly string[]): SourceFile {
  return { path, text: lines.join('\n') };
}

/** Reads every file below the folders (or a single file) whose name ends with one of the endings; generated files are left out. */
export function readSources(folders: readonly string[], endings: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) => {
    if (!existsSync(folder)) return [];
    if (statSync(folder).isFile()) return [{ path: folder, text: readFileSync(folder, 'utf8') }];
    return readdirSync(folder, { recursive: true })
      .map((name) => join(folder, String(name)).replaceAll('\\', '/'))
      .filter((path) => endings.some((ending) => path.endsWith(ending)) && !path.includes('/generated/'))
      .sort()
      .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
  });
}

export function isTest(path: string): boolean {
  return /\.(test|test-d|bench)\.ts$/.test(path);
}

/** Where a rule was broken, in the form editors open. */
export function at(file: SourceFile, line: number): string {
  return `${file.path}:${line}`;
}

/**
 * The text with comments, and the insides of strings, templates and regular expressions, blanked out: what is left is code.
 * Line breaks and columns stay where they were. Code inside `${…}` is kept.
 */
export function codeOnly(text: string): string {
  const out = text.split('');
  const blank = (from: number, to: number) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  // For each open template, how deep its current `${` sits in braces.
  const templates: number[] = [];
  let depth = 0;
  let before = '';
  let i = 0;
  const template = (from: number): number => {
    let j = from;
    while (j < text.length && text[j] !== '`' && !(text[j] === '$' && text[j + 1] === '{')) j += text[j] === '\\' ? 2 : 1;
    blank(from, j);
    if (text[j] === '$') {
      templates.push(depth++);
      return j + 2;
    }
    return j + 1;
  };
  while (i < text.length) {
    const c = text[i] as string;
    const next = text[i + 1];
    const start = i;
    if (c === '/' && next === '/') {
      i = endOf(text, '\n', i);
      blank(start, i);
      continue;
    }
    if (c === '/' && next === '*') {
      i = endOf(text, '*/', i + 2) + 2;
      blank(start, i);
      continue;
    }
    if (c === "'" || c === '"') {
      i++;
      while (i < text.length && text[i] !== c && text[i] !== '\n') i += text[i] === '\\' ? 2 : 1;
      blank(start + 1, i++);
      before = c;
    } else if (c === '`') {
      i = template(i + 1);
      before = '`';
    } else if (c === '/' && startsRegExp(before, text.slice(Math.max(0, i - 12), i))) {
      i++;
      for (let inClass = false; i < text.length && text[i] !== '\n' && (inClass || text[i] !== '/'); i++) {
        if (text[i] === '\\') i++;
        else if (text[i] === '[') inClass = true;
        else if (text[i] === ']') inClass = false;
      }
      blank(start + 1, i++);
      before = '/';
    } else {
      if (c === '{') depth++;
      if (c === '}' && templates.length > 0 && templates.at(-1) === depth - 1) {
        templates.pop();
        depth--;
        i = template(i + 1);
        before = '`';
        continue;
      }
      if (c === '}') depth--;
      if (c.trim() !== '') before = c;
      i++;
    }
  }
  return out.join('');
}

function endOf(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found;
}

/** A slash begins a regular expression where a value may begin, else it divides. */
function startsRegExp(before: string, tail: string): boolean {
  if (/\b(return|typeof|case|in|of|void|throw|await|yield)\s*$/.test(tail)) return true;
  return before === '' || '([{,;=:?!&|+-*%<>~^'.includes(before);
}

export interface ImportLine {
  readonly from: string;
  readonly line: number;
  readonly typeOnly: boolean;
  readonly kind: 'import' | 'export' | 'export-all' | 'dynamic';
}

/** Every import of a file: static, re-exporting, dynamic with a fixed name, and `import('…')` in types. */
export function importsOf(file: SourceFile): ImportLine[] {
  const code = codeOnly(file.text);
  const found: ImportLine[] = [];
  const lineOf = (offset: number) => code.slice(0, offset).split('\n').length;
  for (const match of code.matchAll(/^[ \t]*(import|export)\b([^;'"]*?)(?:\bfrom\s*)?(['"])( *)\3/gm)) {
    const [whole, keyword = '', clause = '', , gap = ''] = match;
    // The quotes must belong to a module's name, not to `export const a = ''`.
    if (keyword === 'export' && !/\bfrom\s*['"] *['"]$/.test(whole)) continue;
    if (keyword === 'import' && !/\bfrom\s*['"] *['"]$/.test(whole) && clause.trim() !== '') continue;
    const end = match.index + whole.length - 1;
    const typeOnly = /^\s*type\b/.test(clause) || (/\{/.test(clause) && namesAreTypes(clause));
    const kind = keyword === 'import' ? 'import' : /^\s*(type\s*)?\*/.test(clause) ? 'export-all' : 'export';
    found.push({ from: file.text.slice(end - gap.length, end), line: lineOf(match.index + whole.length), typeOnly, kind });
  }
  for (const match of code.matchAll(/\bimport\(\s*(['"])( *)\1\s*\)/g)) {
    const start = match.index + match[0].indexOf(match[1] ?? '') + 1;
    found.push({
      from: file.text.slice(start, start + (match[2] ?? '').length),
      line: lineOf(match.index),
      typeOnly: false,
      kind: 'dynamic',
    });
  }
  return found;
}

/** `import { type A, type B }`: nothing of it is left at run time. */
function namesAreTypes(clause: string): boolean {
  const inside = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1];
  if (inside === undefined) return false;
  const names = inside.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '').every((name) => name.startsWith('type '));
}
