/** export --format torch of a conditional flow, by the command line. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { stream } from '../../../src/data/random';
import { temporaryFolder } from '../../unit/support/temporary';
import { here } from './flowscope';

const { flowscope, json } = here;

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);

describe('a conditional flow as a PyTorch module', () => {
  before(async () => {
    process.env.FLOWSCOPE_BACKEND = 'onnxruntime';
    const draw = stream(5, 'export-torch').normal(3 * 300);
    const cities = ['Oslo', 'R"""o\\me', 'Bonn'];
    const rows = Array.from({ length: 300 }, (_, i) => {
      const [a, b, mass] = [...draw.subarray(3 * i, 3 * i + 3)];
      return [a, b, mass, `"${cities[i % 3]!.replaceAll('"', '""')}"`].join();
    });
    writeFileSync(at('table.csv'), `a,b,mass,city\n${rows.join('\n')}\n`);
    const common = ['--data', at('table.csv'), '--max-steps', '5', '--seed', '1', '--label-column', 'city'];
    await json('train', ...common, '--condition-labels', '--exclude', 'mass', '--output', at('city'));
    await json('train', ...common, '--condition-labels', '--condition', 'mass', '--output', at('both'));
    await json('train', '--data', 'moons', '--max-steps', '5', '--output', at('plain'));
  });

  const exported = async (run: string): Promise<{ said: string; code: string }> => {
    const { code, stdout, stderr } = await flowscope(
      ...['export', at(run), '--format', 'torch', '--output', at(`${run}-torch`)],
    );
    assert.equal(code, 0, stderr);
    return { said: stdout, code: readFileSync(at(path.join(`${run}-torch`, 'flow.py')), 'utf8') };
  };

  test('says what the context is: classes by their names, in order', async () => {
    const { said, code } = await exported('city');
    assert.ok(
      code.includes('\nA conditional flow: context [N, 3]: one-hot of city: Bonn, Oslo, R\\"\\"\\"o\\\\me\n'),
    );
    assert.ok(code.includes('"""x [N, 2], context [N, 3] → ln p(x | context) [N], nats"""'));
    assert.ok(code.includes('"""New x [N, 2], one for each row of context [N, 3]"""'));
    const example =
      'flow = Flow.load(); x = flow.sample(context)\ncontext [N, 3]: one-hot of city: Bonn, Oslo, R"""o\\me\n';
    assert.ok(said.endsWith(example), said);
  });

  test('numbers by their names, before the classes', async () => {
    const { said, code } = await exported('both');
    for (const text of [said, code])
      assert.match(text, /context \[N, 4\]: mass; one-hot of city: Bonn, Oslo, R/);
  });

  test('no word of a context where there is none', async () => {
    const { said, code } = await exported('plain');
    assert.match(said, /flow = Flow\.load\(\)\n$/);
    assert.doesNotMatch(code, /context/i);
  });

  test('the module knows the checksum of its weights', async () => {
    const { code } = await exported('plain');
    const weights = readFileSync(at(path.join('plain-torch', 'weights.safetensors')));
    const checksum = createHash('sha256').update(weights).digest('hex');
    assert.ok(code.includes(`\nWEIGHTS: str | None = "${checksum}"\n`));
  });
});
