import { styleText } from 'node:util';

// A reader that has seen enough (`npm run demo | head`) does not stop the demo.
process.stdout.on('error', () => undefined);

export const print = (text: string): boolean => process.stdout.write(`${text}\n`);

/** Fills up to a width on the screen, where a Chinese character is as wide as two others. */
export function pad(text: string, width: number): string {
  const wide = text.match(/[\u2e80-\ua4cf\uf900-\ufaff\uff00-\uff60]/g)?.length ?? 0;
  return text + ' '.repeat(Math.max(0, width - text.length - wide));
}

const coloured = process.stdout.isTTY && !process.env['NO_COLOR'];
const style = (format: 'bold' | 'green' | 'red') => (text: string) =>
  coloured ? styleText(format, text) : text;

export const bold = style('bold');
export const green = style('green');
export const red = style('red');
