/**
 * Loads and runs a suite inside the extension host. The scripts name the folder of bundled tests and the file for the report
 * in the environment; the report is what counts, since an extension host that dies still looks like success from outside.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

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
  const failed = await new Promise<number>((resolve) => {
    const failures: string[] = [];
    const again: string[] = [];
    const runner = mocha.run((count) => {
      const { passes, pending } = runner.stats ?? { passes: 0, pending: 0 };
      writeFileSync(
        report,
        JSON.stringify({ passed: passes, failed: count, skipped: pending, failures, again }),
      );
      resolve(count);
    });
    const said = (test: Mocha.Test, error: Error): string => `${test.fullTitle()}: ${error.message}`;
    runner.on('fail', (test, error: Error) => failures.push(said(test, error)));
    runner.on('retry', (test: Mocha.Test, error: Error) => {
      again.push(said(test, error));
      console.log(`      tried again: ${error.stack ?? error.message}`);
    });
  });
  if (failed > 0) throw new Error(`${failed} tests failed`);
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the tests with npm test`);
  return value;
}
