// Runs the steps of a workflow on this machine, as far as that can be: commands in bash, in a clone of the last commit for each
// job. Actions that move files are done here, others are named and left out. Commands that publish are shown with the files that
// they would publish, which have to exist, and are not run.
//   node scripts/run-workflow.mjs ci.yml [--job NAME]…
//   node scripts/run-workflow.mjs release.yml --tag v1.2.3[-pre] [--set AZURE_CLIENT_ID=x]… [--job NAME]…
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { root } from './esbuild-options.mjs';
import { main, run, seconds, Stop } from './run.mjs';

/**
 * The value of an expression of a workflow: names with dots out of `context`, texts, `==`, `&&`, `||`, and `failure()`, which is false.
 * @throws Stop for anything else
 */
export function evaluate(expression, context) {
  const tokens = expression.match(/'[^']*'|==|&&|\|\||[\w-]+(?:\.[\w-]+)*(?:\(\))?|\S/g) ?? [];
  const value = () => {
    const token = tokens.shift() ?? '';
    if (token.startsWith("'")) return token.slice(1, -1);
    if (token === 'failure()') return false;
    if (!/^[\w-]+(\.[\w-]+)*$/.test(token))
      throw new Stop(`"${expression}" is not understood at "${token}".`);
    return token.split('.').reduce((of, key) => of?.[key], context) ?? '';
  };
  const binary = (operator, next, combine) => () => {
    let left = next();
    while (tokens[0] === operator) {
      tokens.shift();
      left = combine(left, next());
    }
    return left;
  };
  const equal = binary('==', value, (a, b) => a === b);
  const both = binary('&&', equal, (a, b) => a && b);
  const result = binary('||', both, (a, b) => a || b)();
  if (tokens.length > 0) throw new Stop(`"${expression}" is not understood at "${tokens[0]}".`);
  return result;
}

const filled = (text, context) =>
  String(text).replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression) => String(evaluate(expression, context)));

/** Programs that publish, found before the real ones: they show what they would do. Everything else goes to the real ones. */
function writePublishers(folder) {
  fs.mkdirSync(folder);
  const show = `node "${path.join(import.meta.dirname, 'would-publish.mjs')}"`;
  const rest = 'PATH="${PATH#*:}"';
  const programs = {
    gh: `exec ${show} gh "$@"`,
    npm: `if [ "$1" = publish ]; then exec ${show} npm "$@"; fi\n${rest} exec npm "$@"`,
    npx: `case "$*" in *" publish "*) exec ${show} npx "$@";; esac\n${rest} exec npx "$@"`,
  };
  for (const [name, script] of Object.entries(programs))
    fs.writeFileSync(path.join(folder, name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
}

const actions = {
  'actions/checkout': (_, { folder }) => {
    const { status, stderr } = spawnSync('git', ['clone', '--quiet', root, folder], { encoding: 'utf8' });
    if (status !== 0) throw new Stop(`git clone: ${stderr}`);
    return 'the last commit';
  },
  'actions/upload-artifact': ({ name, path: globs, 'if-no-files-found': missing }, { folder, store }) => {
    const found = globs
      .trim()
      .split('\n')
      .flatMap((glob) => listed(folder, glob.trim()));
    if (found.length === 0 && missing === 'error') throw new Stop(`there are no files ${globs}`);
    for (const file of found)
      fs.cpSync(path.join(folder, file), path.join(store, name, path.basename(file)), { recursive: true });
    return `${name}: ${found.length} files`;
  },
  'actions/download-artifact': ({ name, path: into }, { folder, store }) => {
    fs.cpSync(path.join(store, name), path.join(folder, into), { recursive: true });
    return `${name} into ${into}`;
  },
};

/** Files of one folder by a pattern with at most one `*`; Node 20 has no `globSync`. */
function listed(folder, glob) {
  const [start, end = ''] = path.basename(glob).split('*');
  const within = path.join(folder, path.dirname(glob));
  if (!fs.existsSync(within)) return [];
  return fs
    .readdirSync(within)
    .filter((name) => (glob.includes('*') ? name.startsWith(start) && name.endsWith(end) : name === start))
    .map((name) => path.join(path.dirname(glob), name));
}

async function runStep(step, context, { job, folder, publishers, store }) {
  const ready = step.if === undefined || evaluate(step.if.replace(/^\$\{\{|\}\}$/g, ''), context);
  const title = step.name ?? step.uses ?? step.run.trim().split('\n')[0];
  console.log(`── ${job}: ${title}${ready ? '' : ' (skipped)'}`);
  if (!ready) return;
  if (step.uses) {
    const done = actions[step.uses.split('@')[0]]?.(step.with ?? {}, { folder, store });
    console.log(done ?? 'is only there on the runner');
    return;
  }
  const output = path.join(folder, '..', 'output');
  fs.writeFileSync(output, '');
  const env = { GITHUB_OUTPUT: output, GITHUB_REF_NAME: context.github.ref_name };
  for (const [key, value] of Object.entries(step.env ?? {})) env[key] = filled(value, context);
  env.PATH = `${publishers}${path.delimiter}${process.env.PATH}`;
  fs.mkdirSync(folder, { recursive: true });
  const { code } = await run('bash', ['-e', '-o', 'pipefail', '-c', filled(step.run, context)], {
    cwd: folder,
    env,
  });
  if (code !== 0) throw new Stop(`${job}: "${title}" ended with ${code}.`);
  if (!step.id) return;
  const lines = fs.readFileSync(output, 'utf8').trim().split('\n').filter(Boolean);
  context.steps[step.id] = {
    outputs: Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2))),
  };
}

/** One of each list of the matrix: this machine's. */
function matrixOf({ strategy }) {
  const { os: systems, node: versions } = strategy?.matrix ?? {};
  return { os: systems?.[0], node: versions && process.versions.node.split('.')[0] };
}

async function runWorkflow(name, { jobs: wanted, tag, set }) {
  const { jobs } = parse(fs.readFileSync(path.join(root, '.github', 'workflows', name), 'utf8'));
  for (const job of wanted)
    if (!(job in jobs)) throw new Stop(`${name} has no job "${job}". Jobs: ${Object.keys(jobs).join(', ')}.`);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-workflow-'));
  const [store, publishers] = [path.join(work, 'artifacts'), path.join(work, 'publishers')];
  writePublishers(publishers);
  const needs = {};
  let count = 0;
  try {
    for (const [job, definition] of Object.entries(jobs)) {
      if (wanted.length > 0 && !wanted.includes(job)) continue;
      const github = { ref_name: tag, token: '', repository: '' };
      const context = { github, vars: set, secrets: set, needs, steps: {}, matrix: matrixOf(definition) };
      if (definition.if && !evaluate(definition.if, context)) {
        console.log(`── ${job} (skipped)`);
        continue;
      }
      const folder = path.join(work, job, 'work');
      fs.mkdirSync(path.dirname(folder), { recursive: true });
      for (const step of definition.steps) {
        await runStep(step, context, { job, folder, publishers, store });
        count++;
      }
      const outputs = Object.entries(definition.outputs ?? {}).map(([key, value]) => [
        key,
        filled(value, context),
      ]);
      needs[job] = { outputs: Object.fromEntries(outputs) };
    }
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  return count;
}

function readArguments([name = '', ...rest]) {
  const options = { jobs: [], tag: '', set: {} };
  for (let index = 0; index < rest.length; index += 2) {
    const [flag, value = ''] = rest.slice(index, index + 2);
    if (flag === '--job') options.jobs.push(value);
    else if (flag === '--tag') options.tag = value;
    else if (flag === '--set') options.set[value.split('=')[0]] = value.split(/=(.*)/s)[1] ?? '';
    else throw new Stop(`Unknown option ${flag}. Known: --job NAME, --tag TAG, --set NAME=VALUE.`);
  }
  if (!/^[\w-]+\.yml$/.test(name))
    throw new Stop('Which workflow? For example: node scripts/run-workflow.mjs ci.yml');
  return { name, options };
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(async () => {
    const started = performance.now();
    const { name, options } = readArguments(process.argv.slice(2));
    const count = await runWorkflow(name, options);
    console.log(`${name}: ${count} steps in ${seconds(started)}`);
  });
}
