import { XMLParser } from 'fast-xml-parser';

/** Characters: a callback with a long record of opinions has some ten thousand. */
const longest = 256 * 1024;

/**
 * Nothing is expanded: no entity of a document type, none that is predefined. What is read here are ids and numbers, and
 * WeCom puts texts into CDATA. Numbers stay texts, since approval numbers are longer than numbers are exact.
 */
const parser = new XMLParser({
  processEntities: false,
  parseTagValue: false,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: 16,
});

/** WeCom's documents begin with this element, at most behind a declaration; a document type has no place there. */
const beginning = /^\uFEFF?\s*(?:<\?xml[^>]{0,200}\?>\s*)?<xml>/;

/** An element: by the names of its children; a repeated one is a list. */
export interface XmlElement {
  readonly [name: string]: unknown;
}

/**
 * Reads what is inside the `<xml>` of WeCom's callbacks. Never throws, whatever comes.
 * @returns null for what is no such document: malformed, too long, too deep, or with a document type
 */
export function readXml(text: string): XmlElement | null {
  if (text.length > longest || !beginning.test(text)) return null;
  try {
    const { xml } = parser.parse(text, true) as { xml?: unknown };
    return elementOf(xml);
  } catch {
    // Its messages repeat the whole document.
    return null;
  }
}

/** A child that is an element; null where it is a text, a list, or missing. */
export const childOf = (element: XmlElement, name: string): XmlElement | null => elementOf(own(element, name));

/** The text of a child; null where it is empty, an element, a list, or missing. */
export function textOf(element: XmlElement, name: string): string | null {
  const value = own(element, name);
  return typeof value === 'string' && value !== '' ? value : null;
}

const elementOf = (value: unknown): XmlElement | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as XmlElement) : null;

const own = (element: XmlElement, name: string): unknown =>
  Object.hasOwn(element, name) ? element[name] : undefined;
