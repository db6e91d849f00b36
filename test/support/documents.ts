import { readFileSync } from 'node:fs';

/**
 * A block of code of a document, so that what people copy is what is tested.
 * @param language as it stands behind the three backticks
 * @param mark a text that only this block of the language holds
 * @throws Error when there is no such block, or more than one
 */
export function codeBlock(document: string, language: string, mark: string): string {
  const text = readFileSync(new URL(`../../docs/${document}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, kind, code = '']) =>
    kind === language && code.includes(mark) ? [code] : [],
  );
  if (blocks.length !== 1) throw new Error(`${blocks.length} blocks of ${document} hold ${mark}`);
  return blocks[0] ?? '';
}

/** A text with others in the places of parts of it. @throws Error for a part that is not there */
export function filledIn(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((filled, [part, value]) => {
    if (!filled.includes(part)) throw new Error(`the text does not hold ${part}`);
    return filled.replaceAll(part, value);
  }, text);
}
