/**
 * Loads and runs a suite inside the extension host. The scripts name the folder of bundled tests and the file for the report
 * in the environment. The report grows with every test: what counts is what it holds, however the host ends.
 */
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import { patience } from '../inspector/until';
import { isLeftOut } from '../tried';

export async function run(): Promise<void> {
  const folder = required('FLOWSCOPE_TEST_FILES');
  const report = required('FLOWSCOPE_TEST_REPORT');
  const mocha = new Mocha({
    ui: 'bdd',
    color: false,
    timeout: 60_000,
    forbidOnly: true,
    reporter: 'spec',
    retries: Number(process.env['FLOWSCOPE_TEST_RETRIES'] ?? 0),
  });
  const only = process.env['FLOWSCOPE_TEST_GREP'];
  if (only) mocha.grep(only);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (name.endsWith('.test.js')) mocha.addFile(path.join(folder, name));
  }
  // Mocha would load the files only as it starts, too late to leave tests out.
  (mocha as unknown as { loadFiles(): void }).loadFiles();
  mocha.files = [];
  eachSuite(mocha.suite, (suite) => {
    suite.tests = suite.tests.filter((test) => !isLeftOut(test.titlePath().join(' > ')));
  });
  writeFileSync(report, '');
  const tell = (event: string, test: string, message?: string): void =>
    appendFileSync(report, `${JSON.stringify({ event, test, message })}\n`);
  const failed = await new Promise<number>((resolve) => {
    const runner = mocha.run((count) => {
      tell('end', '');
      resolve(count);
    });
    runner.once('start', () => {
      eachSuite(mocha.suite, (suite) => {
        for (const test of suite.tests) {
          if (!only || test.fullTitle().includes(only)) tell('planned', test.fullTitle());
        }
        // Limits are written for a machine of usual pace.
        for (const each of [...suite.tests, ...hooksOf(suite)]) each.timeout(patience(each.timeout()));
      });
    });
    runner.on('test', (test) => tell('start', test.fullTitle()));
    runner.on('pass', (test) => tell('pass', test.fullTitle()));
    runner.on('pending', (test) => tell('skip', test.fullTitle()));
    runner.on('fail', (test, error: Error) => tell('fail', test.fullTitle(), error.message));
    runner.on('retry', (test: Mocha.Test, error: Error) => {
      tell('retry', test.fullTitle(), error.message);
      console.log(`      tried again: ${error.stack ?? error.message}`);
    });
  });
  if (failed > 0) throw new Error(`${failed} tests failed`);
}

function eachSuite(suite: Mocha.Suite, visit: (suite: Mocha.Suite) => void): void {
  visit(suite);
  for (const inner of suite.suites) eachSuite(inner, visit);
}

/** Mocha has no public list of them. */
function hooksOf(suite: Mocha.Suite): Mocha.Hook[] {
  const lists = suite as unknown as Record<string, Mocha.Hook[]>;
  return ['_beforeAll', '_beforeEach', '_afterEach', '_afterAll'].flatMap((name) => lists[name] ?? []);
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the tests with npm test`);
  return value;
}
