// What the tests of the GPU run on. Linux has a Vulkan in software, SwiftShader, beside Chromium: the same on every machine.
import fs from 'node:fs';
import path from 'node:path';
import { installDebian } from './debian.mjs';
import { Stop } from './run.mjs';

const folders = [
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/opt/google/chrome',
  '/opt/microsoft/msedge',
];
const driver = 'vk_swiftshader_icd.json';

const find = () => folders.find((folder) => fs.existsSync(path.join(folder, driver)));

/** Variables under which ONNX Runtime finds a GPU; elsewhere than on Linux the system's own is used. */
export async function ensureGpu() {
  if (process.platform !== 'linux') return {};
  let reason;
  if (!find()) reason = await installDebian(['chromium-common'], 'a GPU in software for the tests');
  const folder = find();
  if (!folder)
    throw new Stop(
      `No Vulkan in software was found (${reason ?? `there is no ${driver} in ${folders.join(', ')}`}). ` +
        'Install Chromium or Chrome, on Debian the package chromium-common.',
    );
  return { VK_ICD_FILENAMES: path.join(folder, driver), LD_LIBRARY_PATH: folder };
}
