/** Named starting points: data, model and training that go together. */
import { paperPresets } from './paper-presets';
import type { Preset } from './preset';

const planeModel: Preset['model'] = { kind: 'vector', couplings: 8, hidden: [64, 64] };

const planeTraining: Preset['training'] = {
  steps: 8000,
  batch: 256,
  learningRate: 2e-3,
  schedule: 'cosine',
  warmupSteps: 100,
  validateEvery: 250,
  checkpointEvery: 1000,
  sampleEvery: 1000,
};

const plane = ({ name, title }: Pick<Preset, 'name' | 'title'>): Preset => ({
  name,
  title,
  about: 'Two dimensions: 8 couplings, trained in under a minute.',
  // As many points as the steps can use: with the default 20,000 the flow starts to learn them by heart.
  data: { source: name, count: 100_000, validation: 4000 },
  model: planeModel,
  training: planeTraining,
});

export const presets: readonly Preset[] = [
  {
    name: 'digits',
    title: 'Handwritten digits, 8×8',
    about: 'Bundled real data: 2 scales, about a minute of training.',
    data: { source: 'digits' },
    model: { kind: 'image', scales: 2, base: 32, blocks: 1 },
    training: {
      steps: 500,
      batch: 64,
      learningRate: 2e-3,
      schedule: 'cosine',
      warmupSteps: 20,
      validateEvery: 25,
      patience: 10,
      checkpointEvery: 100,
      sampleEvery: 100,
    },
  },
  plane({ name: 'moons', title: 'Two moons' }),
  plane({ name: 'circles', title: 'Two circles' }),
  plane({ name: 'spirals', title: 'Two spirals' }),
  plane({ name: 'pinwheel', title: 'Pinwheel' }),
  plane({ name: 'checkerboard', title: 'Checkerboard' }),
  plane({ name: 'gaussians', title: 'Eight Gaussians' }),
  {
    name: 'tabular',
    title: 'Table of numbers',
    about: '10 couplings, hidden layers of 100; few rows get fewer steps and early stopping.',
    data: {},
    model: { kind: 'vector', couplings: 10, hidden: [100, 100] },
    mostEpochs: 200,
    training: {
      steps: 20_000,
      batch: 256,
      learningRate: 1e-3,
      schedule: 'cosine',
      warmupSteps: 100,
      validateEvery: 250,
      patience: 12,
      checkpointEvery: 1000,
      sampleEvery: 1000,
    },
  },
  {
    name: 'mnist',
    title: 'MNIST, 28×28',
    about: 'IDX files, padded to 32×32: 3 scales. Takes hours; worth a look after minutes.',
    data: { validation: 500 },
    model: { kind: 'image', pad: 2, scales: 3, base: 16, blocks: 1 },
    training: {
      steps: 20_000,
      batch: 64,
      learningRate: 1e-3,
      warmupSteps: 50,
      validateEvery: 50,
      patience: 40,
      checkpointEvery: 200,
      sampleEvery: 200,
    },
  },
  {
    name: 'image',
    title: 'Small images',
    about: 'Any size, padded so that two scales divide it; fewer steps for few images.',
    data: {},
    model: { kind: 'image', scales: 2, base: 32, blocks: 2 },
    mostEpochs: 100,
    training: {
      steps: 20_000,
      batch: 64,
      learningRate: 1e-3,
      warmupSteps: 100,
      validateEvery: 250,
      patience: 20,
      checkpointEvery: 250,
      sampleEvery: 250,
    },
  },
  ...paperPresets,
];
