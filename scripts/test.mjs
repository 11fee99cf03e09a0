// npm test: sets up, then runs the tiers, two at a time, and adds them up.
//   npm test -- [--tier NAME]… [--file TEXT] [--full] [--no-setup]
// Tiers: unit, contract, engine, gpu, python, extension, browser, e2e. --file runs only the test files whose path holds the text.
// CI adds --full, and a release FLOWSCOPE_THOROUGH=1 as well; test/lengths.json says what is left out otherwise. --file runs all
// tests of the files that it names.
import { pythonSources, runPythonTests } from './python-tests.mjs';
import { main, seconds, Stop } from './run.mjs';
import { nativeModule, requireNode, setup } from './setup.mjs';
import { furtherCases, noteCases, shorter } from './test-lengths.mjs';

/**
 * What a tier needs besides Node: a function that resolves to environment variables, or throws with what is missing. It is
 * told whether files may run that `npm test` leaves to `--full`.
 */
const tiers = [
  { name: 'unit', run: (...given) => nodeTests(...given, { parts: 8 }) },
  { name: 'contract', run: (...given) => nodeTests(...given, { parts: 4 }) },
  { name: 'engine', needs: engineNeeds, run: (...given) => nodeTests(...given, { parts: 12 }) },
  { name: 'gpu', needs: gpuNeeds, run: (...given) => nodeTests(...given, { parts: 2 }) },
  {
    name: 'python',
    waits: true,
    sources: pythonSources,
    run: (_, files, context) => runPythonTests(files, context),
  },
  { name: 'extension', waits: true, run: (name, files, context) => extensionTests(name, files, context) },
  // Three at once: each waits for its page or its engine now and then.
  {
    name: 'browser',
    waits: true,
    needs: browserNeeds,
    run: (...given) => nodeTests(...given, { atOnce: 3, parts: 9 }),
  },
  // In a whole window some key or frame is lost now and then: one more try, which the summary tells of.
  {
    name: 'e2e',
    waits: true,
    needs: windowNeeds,
    run: (...given) => extensionTests(...given, { packaged: true, retries: 1 }),
  },
];

/**
 * For engines and commands that files side by side start: threads of several would only wait for each other. Tests of
 * threads say how many they want, and the tiers in VS Code leave the choice to the product.
 */
const oneThread = { FLOWSCOPE_THREADS: '1' };

/** Result of a tier that was not begun. */
const nothing = { passed: 0, failed: 0, skipped: 0, missing: ['all of it'] };

function readArguments(given) {
  const options = { tiers: [], file: undefined, full: false, setup: true };
  for (let index = 0; index < given.length; index++) {
    const [flag, inline] = given[index].split(/=(.*)/s);
    const value = () => inline ?? given[++index] ?? '';
    if (flag === '--tier') options.tiers.push(...value().split(','));
    else if (flag === '--file') options.file = value();
    else if (flag === '--full') options.full = true;
    else if (flag === '--no-setup') options.setup = false;
    else throw new Stop(`Unknown option ${flag}. Known: --tier NAME, --file TEXT, --full, --no-setup.`);
  }
  for (const name of options.tiers) {
    if (!tiers.some((tier) => tier.name === name)) {
      throw new Stop(`There is no tier "${name}". Tiers: ${tiers.map((tier) => tier.name).join(', ')}.`);
    }
  }
  return options;
}

async function engineNeeds() {
  const { findNative, nativeRoot, probeOnnxRuntime } = nativeModule();
  if (!findNative())
    throw new Stop(`native TensorFlow is missing in ${nativeRoot()} (node dist/cli.js doctor says why)`);
  await probeOnnxRuntime().catch((error) => {
    throw new Stop(`onnxruntime-node does not load: ${error.message}`);
  });
  return oneThread;
}

async function gpuNeeds() {
  const { ensureGpu } = await import('./gpu.mjs');
  return { ...oneThread, ...(await ensureGpu()) };
}

async function browserNeeds(whole) {
  const { ensureBrowser } = await import('./browser.mjs');
  return { CHROMIUM: await ensureBrowser(), ...oneThread, ...(await windowNeeds(whole)) };
}

/** Models to look at. What `npm test` runs has smaller ones of its own, and does not wait for these to be trained. */
async function modelNeeds(whole) {
  if (!whole) return {};
  const { testModels } = await import('./test-models.mjs');
  return { FLOWSCOPE_TEST_MODELS: await testModels() };
}

/** Models to look at, and the Python that trainings with PyTorch and targets are started with. */
async function windowNeeds(whole) {
  const { ensurePeersPython } = await import('./peers-python.mjs');
  return { ...(await modelNeeds(whole)), FLOWSCOPE_PYTHON: await ensurePeersPython() };
}

async function nodeTests(name, files, { env, pace, onCut }, { atOnce = 2, parts }) {
  const { bundleTogether } = await import('./test-bundles.mjs');
  const { runNodeTests } = await import('./node-tests.mjs');
  const bundles = await bundleTogether(name, files, parts);
  const quietLibrary = { TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '2' };
  // Two files at once: each computes on one thread for much of its time.
  return runNodeTests(bundles, { env: { ...quietLibrary, ...env }, pace, onCut, atOnce });
}

async function extensionTests(
  name,
  files,
  { env, pace, onCut },
  { packaged: fromPackage = false, retries = 0 } = {},
) {
  const { runExtensionSuite } = await import('./extension-tests.mjs');
  const vsix = fromPackage ? await packaged() : undefined;
  return runExtensionSuite(name, { vsix, sources: files, retries, env, pace, onCut });
}

/** The package that users get, for this platform. */
async function packaged() {
  const { packageExtension } = await import('./package.mjs');
  return (await packageExtension()).file;
}

async function runTier(tier, { file, full }, pace, onCut) {
  const started = performance.now();
  console.log(`\n── ${tier.name} ${'─'.repeat(Math.max(0, 70 - tier.name.length))}`);
  let result;
  try {
    const { testSources } = await import('./test-bundles.mjs');
    const sources = tier.sources?.() ?? testSources(tier.name, ['.test.ts', '.test.tsx']);
    const all = { files: sources.filter((name) => !file || name.includes(file)), tests: [] };
    const whole = file || (full && process.env.FLOWSCOPE_THOROUGH === '1');
    const { files, tests } = whole ? all : shorter(tier.name, sources, full);
    if (files.length === 0) {
      if (file) return undefined;
      throw new Stop(`there are no tests in test/${tier.name}`);
    }
    const env = {
      FLOWSCOPE_TEST_PACE: String(pace),
      FLOWSCOPE_TEST_FULL: full ? '1' : '',
      FLOWSCOPE_TEST_LEFT_OUT: JSON.stringify(tests),
      ...(await tier.needs?.(full || file !== undefined)),
    };
    result = await tier.run(tier.name, files, { env, pace, onCut });
    if (result.passed + result.failed === 0) throw new Stop('no test ran');
  } catch (error) {
    const reason = error instanceof Stop ? error.message : (error.stack ?? String(error));
    console.error(`${tier.name}: ${reason}`);
    result = { passed: 0, failed: 1, skipped: 0, reason: reason.split('\n')[0] };
  }
  return { name: tier.name, ...result, time: seconds(started) };
}

const place = ({ name }) => tiers.findIndex((tier) => tier.name === name);

/** At most this many names of a list are written. */
const mostNames = 40;

async function summarize(results, started, { full, file }) {
  console.log(`\n${'═'.repeat(74)}`);
  for (const { name, passed, failed, skipped, time, reason, missing = [] } of results) {
    const more = [
      skipped > 0 && `, ${skipped} skipped`,
      missing.length > 0 && `, ${missing.length} did not run`,
      reason && ` (${reason})`,
    ];
    console.log(
      `${name.padEnd(10)} ${passed} passed, ${failed} failed${more.filter(Boolean).join('')} in ${time}`,
    );
  }
  // Once more where they are found: logs are long, and often cut in the middle.
  for (const { name, failures = [], again = [], missing = [] } of results) {
    for (const failure of again) console.log(`tried again in ${name}: ${summaryOf(failure)}`);
    for (const failure of failures) console.log(`failed in ${name}: ${summaryOf(failure)}`);
    for (const test of missing.slice(0, mostNames)) console.log(`did not run in ${name}: ${test}`);
    if (missing.length > mostNames) console.log(`did not run in ${name}: ${missing.length - mostNames} more`);
  }
  console.log(`all in ${seconds(started)}`);
  if (full && !file) await noteCases(results);
  else if (!file) console.log(`npm test -- --full has ${furtherCases(results)} further cases`);
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  const short = results.some(({ missing = [] }) => missing.length > 0);
  process.exitCode = sum('failed') > 0 || short ? 1 : 0;
}

/** The first line, and the last of a Python traceback, which has the reason. */
function summaryOf(failure) {
  const lines = failure.trim().split('\n');
  return lines[0].includes('Traceback') ? `${lines[0]} … ${lines.at(-1).trim()}` : lines[0];
}

main(async () => {
  requireNode();
  const started = performance.now();
  const options = readArguments(process.argv.slice(2));
  if (options.setup) await setup();
  const { measurePace } = await import('./pace.mjs');
  // Tiers that begin at the same time would slow each other's measurement down.
  let measuring;
  const paceNow = () => (measuring ??= measurePace().finally(() => (measuring = undefined)));
  const chosen = tiers.filter(({ name }) => options.tiers.length === 0 || options.tiers.includes(name));
  const results = [];
  /** What ends the tiers that run now. */
  const cuts = new Set();
  let over = false;
  // Results so far are reported also when the user ends the whole run.
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, (given) => {
      // The end of a window that hangs is sent around as a signal, and is not meant for us.
      if (given !== signal || over) return;
      over = true;
      console.error(`\nended by ${signal}`);
      for (const cut of cuts) cut();
    });
  }
  const queue = [...chosen.filter(({ waits }) => !waits), ...chosen.filter(({ waits }) => waits).reverse()];
  const lane = async (next) => {
    for (let tier = next(); tier; tier = next()) {
      if (over) {
        results.push({ name: tier.name, ...nothing, time: '0 s' });
        continue;
      }
      const pace = await paceNow();
      if (pace > 1.3)
        console.log(
          `\nthis machine takes ${pace.toFixed(1)} times as long as usual: limits are as much longer`,
        );
      let cut;
      const result = await runTier(tier, options, pace, (end) => cuts.add((cut = end)));
      cuts.delete(cut);
      if (result) results.push(result);
    }
  };
  // Windows, pages and Python wait more than they compute: one lane begins with them, the other with what computes.
  await Promise.all([lane(() => queue.shift()), lane(() => queue.pop())]);
  results.sort((a, b) => place(a) - place(b));
  if (results.length === 0) throw new Stop('no test ran');
  await summarize(results, started, options);
});
