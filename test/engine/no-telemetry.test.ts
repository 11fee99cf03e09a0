/** ONNX Runtime would leave an identifier and a database in the user's cache folder, and send what is in it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EngineProcess } from '../../src/extension/engine/engine-process';
import { temporaryFolder } from '../unit/support/temporary';
import { start } from './cli/flowscope';
import { moonsModel, smallModel } from './inspect/model';

/** What tells it to keep quiet, as far as it may come from the shell that runs the tests. */
const loud = { ORT_DISABLE_TELEMETRY: '', CI: '', GITHUB_ACTIONS: '', FLOWSCOPE_BACKEND: 'onnxruntime' };

function home(): { env: Record<string, string>; files(): string[] } {
  const folder = temporaryFolder();
  const env = { ...loud, HOME: folder, USERPROFILE: folder, XDG_CACHE_HOME: path.join(folder, '.cache') };
  const files = (): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /onnxruntime|deviceid/.test(name),
    );
  return { env, files };
}

const session = `
const { InferenceSession } = require(process.argv[1]);
InferenceSession.create(process.argv[2]).then(() => setTimeout(() => process.exit(), 1000));
`;

test('neither the command line nor an engine lets it', { timeout: 120_000 }, async (t) => {
  const moons = await smallModel(moonsModel, 'moons');
  const terminal = home();
  const { code, stderr } = await start(['sample', moons.file, '--count', '4', '--output', 'four.csv'], {
    cwd: temporaryFolder(),
    env: terminal.env,
  }).ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(terminal.files(), []);

  const editor = home();
  const engine = new EngineProcess({
    script: path.resolve('dist', 'cli.js'),
    env: { ...editor.env, FLOWSCOPE_THREADS: '2' },
    name: 'quiet',
    events: {},
    log: () => undefined,
  });
  const { id } = await engine.api.open(moons.file);
  // The file that it writes is run once, to compare it with the model.
  await engine.api.exportOnnx(id, path.join(temporaryFolder(), 'moons.onnx'), 'a');
  await engine.stop();
  assert.deepEqual(editor.files(), []);
  await moons.dispose();

  // What it does by itself, so that this test is known to see it.
  const alone = home();
  const model = path.resolve('test', 'fixtures', 'onnx');
  const file = readdirSync(model, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('.onnx'),
  )!;
  spawnSync(
    process.execPath,
    ['-e', session, path.resolve('node_modules', 'onnxruntime-node'), path.join(model, file)],
    { env: { ...process.env, ...alone.env } },
  );
  t.diagnostic(`left alone it leaves ${alone.files().length} files`);
  if (process.platform === 'linux') assert.notEqual(alone.files().length, 0);
});
