import type { Address } from '../columns/memory.js';
import type { Field } from '../columns/schema.js';
import { NODE, NODE_BYTES } from './json-layout.js';
import type { Workspace } from './workspace.js';

interface Node {
  readonly key: string;
  readonly children: Map<string, Node>;
  readonly columns: number[];
}

/** The keys that lead to a field: its own name, dots and all, unless it has a path. */
export function pathOf(field: Field): readonly string[] {
  return field.path === undefined ? [field.name] : field.path.split('.');
}

/**
 * Writes the projected paths as a tree of JsonNodes, its root first. `link(column, next)` is told each column's
 * neighbour at the same path: 1 + its index, or 0.
 */
export function writePathTree(
  ws: Workspace,
  fields: readonly Field[],
  link: (column: number, next: number) => void,
): { at: Address; bytes: number } {
  const root = node('');
  let nodes = 1;
  fields.forEach((field, column) => {
    let at = root;
    for (const key of pathOf(field)) {
      let child = at.children.get(key);
      if (child === undefined) {
        at.children.set(key, (child = node(key)));
        nodes++;
      }
      at = child;
    }
    at.columns.push(column);
  });
  const encoder = new TextEncoder();
  const keyBytes = fields.reduce((sum, field) => sum + encoder.encode(pathOf(field).join('.')).length, 0);
  const bytes = nodes * NODE_BYTES + keyBytes;
  const start = ws.blocks.alloc(bytes);
  const { u8, u32 } = ws.memory;
  let nextNode = start;
  let nextKey = start + nodes * NODE_BYTES;
  const write = (from: Node): Address => {
    const at = nextNode;
    nextNode += NODE_BYTES;
    const key = encoder.encode(from.key);
    u8.set(key, nextKey);
    u32.set([0, 0, nextKey, key.length, (from.columns[0] ?? -1) + 1], at / 4);
    nextKey += key.length;
    from.columns.forEach((column, i) => {
      link(column, (from.columns[i + 1] ?? -1) + 1);
    });
    let before = -1;
    for (const child of from.children.values()) {
      const written = write(child);
      u32[before < 0 ? at / 4 + NODE.child : before / 4 + NODE.sibling] = written;
      before = written;
    }
    return at;
  };
  write(root);
  return { at: start, bytes };
}

function node(key: string): Node {
  return { key, children: new Map(), columns: [] };
}
