import { SaxesParser } from 'saxes';

/** Characters: a callback with a long record of opinions has some ten thousand. */
const longest = 256 * 1024;
/** WeCom's documents have six levels. */
const deepest = 16;

/** An element that holds elements: by their names; of those with the same name, a list. */
export interface XmlElement {
  readonly [name: string]: unknown;
}

/** An element that is being read. */
interface Open {
  readonly name: string;
  text: string;
  readonly children: Map<string, unknown[]>;
}

/**
 * Reads what is inside the `<xml>` of WeCom's callbacks. Strictly: a document type is refused, and with it every entity but
 * the five that XML has. Numbers stay texts, since approval numbers are longer than numbers are exact. Never throws,
 * whatever comes.
 * @returns null for what is no such document: malformed, too long, too deep, or with a document type
 */
export function readXml(text: string): XmlElement | null {
  if (text.length > longest) return null;
  const path: Open[] = [{ name: '', text: '', children: new Map() }];
  const parser = new SaxesParser();
  parser.on('doctype', () => parser.fail('a document type'));
  parser.on('opentag', ({ name }) => {
    if (path.length > deepest) parser.fail('too deep');
    path.push({ name, text: '', children: new Map() });
  });
  const add = (more: string): void => {
    const open = path.at(-1);
    if (open) open.text += more;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', () => {
    const closed = path.pop();
    if (closed) into(path.at(-1), closed);
  });
  try {
    // What `fail` reports is thrown: nothing is read on.
    parser.write(text).close();
  } catch {
    return null;
  }
  const root = path[0]?.children.get('xml')?.[0];
  return elementOf(root);
}

/** A child that is an element; null where it is a text, a list, or missing. */
export const childOf = (element: XmlElement, name: string): XmlElement | null =>
  elementOf(own(element, name));

/** The text of a child; null where it is empty, an element, a list, or missing. */
export function textOf(element: XmlElement, name: string): string | null {
  const value = own(element, name);
  return typeof value === 'string' && value !== '' ? value : null;
}

function into(parent: Open | undefined, { name, text, children }: Open): void {
  const value =
    children.size === 0
      ? text.trim()
      : Object.fromEntries([...children].map(([child, all]) => [child, all.length === 1 ? all[0] : all]));
  const siblings = parent?.children.get(name);
  if (siblings) siblings.push(value);
  else parent?.children.set(name, [value]);
}

const elementOf = (value: unknown): XmlElement | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as XmlElement) : null;

const own = (element: XmlElement, name: string): unknown =>
  Object.hasOwn(element, name) ? element[name] : undefined;
