/** node:test without the tests that only `npm test -- --full` runs (test/lengths.json). Bundled tests get it as 'node:test'. */
import * as real from 'node:test';
import { isLeftOut } from './tried';

export const { after, afterEach, before, beforeEach, mock } = real;

type Define = (name: string, ...rest: unknown[]) => unknown;

/** Names of the suites around the test that is being defined. */
const suites: string[] = [];

const unlessLeftOut =
  (define: Define): Define =>
  (name, ...rest) =>
    isLeftOut([...suites, name].join(' > ')) ? undefined : define(name, ...rest);

export const it = unlessLeftOut(real.it as Define);
export const test = unlessLeftOut(real.test as Define);

export const describe = unlessLeftOut((name, ...rest) => {
  const body = rest.pop() as () => unknown;
  const named = (): unknown => {
    suites.push(name);
    try {
      return body();
    } finally {
      suites.pop();
    }
  };
  return (real.describe as Define)(name, ...rest, named);
});
