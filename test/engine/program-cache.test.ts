/** Programs that are kept on disk give what the compiled ones give, and nothing depends on them. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import type { Backend } from '../../src/engine/backends/backend';
import { createThreadedOnnxRuntime } from '../../src/engine/backends/threaded';
import { createInspector } from '../../src/engine/inspect/inspector';
import { openModel } from '../../src/engine/open/open-model';
import { defaultSelection } from '../../src/protocol/questions';
import type { Strip } from '../../src/protocol/inspect';
import { temporaryFolder } from '../unit/support/temporary';

const script = path.resolve('dist', 'onnx-thread.js');

describe('the cache of programs', () => {
  const top = temporaryFolder();
  let folder = '';
  beforeEach(() => {
    folder = path.join(mkdtempSync(path.join(top, 'case-')), 'programs');
  });
  /** A copy of a sample, as if it had been there for long. */
  function sample(name: string): string {
    const file = path.join(top, `${name}.flow.safetensors`);
    cpSync(path.resolve('media', 'samples', path.basename(file)), file);
    utimesSync(file, new Date(0), new Date(0));
    return file;
  }
  const files = (): string[] => readdirSync(folder).map((name) => path.join(folder, name));

  /** The strip of a sample, by an engine that starts for it, and how many programs it compiled. */
  async function stripOf(
    name: string,
    build = 'a',
    file = sample(name),
  ): Promise<{ strip: Strip; compiled: number }> {
    const backend = await createThreadedOnnxRuntime(script, {
      threads: 1,
      reason: 'test',
      cache: { folder, build },
    });
    let compiled = 0;
    const counting: Backend = {
      ...backend,
      compile: (...args) => {
        compiled++;
        return backend.compile(...args);
      },
    };
    const model = await openModel(file, counting);
    const inspector = createInspector('1', model);
    const { signal } = new AbortController();
    try {
      const strip = await inspector.ask(
        'strip',
        defaultSelection({ ...(await model.summary()), id: '1' }),
        signal,
      );
      return { strip, compiled };
    } finally {
      inspector.dispose();
      await model.dispose();
      await backend.dispose();
    }
  }

  for (const name of ['digits', 'moons']) {
    it(`gives the same strip of ${name}, to the last bit, without compiling`, async () => {
      const first = await stripOf(name);
      const second = await stripOf(name);
      assert.ok(first.compiled > 0);
      assert.equal(second.compiled, 0);
      assert.deepEqual(second.strip, first.strip);
    });
  }

  it('compiles again what another build kept, and what was damaged', async () => {
    const { strip, compiled } = await stripOf('moons');
    assert.equal((await stripOf('moons', 'b')).compiled, compiled);
    for (const file of files()) truncateSync(file, statSync(file).size - 1000);
    const cut = await stripOf('moons');
    assert.deepEqual([cut.compiled, cut.strip], [compiled, strip]);
    for (const file of files()) writeFileSync(file, Buffer.alloc(readFileSync(file).length));
    assert.deepEqual((await stripOf('moons')).strip, strip);
  });

  it('keeps nothing of a file that was just written, as by a training', async () => {
    const file = sample('moons');
    utimesSync(file, new Date(), new Date());
    assert.ok((await stripOf('moons', 'a', file)).compiled > 0);
    assert.ok(!existsSync(folder));
  });

  it('answers where nothing can be kept', async () => {
    writeFileSync(folder, 'a file where the folder should be');
    assert.ok((await stripOf('moons')).compiled > 0);
  });

  it('takes a bounded part of the disk, of what was used last', async () => {
    await stripOf('moons');
    const [program] = files() as [string];
    const old = path.join(folder, `${'0'.repeat(64)}.program`);
    writeFileSync(old, '');
    truncateSync(old, 64 << 20);
    utimesSync(old, new Date(0), new Date(0));
    await stripOf('digits');
    const left = files();
    assert.ok(!left.includes(old));
    assert.ok(left.includes(program));
    assert.ok(left.every((file) => !file.endsWith('.tmp')));
  });
});
