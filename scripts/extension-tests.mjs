// Runs a mocha suite inside a real extension host: desktop VS Code where its download answers, otherwise the workbench.
//   node scripts/extension-tests.mjs [extension|e2e] [--vsix FILE]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  downloadAndUnzipVSCode,
  resolveCliArgsFromVSCodeExecutablePath,
  runTests,
} from '@vscode/test-electron';
import { ensureBrowser } from './browser.mjs';
import { root } from './esbuild-options.mjs';
import { ensurePeersPython } from './peers-python.mjs';
import { freePort, main, run, Stop } from './run.mjs';
import { chromium } from 'playwright-core';
import { readProgress, saidOfHang, watchProgress } from './test-progress.mjs';
import { bundleTests, testSources } from './test-bundles.mjs';
import { ensureWorkbench } from './workbench.mjs';

/** How long the question which versions there are may take; the download itself has all the time it needs. */
const probeTimeout = 8_000;

/**
 * Where tests run. `FLOWSCOPE_VSCODE` names an installed VS Code or says `workbench`; without it the download is tried, and
 * the workbench is used where it does not answer.
 */
async function findHost() {
  const chosen = process.env.FLOWSCOPE_VSCODE;
  if (chosen && chosen !== 'workbench') return desktop(chosen);
  if (!chosen) {
    const silent = { report: () => undefined, error: () => undefined };
    const cachePath = path.join(root, '.vscode-test');
    try {
      return desktop(await downloadAndUnzipVSCode({ cachePath, timeout: probeTimeout, reporter: silent }));
    } catch (error) {
      console.log(`VS Code could not be downloaded (${error.message}); the workbench stands in`);
    }
  }
  const { browser, node, entry } = await ensureWorkbench();
  return {
    executable: path.join(root, 'scripts', 'headless-vscode.mjs'),
    env: { FLOWSCOPE_WORKBENCH_NODE: node, FLOWSCOPE_WORKBENCH_ENTRY: entry, CHROMIUM: browser },
    install: (vsix, profile) =>
      run(
        node,
        [entry, '--config', emptyConfig(profile), ...profileArguments(profile), '--install-extension', vsix],
        { quiet: true, env: { EXTENSIONS_GALLERY: '{"serviceUrl":""}' } },
      ),
  };
}

async function desktop(executable) {
  const [cli, ...args] = resolveCliArgsFromVSCodeExecutablePath(executable, { reuseMachineInstall: true });
  return {
    executable,
    env: { CHROMIUM: await ensureBrowser().catch(() => '') },
    install: (vsix, profile) =>
      run(cli, [...args, ...profileArguments(profile), '--install-extension', vsix], {
        quiet: true,
        shell: process.platform === 'win32',
      }),
  };
}

const profileArguments = (profile) => [
  `--user-data-dir=${path.join(profile, 'data')}`,
  `--extensions-dir=${path.join(profile, 'extensions')}`,
];

function emptyConfig(profile) {
  const file = path.join(profile, 'config.yaml');
  fs.writeFileSync(file, '{}\n');
  return file;
}

/**
 * Runs the suite `test/<suite>/**.test.ts` and resolves to { passed, failed, skipped }. With `vsix` that package is installed
 * and tested instead of the checkout. A failed test is tried `retries` times more, each named in `again`. One in which
 * no test ends for too long is ended, and what did not run is named in `missing`.
 */
export async function runExtensionSuite(
  suite,
  {
    vsix,
    sources = testSources(suite),
    base = path.join('test', suite),
    retries = 0,
    env = {},
    pace = 1,
    onCut = () => undefined,
  } = {},
) {
  if (sources.length === 0) throw new Stop(`there are no tests in test/${suite}`);
  await bundleTests(suite, sources, { base });
  const loader = path.join('test', 'extension', 'index.ts');
  const [index] = await bundleTests(`${suite}-loader`, [loader], { base: path.dirname(loader) });
  const host = await findHost();

  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'fsp-'));
  const workspace = path.join(profile, 'workspace');
  fs.mkdirSync(workspace);
  const report = path.join(root, 'out', 'test', `${suite}.jsonl`);
  fs.rmSync(report, { force: true });
  const port = await freePort();
  try {
    if (vsix) await installPackage(host, vsix, profile);
    else installDebugger(profile);
    let failure;
    let hang;
    onCut(() => void endWindow(port, suite));
    const unwatch = watchProgress(report, pace, (limit) => {
      hang = saidOfHang(readProgress(report), limit);
      console.error(hang);
      void endWindow(port, suite);
    });
    try {
      await runTests({
        vscodeExecutablePath: host.executable,
        extensionDevelopmentPath: vsix ? harness(profile) : root,
        extensionTestsPath: index,
        launchArgs: [workspace, ...profileArguments(profile), `--remote-debugging-port=${port}`],
        extensionTestsEnv: {
          ...host.env,
          ...env,
          FLOWSCOPE_TEST_FILES: path.join(root, 'out', 'test', suite),
          FLOWSCOPE_TEST_REPORT: report,
          FLOWSCOPE_PEERS_PYTHON: vsix ? '' : await ensurePeersPython(),
          FLOWSCOPE_TEST_ROOT: root,
          FLOWSCOPE_TEST_PACKAGED: vsix ? '1' : '',
          FLOWSCOPE_TEST_RETRIES: String(retries),
          FLOWSCOPE_CDP_URL: `http://127.0.0.1:${port}`,
        },
      });
    } catch (error) {
      failure = error;
    } finally {
      unwatch();
    }
    return resultOf(report, hang ?? failure?.message);
  } finally {
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function installPackage(host, vsix, profile) {
  const { code, output } = await host.install(path.resolve(vsix), profile);
  if (code !== 0)
    throw new Stop(`installing ${vsix} ended with ${code}: ${output.trim().split('\n').at(-1)}`);
}

/** A debugger that a test brings has to be some extension's; one that is in the folder at the first start counts as installed. */
function installDebugger(profile) {
  const source = path.join(root, 'test', 'extension', 'debugger');
  fs.cpSync(source, path.join(profile, 'extensions', 'test.debugger-1.0.0'), { recursive: true });
}

/** VS Code runs tests only for an extension under development: an empty one, so that the installed package is what is tested. */
function harness(profile) {
  const folder = path.join(profile, 'harness');
  fs.mkdirSync(folder);
  const manifest = { name: 'harness', publisher: 'test', version: '1.0.0', engines: { vscode: '^1.100.0' } };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  return folder;
}

/** A picture of the window, then its end. What hangs so that it cannot even close is ended by the system's means. */
async function endWindow(port, suite) {
  const browser = await chromium
    .connectOverCDP(`http://127.0.0.1:${port}`, { timeout: 20_000 })
    .catch(() => undefined);
  const folder = path.join(root, 'artifacts', suite);
  fs.mkdirSync(folder, { recursive: true });
  for (const [n, page] of (browser?.contexts().flatMap((context) => context.pages()) ?? []).entries()) {
    const file = path.join(folder, `hang-${n + 1}.png`);
    const taken = await page.screenshot({ path: file, timeout: 20_000 }).then(
      () => true,
      () => false,
    );
    if (taken) console.error(`the window as it was: ${file}`);
  }
  const session = await browser?.newBrowserCDPSession().catch(() => undefined);
  await session?.send('Browser.close').catch(() => undefined);
  // test-electron ends what it started at this signal, at the second one with all its children.
  for (const wait of [20_000, 10_000]) {
    await pause(wait, undefined, { ref: false });
    process.emit('SIGINT', 'of the window');
  }
}

/** What ran is counted also where the suite was cut short; that is a failure of its own, and what did not run is named. */
function resultOf(report, failure) {
  const { passed, failed, skipped, failures, again, ended, missing } = readProgress(report);
  if (passed + failed === 0) {
    throw new Stop(`the suite ended before any test did${failure ? `: ${failure}` : ''}`);
  }
  // A host that ended badly is a failure also where every test before it passed.
  const bad = !ended || (failed === 0 && (failure !== undefined || passed === 0));
  if (!bad) return { passed, failed, skipped, failures, again, missing };
  const reason = `the suite was cut short: ${failure ?? 'its process ended'}`;
  console.error(reason);
  return { passed, failed: failed + 1, skipped, failures: [...failures, reason], again, missing };
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(async () => {
    const given = process.argv.slice(2);
    const at = given.indexOf('--vsix');
    const vsix = at < 0 ? undefined : given.splice(at, 2)[1];
    const { testModels } = await import('./test-models.mjs');
    const suite = given[0] ?? 'extension';
    const env = suite === 'e2e' ? { FLOWSCOPE_TEST_MODELS: await testModels() } : {};
    const { passed, failed, skipped } = await runExtensionSuite(suite, { vsix, env });
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    process.exitCode = failed > 0 ? 1 : 0;
  });
}
