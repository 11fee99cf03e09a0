// Finds a Chrome, Chromium or Edge for the tests that need a browser; installs one where we may.
import fs from 'node:fs';
import path from 'node:path';
import { installDebian } from './debian.mjs';
import { Stop } from './run.mjs';

function candidates(env = process.env) {
  const onPath = (names) =>
    (env.PATH ?? '')
      .split(path.delimiter)
      .filter(Boolean)
      .flatMap((folder) => names.map((name) => path.join(folder, name)));
  if (process.platform === 'darwin') {
    return ['Google Chrome', 'Chromium', 'Microsoft Edge']
      .map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`)
      .concat(onPath(['chromium']));
  }
  if (process.platform === 'win32') {
    return [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA]
      .filter(Boolean)
      .flatMap((folder) => [
        path.join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
        path.join(folder, 'Chromium', 'Application', 'chrome.exe'),
        path.join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
      ]);
  }
  // The first draws pages only; the others bring a browser's whole window up for each page, which is not seen here.
  return onPath([
    ...['chromium-headless-shell', 'chromium', 'chromium-browser'],
    ...['google-chrome', 'google-chrome-stable', 'microsoft-edge'],
  ]);
}

/** Path of a browser, or undefined. `CHROMIUM` in the environment goes first. */
export function findBrowser(env = process.env) {
  if (env.CHROMIUM) {
    if (!fs.existsSync(env.CHROMIUM)) throw new Stop(`CHROMIUM names ${env.CHROMIUM}, which does not exist.`);
    return env.CHROMIUM;
  }
  return candidates(env).find((file) => fs.existsSync(file));
}

/** Path of a browser, installed if need be. Throws with the package to install where that is not possible. */
export async function ensureBrowser() {
  const found = findBrowser();
  if (found) return found;
  let reason;
  // The first is no use without its tables of Unicode, which its package does not ask for.
  for (const packages of [['chromium-headless-shell', 'chromium-common'], ['chromium']]) {
    reason = await installDebian(packages, 'a browser for the tests');
    const installed = reason ? undefined : findBrowser();
    if (installed) return installed;
  }
  throw new Stop(
    `No Chrome, Chromium or Edge was found (${reason}). Install one, on Debian the package chromium, or set CHROMIUM.`,
  );
}
