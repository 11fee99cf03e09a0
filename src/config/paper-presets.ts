/**
 * The recipes of the paper (section 4.1 and Table 1): sizes, crops and flips as it says. It gives neither a schedule nor
 * a training length; validation decides when to stop. Days of training on two cores.
 */
import { conventionSets } from './conventions';
import type { Preset } from './preset';

const conventions = conventionSets.find(({ name }) => name === 'paper')!.image!;

interface Recipe extends Pick<Preset, 'name' | 'title' | 'about' | 'data'> {
  model: { scales: number; base: number; blocks: number };
  flips?: boolean;
}

const recipe = ({ model, flips = false, ...rest }: Recipe): Preset => ({
  ...rest,
  model: { kind: 'image', ...model, ...conventions },
  training: {
    steps: 200_000,
    batch: 64,
    learningRate: 1e-3,
    weightDecay: 5e-5,
    flips,
    validateEvery: 1000,
    patience: 20,
    checkpointEvery: 1000,
    sampleEvery: 1000,
  },
});

export const paperPresets: readonly Preset[] = [
  recipe({
    name: 'paper-cifar10',
    title: 'CIFAR-10 as in the paper',
    about: 'Downscaled once; 8 residual blocks of 64 maps, flips. Published: 3.49 bits/dim.',
    data: { validation: 10_000 },
    model: { scales: 2, base: 64, blocks: 8 },
    flips: true,
  }),
  recipe({
    name: 'paper-imagenet32',
    title: 'ImageNet 32×32 as in the paper',
    about: 'Down to 4×4; 4 residual blocks of 32 feature maps. Published: 4.28 bits/dim.',
    data: { size: 32 },
    model: { scales: 4, base: 32, blocks: 4 },
  }),
  recipe({
    name: 'paper-imagenet64',
    title: 'ImageNet 64×64 as in the paper',
    about: 'Down to 4×4; 2 residual blocks of 32 feature maps. Published: 3.98 bits/dim.',
    data: { size: 64 },
    model: { scales: 5, base: 32, blocks: 2 },
  }),
  recipe({
    name: 'paper-lsun',
    title: 'LSUN as in the paper',
    about: 'Random 64×64 crops of side 96, flips; bedrooms. Published: 2.72 bits/dim.',
    data: { resize: 96, crop: 'random', cropSize: 64 },
    model: { scales: 5, base: 32, blocks: 2 },
    flips: true,
  }),
  recipe({
    name: 'paper-celeba',
    title: 'CelebA as in the paper',
    about: 'Central 148×148 scaled to 64×64, flips. Published: 3.02 bits/dim.',
    data: { crop: 'center', cropSize: 148, size: 64 },
    model: { scales: 5, base: 32, blocks: 2 },
    flips: true,
  }),
];
