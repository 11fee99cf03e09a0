// npm start: sets up, trains a flow on the handwritten digits, writes the inspector's page and opens it.
//   npm start -- [--no-open] [--max-seconds N] [--data NAME] [further options of "flowscope train"]
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { main, run, seconds, Stop } from './run.mjs';
import { requireNode, setup } from './setup.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

function readArguments(given) {
  const options = { open: true, data: 'digits', seconds: '60', rest: [] };
  for (let index = 0; index < given.length; index++) {
    const [flag, inline] = given[index].split(/=(.*)/s);
    const value = () => inline ?? given[++index] ?? stop(`${flag} needs a value`);
    if (flag === '--no-open') options.open = false;
    else if (flag === '--max-seconds') options.seconds = value();
    else if (flag === '--data') options.data = value();
    else options.rest.push(given[index]);
  }
  if (!(Number(options.seconds) > 0)) stop(`--max-seconds needs a positive number, not ${options.seconds}`);
  return options;
}

function stop(message) {
  throw new Stop(message);
}

/** A run folder that is not there yet: what was trained before is kept. */
function freshFolder(name) {
  for (let count = 1; ; count++) {
    const folder = path.join('runs', count === 1 ? name : `${name}-${count}`);
    if (!fs.existsSync(path.join(root, folder))) return folder;
  }
}

async function flowscope(...args) {
  // The library's notes about its own build would come between the lines of progress.
  const env = { TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '2' };
  const { code } = await run(process.execPath, [path.join('dist', 'cli.js'), ...args], { cwd: root, env });
  if (code !== 0) throw new Stop(`flowscope ${args[0]} ended with ${code}.`);
}

async function openResult(checkpoint, html) {
  const windows = process.platform === 'win32';
  // What is opened stays open, and so in a folder that stays.
  const options = { cwd: root, quiet: true };
  if ((await run('code', ['--version'], { ...options, shell: windows })).code === 0) {
    const args = [`--extensionDevelopmentPath=${root}`, root, checkpoint];
    const quoted = windows ? args.map((arg) => `"${arg}"`) : args;
    if ((await run('code', quoted, { ...options, shell: windows })).code === 0) return 'opened in VS Code';
  }
  const opener = { darwin: ['open'], win32: ['explorer.exe'] }[process.platform] ?? ['xdg-open'];
  const { code } = await run(opener[0], [windows ? html : pathToFileURL(html).href], options);
  // Explorer answers 1 although it has opened the page.
  return code === 0 || windows
    ? 'opened in the browser'
    : 'no program to open it was found; open the HTML file yourself';
}

main(async () => {
  requireNode();
  const started = performance.now();
  const options = readArguments(process.argv.slice(2));
  const { native } = await setup();
  if (!native)
    console.log('native TensorFlow could not be set up (reasons above); ONNX Runtime trains instead');
  const folder = freshFolder(path.basename(options.data, path.extname(options.data)));
  console.log(`\ntraining on ${options.data} for at most ${options.seconds} s`);
  await flowscope(
    'train',
    '--data',
    options.data,
    '--output',
    folder,
    '--max-seconds',
    options.seconds,
    ...options.rest,
  );
  const html = path.join(folder, 'inspector.html');
  await flowscope('inspect', folder, '--output', html);

  const checkpoint = path.join(folder, 'checkpoints', 'best.flow.safetensors');
  const samples = path.join(folder, 'samples');
  for (const file of [checkpoint, samples, html]) {
    if (!fs.existsSync(path.join(root, file))) stop(`${file} was not written.`);
  }
  console.log(`\ncheckpoint  ${checkpoint}\nsamples     ${samples}${path.sep}\ninspector   ${html}`);
  if (options.open) console.log(await openResult(path.join(root, checkpoint), path.join(root, html)));
  console.log(`done in ${seconds(started)}`);
});
