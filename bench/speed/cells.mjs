// What is measured: configurations of the peers and three tasks, and how often each is repeated.
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../quality/support.mjs';

export const configs = [
  'moons',
  'tabular',
  'digits',
  'mnist',
  'cifar10',
  'nsf',
  'nsf-conditional',
  'maf',
  'maf-64',
  'glow',
  'flow-matching',
];
export const tasks = ['train-step', 'log-prob', 'sample'];

/** About how long the peer takes on two cores, ms: repeats are chosen by it, so that every machine does the same. */
const typical = {
  moons: { 'train-step': 1.8, 'log-prob': 0.28, sample: 0.28 },
  tabular: { 'train-step': 5.4, 'log-prob': 1.3, sample: 1.3 },
  digits: { 'train-step': 76, 'log-prob': 18, sample: 18 },
  mnist: { 'train-step': 1840, 'log-prob': 490, sample: 490 },
  cifar10: { 'train-step': 7580, 'log-prob': 2570, sample: 2570 },
  nsf: { 'train-step': 60, 'log-prob': 17, sample: 20 },
  'nsf-conditional': { 'train-step': 40, 'log-prob': 10, sample: 10 },
  maf: { 'train-step': 9, 'log-prob': 1.5, sample: 60 },
  'maf-64': { 'train-step': 12, 'log-prob': 2.5, sample: 300 },
  glow: { 'train-step': 400, 'log-prob': 130, sample: 150 },
  'flow-matching': { 'train-step': 2, 'log-prob': 40, sample: 4 },
};

export const configFile = (config) => path.join(root, 'bench', 'peer', 'configs', `${config}.json`);

/** The peers of a configuration, by their names in contenders.mjs: RealNVP in PyTorch where it names none. */
export function peersOf(config) {
  return JSON.parse(fs.readFileSync(configFile(config), 'utf8')).peers ?? ['torch'];
}

/** The configurations that match. Says so where there is none. */
export function matching(only) {
  const wanted = configs.filter((name) => new RegExp(only).test(name));
  if (wanted.length === 0) console.log(`No configuration matches "${only}".`);
  return wanted;
}

/** The options of a process that trains. */
export function trainStep(config, { warmup, repeats }) {
  return optionsOf({ config, task: 'train-step' }, { warmup, repeats });
}

/** The options of a process that times a cell. */
export function optionsOf({ config, task }, { warmup, repeats }) {
  const runs = ['--warmup', String(warmup), '--repeats', String(repeats)];
  return ['--config', configFile(config), '--task', task, ...runs];
}

/** The cells whose "config task" matches. */
export function cells(only = '') {
  const wanted = new RegExp(only);
  return configs
    .flatMap((config) => tasks.map((task) => ({ config, task })))
    .filter(({ config, task }) => wanted.test(`${config} ${task}`));
}

/**
 * Timed and untimed runs of one process. Small steps need hundreds of untimed ones until the processor, the memory
 * allocator and JavaScript's compiler are as they stay; of steps that take seconds the second one already is.
 * @param seconds of timed runs to aim at
 */
export function repeatsOf({ config, task }, seconds = 2) {
  const each = typical[config][task];
  const within = (least, count, most) => Math.max(least, Math.min(most, Math.round(count)));
  return {
    repeats: within(each > 5000 ? 2 : 3, (1000 * seconds) / each, 500),
    warmup: within(1, (400 * seconds) / each, 200),
  };
}
