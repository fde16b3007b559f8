// Loaded before a test with `node --import`: changes one place of one compiled file as it is read, as MILLRACE_FAULT says.
import { register } from 'node:module';

const hooks = `
const { file, find, replace } = JSON.parse(process.env.MILLRACE_FAULT);
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith(file)) return loaded;
  const source = String(loaded.source);
  if (source.split(find).length !== 2) throw new Error(file + ' has ' + (source.split(find).length - 1) + ' places ' + find);
  return { ...loaded, source: source.replace(find, () => replace) };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
