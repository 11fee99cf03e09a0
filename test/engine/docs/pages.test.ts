/** What the docs tell a reader to run is run, page by page, in an empty folder and in the order of the page. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';
import { blocksOf, commandOf, pages } from '../../unit/support/docs-blocks';
import { put, temporaryFolder } from '../../unit/support/temporary';

const program = path.resolve('dist', 'cli.js');

function run(words: string[], cwd: string): Promise<{ code: number | null; output: string }> {
  const [name, ...args] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, name === 'node' ? args : [program, ...args], { cwd });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** Runs the page and resolves to what each command printed. */
async function walk(page: string, folder: string): Promise<Map<string, string>> {
  const printed = new Map<string, string>();
  for (const { line, words, text } of blocksOf(page)) {
    const name = words.find((word) => word.startsWith('file='))?.slice('file='.length);
    if (name) put(folder, name, text);
    if (!words.includes('run')) continue;
    for (const command of text.trim().split('\n')) {
      const parsed = commandOf(command);
      assert.ok(parsed, `${page}:${line}: not a command that can be run here: ${command}`);
      const { code, output } = await run(parsed, folder);
      const fails = words.includes('fails');
      assert.ok(
        fails ? code === 1 || code === 4 : code === 0,
        `${page}:${line}: ${command}\nended with ${code}: ${output}`,
      );
      printed.set(command, output);
    }
  }
  return printed;
}

const marked = pages.filter((page) => blocksOf(page).some(({ words }) => words.includes('run')));

// Most of a command is starting up, so that two at once take little longer than one.
describe('the docs', { concurrency: 2 }, () => {
  it('have pages with commands', () => {
    for (const page of ['start.md', 'inspect.md', 'train.md', 'file-formats.md', 'troubleshooting.md'])
      assert.ok(marked.includes(page), page);
  });

  for (const page of marked) {
    const folder = temporaryFolder();
    it(`${page} runs as it is written`, async () => {
      const printed = await walk(page, folder);
      if (page === 'troubleshooting.md') {
        const [, wrong] = [...printed].find(([command]) => command.includes('runs/wrong'))!;
        assert.match(wrong, /NaN|Inf|finite/);
      }
      if (page === 'file-formats.md') checkWritten([...printed]);
    });
  }
});

/** The program of the page writes a flow whose density is known. */
function checkWritten(printed: [string, string][]): void {
  const [, score] = printed.find(([command]) => command.startsWith('flowscope score'))!;
  const { nats } = JSON.parse(score.slice(score.indexOf('{'))) as { nats: number[] };
  const expected = [
    [1, 2],
    [-0.5, 0.25],
  ].map(([x1, x2]) => {
    const s = 0.5 * Math.tanh(0.3);
    const z2 = x2! * Math.exp(s) + 0.1 - 0.5 * x1!;
    return Math.log(2 * Math.PI) + (x1! ** 2 + z2 ** 2) / 2 - s;
  });
  assert.equal(nats.length, 2);
  // The flow computes in float32.
  nats.forEach((value, at) =>
    assert.ok(Math.abs(value - expected[at]!) < 1e-5, `${value}, not ${expected[at]}`),
  );
}
