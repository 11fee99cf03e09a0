/** What is said of files of tensors, whose flow is not known. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { commands } from '../../../src/cli/commands/all';
import { run } from '../../../src/cli/run';
import { rawSafetensors } from '../support/raw-safetensors';
import { put, temporaryFolder } from '../support/temporary';
import { memoryTerminal, noSignals } from './memory-terminal';

const fixture = (name: string) => path.resolve('test', 'fixtures', 'torch', name);

async function info(name: string, ...options: string[]) {
  const terminal = memoryTerminal();
  const args = ['info', fixture(name), ...options];
  const code = await run(args, { commands, version: '9.9.9', terminal, stopping: noSignals() });
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

test('tensors with their statistics', async () => {
  const { code, stdout } = await info('types.pt');
  assert.equal(code, 0);
  assert.match(stdout, /^Format +torch, 5\.1 KB$/m);
  assert.match(stdout, /^Parameters +74 in 14 tensors$/m);
  // The values are in make.py: their mean is (0 − 0 + 1 − 2.5 + 6e-8 − 3e-6 + 65504) / 7, worked out by hand.
  assert.match(stdout, /^f16 +F16 +10 +-2\.5 +9357 +65500 +22920 +1 NaN, 2 infinite$/m);
  assert.match(stdout, /^i8 +I8 +4 +-128 +-0\.5 +127 +90\.16$/m);
  assert.match(stdout, /^bool +BOOL +2×2 +0 +0\.5 +1 +0\.5$/m);
  assert.match(stdout, /^empty +F32 +0×3$/m);
});

test('the same for a program', async () => {
  const { stdout } = await info('types.pt', '--json');
  const { format, tensors } = JSON.parse(stdout) as {
    format: string;
    tensors: { name: string; stats: unknown }[];
  };
  assert.equal(format, 'torch');
  assert.deepEqual(
    tensors.find(({ name }) => name === 'u8'),
    {
      name: 'u8',
      dtype: 'U8',
      shape: [3],
      stats: {
        count: 3,
        min: 0,
        max: 255,
        mean: 256 / 3,
        std: Math.sqrt((1 + 255 ** 2) / 3 - (256 / 3) ** 2),
        nan: 0,
        inf: 0,
      },
    },
  );
});

test('a type that is not read, what was left out, what stands beside', async () => {
  assert.match((await info('complex.pt')).stdout, /^complex +C64 +2 +not read$/m);
  const { stdout } = await info('training.pt');
  assert.match(stdout, /Not shown: "ema" \(9 tensors\), "best_loss"\./);
  assert.match(stdout, /^Beside +epoch 12, steps 1099511627776, .* more$/m);
});

test('names that hold sequences for terminals are spelled out, and cut', async () => {
  const escape = '\u001b]52;c;Li4u\u0007\u009b2J\r\u202e';
  const long = 'x'.repeat(1000);
  const file = put(
    temporaryFolder(),
    'names.safetensors',
    rawSafetensors({ [escape]: [1], [long]: [1], b: [1] }),
  );
  for (const options of [[], ['--json']]) {
    const { code, stdout, stderr } = await info(file, ...options);
    assert.deepEqual([code, stderr], [0, '']);
    // eslint-disable-next-line no-control-regex -- they are what it is about
    assert.doesNotMatch(stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    if (options.length > 0) {
      const { tensors } = JSON.parse(stdout) as { tensors: { name: string }[] };
      assert.deepEqual(new Set(tensors.map(({ name }) => name)), new Set([escape, long, 'b']));
    } else {
      assert.match(stdout, /^\\u001b\]52;c;Li4u\\u0007\\u009b2J \\u202e +F32/m);
      assert.match(stdout, /^x{200}… +F32/m);
      assert.ok(stdout.length < 5000, `${stdout.length} characters`);
    }
  }
});

test('a file that is refused ends with one line and code 1', async () => {
  const { code, stdout, stderr } = await info('module.pt');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^flowscope: .*module\.pt: contains a whole Python object, mynet\.Net, .*\n$/);
});
