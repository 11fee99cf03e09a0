#!/usr/bin/env node
// Takes the place of the VS Code executable for @vscode/test-electron: runs the extension's tests in the installed workbench,
// shown by a headless browser, and exits with their result. It understands the arguments that VS Code gets from there.
// Environment: FLOWSCOPE_WORKBENCH_NODE, FLOWSCOPE_WORKBENCH_ENTRY, CHROMIUM (set by extension-tests.mjs),
// FLOWSCOPE_KEEP=1 to keep the temporary folder, FLOWSCOPE_BARE=1 for a server as in a container.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { format } from 'node:util';
import { chromium } from 'playwright-core';
import { freePort } from './run.mjs';

/** Exit codes besides the tests' own. */
const failures = { host: 96, crashed: 97, closed: 98, start: 99 };

function parse(given) {
  const parsed = { extensions: [], folder: undefined, flags: {} };
  for (const argument of given) {
    const [, name, value] = /^--([\w-]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (!name) parsed.folder = path.resolve(argument);
    else if (name === 'extensionDevelopmentPath') parsed.extensions.push(path.resolve(value));
    else parsed.flags[name] = value ?? '';
  }
  return parsed;
}

const userSettings = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'chat.disableAIFeatures': true,
  'git.enabled': false,
};

/**
 * As in a container that neither window nor browser are in: no fonts, no home folder, no names of users, no display. For a command
 * of the workbench, in a mount namespace of its own; on Linux, as root.
 */
function inBareRoot(temporary, command) {
  const folder = path.join(temporary, 'workbench');
  fs.mkdirSync(folder);
  const workbench = path.resolve(process.env.FLOWSCOPE_WORKBENCH_ENTRY, '../../../../..');
  const script = [
    'set -e',
    // The workbench may lie in the home folder, which goes.
    'mount --bind "$1" "$2"',
    'for hidden in /usr/share/fonts /usr/local/share/fonts /etc/fonts "$3"; do',
    '  if [ -d "$hidden" ]; then mount -t tmpfs -o ro,size=4k none "$hidden"; fi',
    'done',
    'mount --bind /dev/null /etc/passwd',
    'exec "${@:4}"',
  ];
  // A browser that a test starts is where the window is.
  const browser = path.join(temporary, 'browser.sh');
  const outside = `nsenter --mount=/proc/${process.pid}/ns/mnt -- "${process.env.CHROMIUM}" "$@"`;
  fs.writeFileSync(browser, `#!/bin/sh\nexec ${outside}\n`, { mode: 0o755 });
  const moved = command.map((part) => part.replace(workbench, folder));
  const hidden = /^(HOME|USER|LOGNAME|DISPLAY|WAYLAND_DISPLAY|XDG_.*|FONTCONFIG_.*|DBUS_.*)$/;
  return {
    command: [
      'unshare',
      '--mount',
      'bash',
      '-c',
      script.join('\n'),
      'bash',
      workbench,
      folder,
      os.homedir(),
      ...moved,
    ],
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !hidden.test(name))),
      CHROMIUM: browser,
    },
  };
}

function startServer(temporary, port, flags) {
  const userData = path.join(temporary, 'data');
  fs.mkdirSync(path.join(userData, 'User'), { recursive: true });
  fs.writeFileSync(path.join(userData, 'User', 'settings.json'), JSON.stringify(userSettings));
  const config = path.join(temporary, 'config.yaml');
  fs.writeFileSync(config, '{}\n');
  const log = path.join(temporary, 'server.log');
  const sink = fs.openSync(log, 'w');
  const extensions = flags['extensions-dir'] || path.join(temporary, 'extensions');
  const command = [
    process.env.FLOWSCOPE_WORKBENCH_NODE,
    process.env.FLOWSCOPE_WORKBENCH_ENTRY,
    ...['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--config', config],
    ...['--user-data-dir', userData, '--extensions-dir', extensions],
    ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
    ...('disable-workspace-trust' in flags ? ['--disable-workspace-trust'] : []),
    // Without it a built workbench ignores the paths of the extension and its tests.
    ...['--vscode-option', 'enable-smoke-test-driver'],
  ];
  const bare = process.env.FLOWSCOPE_BARE === '1';
  const {
    command: [program, ...args],
    env,
  } = bare ? inBareRoot(temporary, command) : { command, env: process.env };
  const child = spawn(program, args, {
    env: { ...env, EXTENSIONS_GALLERY: '{"serviceUrl":""}' },
    stdio: ['ignore', sink, sink],
  });
  const server = { log, gone: false, stop: () => stopServer(child, server) };
  child.once('exit', () => (server.gone = true));
  child.once('error', () => (server.gone = true));
  return server;
}

async function stopServer(child, server) {
  if (server.gone) return;
  child.kill('SIGTERM');
  for (let tries = 0; tries < 100 && !server.gone; tries++) await pause(100);
  if (!server.gone) child.kill('SIGKILL');
}

async function untilHealthy(origin, server) {
  for (let tries = 0; tries < 600 && !server.gone; tries++) {
    const answer = await fetch(`${origin}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
    await pause(100);
  }
  throw new Error(`the workbench's server did not start, see ${server.log}`);
}

function browserArguments(flags) {
  const debugging = flags['remote-debugging-port'];
  return [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
    ...['--disable-background-networking', '--disable-component-update'],
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ...(debugging ? [`--remote-debugging-port=${debugging}`] : []),
  ];
}

function workbenchAddress(origin, port, { folder, extensions, flags }) {
  const remote = (file) => `vscode-remote://127.0.0.1:${port}${file}`;
  const payload = extensions.map((extension) => ['extensionDevelopmentPath', remote(extension)]);
  payload.push(['extensionTestsPath', remote(path.resolve(flags.extensionTestsPath))]);
  const opened = folder ? `folder=${encodeURIComponent(folder)}` : 'ew=true';
  return `${origin}/?${opened}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
}

/**
 * The page reports 0 also when the extension host crashed or a test ended the process: only the server's log has the real
 * end of the host.
 */
async function hostEndedWell(log) {
  const pattern = /Extension Host Process exited with code: (\S+), signal: (\S+?)\.?\s/;
  for (let tries = 0; tries < 100; tries++) {
    const end = pattern.exec(fs.readFileSync(log, 'utf8'));
    if (end) {
      if (end[1] !== '0' || end[2] !== 'null') console.error(end[0].trim());
      return end[1] === '0' && end[2] === 'null';
    }
    await pause(100);
  }
  console.error('the extension host did not end');
  return false;
}

/** What the workbench tells of itself, among the output of the tests. */
const chatter =
  /^(\[(AgentHost|AccountPolicyGate|Service Worker|reconnection)|(Creating a socket|Resolv(ing|ed) connection token|Ignoring fetching|Updating) )/;

async function runTests(parsed, temporary) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const server = startServer(temporary, port, parsed.flags);
  let browser;
  try {
    await untilHealthy(origin, server);
    browser = await chromium.launchPersistentContext(path.join(temporary, 'browser'), {
      executablePath: process.env.CHROMIUM,
      // The arguments ask for the browser's own headless mode, which renders as a window does.
      headless: false,
      viewport: { width: 1440, height: 900 },
      args: browserArguments(parsed.flags),
    });
    const page = browser.pages()[0] ?? (await browser.newPage());
    const ended = new Promise((resolve) => {
      void page.exposeFunction('codeAutomationExit', resolve);
      page.once('crash', () => resolve(failures.crashed));
      // The watcher of the tests closes it when they get nowhere.
      browser.once('close', () => resolve(failures.closed));
    });
    await page.exposeFunction('codeAutomationLog', (type, values) => {
      const text = format(...values);
      if (!chatter.test(text)) (type === 'error' ? console.error : console.log)(text);
    });
    await page.goto(workbenchAddress(origin, port, parsed));
    const code = await ended;
    if (code === failures.crashed) console.error('the page crashed');
    if (code === failures.closed) console.error('the window was closed before the tests ended');
    return code === 0 && !(await hostEndedWell(server.log)) ? failures.host : code;
  } finally {
    await browser?.close().catch(() => undefined);
    await server.stop();
  }
}

const parsed = parse(process.argv.slice(2));
// Short: a unix socket's path, which has a limit, lies inside.
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'fsw-'));
let code = failures.start;
try {
  code = await runTests(parsed, temporary);
} catch (error) {
  console.error(error);
}
if (code === 0 && !process.env.FLOWSCOPE_KEEP)
  fs.rmSync(temporary, { recursive: true, force: true, maxRetries: 3 });
else console.error(`logs are in ${temporary}`);
process.exit(code);
