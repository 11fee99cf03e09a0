// The first minutes of a user, by the clock: the package in a fresh profile and an empty folder, from the walkthrough to an exported
// flow of one's own. Every wait is measured; pictures of each step go to artifacts/.
//   npm run bench:minutes
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packageExtension } from '../../scripts/package.mjs';
import { runExtensionSuite } from '../../scripts/extension-tests.mjs';
import { main, Stop } from '../../scripts/run.mjs';
import { root, table } from '../quality/support.mjs';

main(async () => {
  const { file: vsix } = await packageExtension();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-minutes-'));
  try {
    const results = path.join(folder, 'minutes.json');
    process.env.FLOWSCOPE_BENCH = JSON.stringify({ results });
    const sources = [path.join('bench', 'ui', 'first-minutes.test.ts')];
    const { failed } = await runExtensionSuite('first-minutes', {
      vsix,
      sources,
      base: path.join('bench', 'ui'),
    });
    if (failed > 0) throw new Stop('The walk did not come to its end; see above.');
    const rows = JSON.parse(fs.readFileSync(results, 'utf8'));
    const text = table([
      ['a user', 'waits, s', 'clock, s'],
      ...rows.map(({ does, waits, clock }) => [does, waits.toFixed(1), clock.toFixed(0)]),
    ]);
    console.log(`\n${text}`);
    fs.writeFileSync(path.join(root, 'bench', 'ui', 'results', 'first-minutes.md'), `${text}\n`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
