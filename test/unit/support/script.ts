import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Loads a module of scripts/ as it is: bundled into a test it would not find the checkout. */
export function script<T>(name: string): Promise<T> {
  return import(pathToFileURL(path.resolve('scripts', name)).href) as Promise<T>;
}
