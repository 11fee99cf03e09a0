// Stands for a program that publishes, where scripts/run-workflow.mjs runs the steps of a release: shows the command, and fails
// for a file that is not there.
import fs from 'node:fs';

const given = process.argv.slice(2);
const files = given.filter((argument) => /^(\.\/)?artifacts\//.test(argument));
const missing = files.filter((file) => !fs.existsSync(file));
console.log(`would run: ${given.join(' ')}`);
if (files.length === 0 || missing.length > 0) {
  console.error(files.length === 0 ? 'It names no file.' : `There is no ${missing.join(', ')}.`);
  process.exitCode = 1;
}
