// npm test: sets up, then runs the tiers in order and adds them up.
//   npm test -- [--tier NAME]… [--file TEXT] [--no-setup]
// Tiers: unit, contract, engine, extension, browser, e2e. --file runs only the test files whose path holds the text.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { main, run, seconds, Stop } from './run.mjs';
import { nativeModule, requireNode, setup } from './setup.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** What a tier needs beside Node: a function that resolves to environment variables, or throws with what is missing. */
const tiers = [
  { name: 'unit', run: nodeTests },
  { name: 'contract', run: nodeTests },
  // Two files at once: much of a test traces and compares on one thread.
  { name: 'engine', needs: engineNeeds, run: (...given) => nodeTests(...given, 2) },
  { name: 'extension', run: (name, files) => extensionTests(name, files, undefined) },
  // Here too: each waits for its browser half of the time.
  { name: 'browser', needs: browserNeeds, run: (...given) => nodeTests(...given, 2) },
  // In a whole window some key or frame is lost now and then: one more try, which the summary tells of.
  { name: 'e2e', run: async (name, files) => extensionTests(name, files, await packaged(), 1) },
];

function readArguments(given) {
  const options = { tiers: [], file: undefined, setup: true };
  for (let index = 0; index < given.length; index++) {
    const [flag, inline] = given[index].split(/=(.*)/s);
    const value = () => inline ?? given[++index] ?? '';
    if (flag === '--tier') options.tiers.push(...value().split(','));
    else if (flag === '--file') options.file = value();
    else if (flag === '--no-setup') options.setup = false;
    else throw new Stop(`Unknown option ${flag}. Known: --tier NAME, --file TEXT, --no-setup.`);
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
  return {};
}

async function browserNeeds() {
  const { ensureBrowser } = await import('./browser.mjs');
  return { CHROMIUM: await ensureBrowser() };
}

/** @param atOnce files that are tested at the same time; Node's own choice unless given */
async function nodeTests(name, files, env, atOnce) {
  const { bundleTests } = await import('./test-bundles.mjs');
  const bundles = await bundleTests(name, files);
  // Of this process alone: two may run tests of one tier.
  const counts = path.join(root, 'out', 'test', `${name}-${process.pid}.json`);
  const reporters = [
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=./scripts/count-reporter.mjs`, `--test-reporter-destination=${counts}`],
  ];
  const concurrency = atOnce ? [`--test-concurrency=${atOnce}`] : [];
  const flags = ['--enable-source-maps', '--test', '--test-timeout=900000', ...concurrency, ...reporters];
  const quietLibrary = { TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '2' };
  const { code } = await run(process.execPath, [...flags, ...bundles], {
    cwd: root,
    env: { ...quietLibrary, ...env },
  });
  const result = fs.existsSync(counts)
    ? JSON.parse(fs.readFileSync(counts, 'utf8'))
    : { passed: 0, failed: 0, skipped: 0 };
  fs.rmSync(counts, { force: true });
  if (code !== 0 && result.failed === 0) throw new Stop(`the test runner ended with ${code}`);
  return result;
}

async function extensionTests(name, files, vsix, retries = 0) {
  const { runExtensionSuite } = await import('./extension-tests.mjs');
  return runExtensionSuite(name, { vsix, sources: files, retries });
}

/** The package that users get, for this platform. */
async function packaged() {
  const { packageExtension } = await import('./package.mjs');
  return (await packageExtension()).file;
}

async function runTier(tier, file) {
  const started = performance.now();
  console.log(`\n── ${tier.name} ${'─'.repeat(Math.max(0, 70 - tier.name.length))}`);
  let result;
  try {
    const { testSources } = await import('./test-bundles.mjs');
    const files = testSources(tier.name, ['.test.ts', '.test.tsx']).filter(
      (name) => !file || name.includes(file),
    );
    if (files.length === 0) {
      if (file) return undefined;
      throw new Stop(`there are no tests in test/${tier.name}`);
    }
    const env = (await tier.needs?.()) ?? {};
    result = await tier.run(tier.name, files, env);
    if (result.passed + result.failed === 0) throw new Stop('no test ran');
  } catch (error) {
    const reason = error instanceof Stop ? error.message : (error.stack ?? String(error));
    console.error(`${tier.name}: ${reason}`);
    result = { passed: 0, failed: 1, skipped: 0, reason: reason.split('\n')[0] };
  }
  return { name: tier.name, ...result, time: seconds(started) };
}

main(async () => {
  requireNode();
  const started = performance.now();
  const options = readArguments(process.argv.slice(2));
  if (options.setup) await setup();
  const results = [];
  for (const tier of tiers) {
    if (options.tiers.length > 0 && !options.tiers.includes(tier.name)) continue;
    const result = await runTier(tier, options.file);
    if (result) results.push(result);
  }
  console.log(`\n${'═'.repeat(74)}`);
  for (const { name, passed, failed, skipped, time, reason } of results) {
    const more = `${skipped > 0 ? `, ${skipped} skipped` : ''}${reason ? ` (${reason})` : ''}`;
    console.log(`${name.padEnd(10)} ${passed} passed, ${failed} failed${more} in ${time}`);
  }
  // Once more where they are found: logs are long, and often cut in the middle.
  for (const { name, failures = [], again = [] } of results) {
    for (const failure of again) console.log(`tried again in ${name}: ${failure.split('\n')[0]}`);
    for (const failure of failures) console.log(`failed in ${name}: ${failure.split('\n')[0]}`);
  }
  console.log(`all in ${seconds(started)}`);
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  if (results.length === 0) throw new Stop('no test ran');
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exitCode = sum('failed') > 0 ? 1 : 0;
});
