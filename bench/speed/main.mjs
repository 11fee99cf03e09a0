// How fast flows train and run, beside PyTorch: npm run bench [-- WHAT] [options]. bench/README.md explains the results.
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { main, Stop } from '../../scripts/run.mjs';
import { root } from '../quality/support.mjs';
import { compare } from './compare.mjs';
import { firstStep } from './first-step.mjs';
import { gpu } from './gpu.mjs';
import { memory } from './memory.mjs';
import { processes } from './processes.mjs';
import { profile } from './profile.mjs';
import { scaling } from './scaling.mjs';

const subjects = { compare, 'first-step': firstStep, memory, scaling, processes, gpu, profile };

const usage = `npm run bench [-- WHAT] [options]

WHAT
  compare      train step, log-prob and sample of five models, both backends and PyTorch, interleaved (the default)
  first-step   time to the first training step: trace, compile, run
  memory       peak memory of training, and memory over 10,000 steps
  scaling      cost of a training step against batch size, depth and width
  processes    several processes that share each batch, with torchrun
  gpu          a train step and log-prob of six models on each backend and on the GPU, PyTorch's too
  profile      where a training step's time goes on TensorFlow; needs a Python with TensorFlow
  all          each of these but gpu and profile

Options
  --only REGEX     of "config task" ("config" elsewhere), for example "moons|digits train"
  --threads N      for everyone alike; all processors by default
  --rounds N       how often compare goes round (3)
  --quick          one short round, to try the tool out
  --output FOLDER  instead of bench/results
`;

/** @returns a pattern. @throws Stop where it is none */
function pattern(text) {
  try {
    new RegExp(text);
    return text;
  } catch (error) {
    throw new Stop(`--only ${text}: ${error.message}`);
  }
}

function count(name, text, fallback) {
  if (text === undefined) return fallback;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Stop(`--${name} ${text}: a whole number from 1 on is expected.`);
}

function readArguments() {
  const options = {
    only: { type: 'string', default: '' },
    threads: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    output: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  };
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new Stop(`${error.message}\n\n${usage}`);
  }
}

main(async () => {
  const { values, positionals } = readArguments();
  if (values.help) return console.log(usage);
  const [what = 'compare', ...more] = positionals;
  const chosen =
    what === 'all'
      ? Object.values(subjects).filter((subject) => subject !== profile && subject !== gpu)
      : [subjects[what]];
  if (more.length > 0 || !chosen[0]) throw new Stop(usage);
  const settings = {
    only: pattern(values.only),
    threads: count('threads', values.threads, os.availableParallelism()),
    rounds: count('rounds', values.rounds, values.quick ? 1 : 3),
    quick: values.quick,
    output: values.output ? path.resolve(values.output) : path.join(root, 'bench', 'results'),
  };
  for (const run of chosen) await run(settings);
});
