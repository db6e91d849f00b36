// @ts-check
/** Lets Node 20 import TypeScript as it lies there, for `register` of `node:module`. Types are not checked. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** As tsconfig.json has it. */
const compilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  useDefineForClassFields: false,
  inlineSourceMap: true,
};

/** What is imported of src is what was built of it. */
const source = new URL('../src/', import.meta.url).href;
const built = new URL('../dist/', import.meta.url).href;

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  if (!context.parentURL?.endsWith('.ts') || !specifier.startsWith('.')) return next(specifier, context);
  const url = new URL(specifier, context.parentURL).href;
  return next(url.startsWith(source) ? url.replace(source, built) : url.replace(/\.js$/, '.ts'), context);
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const fileName = fileURLToPath(url);
  const { outputText } = ts.transpileModule(await readFile(fileName, 'utf8'), { compilerOptions, fileName });
  return { format: 'module', source: outputText, shortCircuit: true };
}
