/**
 * Pickles that would run code where Python loads them, in every container that we open: each ends in a refusal that names
 * what they ask for, whatever the file claims to be, and nothing of it is run.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync, zipSync, strToU8, unzipSync } from 'fflate';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { openTensorFile } from '../../../src/checkpoint/tensor-file';
import { encodeNpy } from '../../../src/data/npy';
import { readNpz } from '../support/npz';
import * as op from '../support/pickle';
import { put, temporaryFolder } from '../support/temporary';
import { processorTime } from '../support/processor-time';

const folder = temporaryFolder();
const wild = (...parts: string[]): string => path.resolve('test', 'fixtures', 'wild', ...parts);
/** What the code in the pickles would write. */
const trace = path.join(folder, 'was-run');

type Part = op.Part;
const { dict, object } = op;
const command = `touch ${trace}`;
const called = (module: string, name: string, ...argument: Part[]): Part[] => [
  op.global(module, name),
  ...argument,
  op.tuple1,
  op.reduce,
];
const opcode = (code: number): Uint8Array => Uint8Array.of(code);

/** One value each, and what the refusal has to name. */
const values: Readonly<Record<string, readonly [value: Part[], named: RegExp]>> = {
  'os.system': [called('os', 'system', op.text(command)), /os\.system/],
  'posix.system by name from the stack': [
    [op.text('posix'), op.text('system'), op.stackGlobal, op.text(command), op.tuple1, op.reduce],
    /posix\.system/,
  ],
  'an INST of subprocess.Popen': [
    [op.mark, op.text(command), 'isubprocess\nPopen\n'],
    /subprocess\.Popen|opcode/,
  ],
  'an OBJ of subprocess.Popen': [
    [op.mark, op.global('subprocess', 'Popen'), op.text(command), opcode(0x6f)],
    /subprocess\.Popen|opcode/,
  ],
  'builtins.eval': [
    called('builtins', 'eval', op.text(`open(${JSON.stringify(trace)}, "w")`)),
    /builtins\.eval/,
  ],
  'builtins.getattr, which leads to any other': [
    [op.global('builtins', 'getattr'), op.global('os', 'path'), op.text('os'), op.tuple2, op.reduce],
    /builtins\.getattr|os\.path/,
  ],
  'a method of an object, called': [
    [
      ...[
        op.global('builtins', 'getattr'),
        ...object('sbi.samplers', 'Ode', op.emptyDict),
        op.text('run'),
        op.tuple2,
        op.reduce,
      ],
      ...[op.text(command), op.tuple1, op.reduce],
    ],
    /asks for sbi\.samplers\.Ode\.run, which no state dict needs\. It is not read/,
  ],
  'an object of an unknown class': [
    [op.global('runpy', '_ModifiedArgv0'), op.emptyTuple, op.newObject, op.emptyDict, op.build],
    /runpy/,
  ],
  'a nested pickle': [
    called(
      'torch.storage',
      '_load_from_bytes',
      op.bytes(op.pickle(...called('os', 'system', op.text(command)))),
    ),
    // In the containers of torch itself, storages are entries of their own.
    /os\.system|torch\.storage\._load_from_bytes/,
  ],
  'numpy.load of a pickle': [called('numpy', 'load', op.text(trace)), /numpy\.load/],
  'torch.load, which unpickles anything': [
    called('torch.serialization', 'load', op.text(trace)),
    /torch\.serialization\.load/,
  ],
  'a function of a library that is known': [
    called('sbi.utils.sbiutils', 'check_if_prior_changed', op.text(command)),
    /sbi\.utils\.sbiutils\.check_if_prior_changed/,
  ],
};

const zipped = (value: Part[], entry = 'archive/data.pkl'): Uint8Array =>
  zipSync({ [entry]: op.pickle(...value), 'archive/version': strToU8('3\n') }, { level: 0 });
const legacy = (value: Part[]): Uint8Array =>
  Buffer.concat([
    op.pickle(Uint8Array.of(0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19)),
    op.pickle(op.number(1001)),
    op.pickle(...dict(['little_endian', op.number(1)])),
    op.pickle(...value),
    op.pickle(op.emptyList),
  ]);

/** What pretends to be what, with the value in it. */
const disguises: Readonly<Record<string, readonly [file: string, of: (value: Part[]) => Uint8Array]>> = {
  'a state dict of torch.save': ['model.pt', (value) => zipped(dict(['layer.weight', ...value]))],
  'what torch.save saved, itself': ['model.pth', (value) => zipped(value)],
  'a Lightning checkpoint': [
    'last.ckpt',
    (value) => zipped(dict(['state_dict', op.emptyDict], ['hyper_parameters', ...dict(['lr', ...value])])),
  ],
  'torch.save before 1.6': ['old.pth', legacy],
  'a plain pickle': ['params.pkl', (value) => op.pickle(...value)],
  'a pickle of arrays': ['arrays.pkl', (value) => op.pickle(...dict(['params', ...dict(['w', ...value])]))],
  'a posterior of sbi': [
    'posterior.pkl',
    (value) =>
      op.pickle(
        ...object(
          'sbi.inference.posteriors.direct_posterior',
          'DirectPosterior',
          ...dict(['posterior_estimator', ...value]),
        ),
      ),
  ],
  'a whole module of nflows': [
    'flow.pt',
    (value) =>
      zipped(object('nflows.flows.base', 'Flow', ...dict(['_modules', ...dict(['_transform', ...value])]))),
  ],
  'the model.pt of nessai': [
    'model.pt',
    (value) =>
      zipped([
        op.global('collections', 'OrderedDict'),
        op.emptyTuple,
        op.reduce,
        op.text('_transform._transforms.0._permutation'),
        ...value,
        op.setItem,
      ]),
  ],
  'a Flow of pzflow': [
    'flow.pzflow.pkl',
    (value) => op.pickle(...object('pzflow.flow', 'Flow', ...dict(['_params', ...value]))),
  ],
  'a dictionary of pzflow': [
    'dictionary.pzflow.pkl',
    (value) =>
      op.pickle(...dict(['class', op.text('Flow')], ['params', ...value], ['data_columns', op.emptyList])),
  ],
  'weights of Keras': ['realnvp.weights.h5', (value) => op.pickle(...value)],
  'leaves of Equinox': ['flow.eqx', (value) => op.pickle(...value)],
  safetensors: ['model.safetensors', (value) => op.pickle(...value)],
};

async function refusal(file: string): Promise<string> {
  const begin = processorTime();
  let message = '';
  await assert.rejects(openTensorFile(file), (error: Error) => {
    assert.equal(error.name, 'UserError', String(error.stack));
    message = error.message;
    return true;
  });
  await assert.rejects(loadAnyCheckpoint(file), { name: 'UserError' });
  assert.ok(processorTime() - begin < 5000, 'took longer than five seconds');
  assert.ok(!existsSync(trace), 'code of the file was run');
  return message;
}

describe('pickles of ill will', () => {
  for (const [disguise, [name, of]] of Object.entries(disguises)) {
    it(`as ${disguise}`, async () => {
      for (const [what, [value, named]] of Object.entries(values)) {
        const message = await refusal(put(folder, name, of(value)));
        assert.match(message, named, what);
        assert.ok(message.includes(name), `${what}: the file is not named`);
      }
    });
  }

  /** These containers have no pickle that anything would load, so that one in them is what does not belong there. */
  const [value] = values['os.system']!;
  const pickle = op.pickle(...value);
  const keras = unzipSync(readFileSync(wild('keras-realnvp-saved', 'realnvp.keras')));
  const leaf = encodeNpy({ shape: [2], data: Float32Array.of(1, 2) });
  const objects = Buffer.concat([leaf.subarray(0, leaf.length - 8), pickle]);
  objects.write("'|O'  ", objects.indexOf("'<f4'"), 'latin1');
  for (const [what, name, bytes, message] of [
    ['a gzip file', 'model.pth', gzipSync(zipped(value)), /gzip|neither|not a/],
    ['an archive of NumPy', 'flow.npz', zipSync({ 'w.npy': objects }, { level: 0 }), /no arrays of numbers/],
    ['the weights of a .keras file', 'a.keras', zipSync({ ...keras, 'model.weights.h5': pickle }), /HDF5/],
    ['the first leaf of Equinox', 'objects.eqx', objects, /NumPy type \|O/],
    ['what follows a leaf', 'behind.eqx', Buffer.concat([leaf, pickle]), /leaf\.1/],
  ] as const) {
    it(`in ${what}`, async () => {
      assert.match(await refusal(put(folder, name, bytes)), message);
    });
  }

  it('as data: an array of objects', async () => {
    const file = put(folder, 'x.npz', zipSync({ 'x.npy': objects }, { level: 0 }));
    await assert.rejects(
      readNpz(file).then((archive) => archive.array('x')),
      { name: 'UserError', message: /\|O/ },
    );
    assert.ok(!existsSync(trace));
  });

  it('a .keras file that also has a pickle', async () => {
    // Nobody asks for it: what is read is what Keras reads.
    const file = put(folder, 'more.keras', zipSync({ ...keras, 'archive/data.pkl': pickle }, { level: 0 }));
    const opened = await openTensorFile(file);
    await opened.close();
    assert.equal(opened.container, 'keras');
    assert.ok(!existsSync(trace));
  });
});
