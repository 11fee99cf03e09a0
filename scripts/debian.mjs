// Debian packages, where we may install them: as root on a system with apt-get, such as a container.
import { run } from './run.mjs';

export const canInstall = () => process.platform === 'linux' && process.getuid?.() === 0;

/** The latest installation: apt-get runs once at a time, and tiers that run side by side may want one each. */
let latest = Promise.resolve();

/** Installs the packages. Resolves to undefined, or to the reason why it could not be done. */
export function installDebian(packages, why) {
  latest = latest.then(() => install(packages, why));
  return latest;
}

async function install(packages, why) {
  if (!canInstall()) return 'only root can install packages';
  if ((await run('apt-get', ['--version'], { quiet: true })).code !== 0) return 'there is no apt-get here';
  console.log(`installing ${packages.join(', ')} (${why})`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  await run('apt-get', ['update', '-qq'], { quiet: true, env });
  const { code, output } = await run('apt-get', options, { quiet: true, env });
  return code === 0 ? undefined : `apt-get install ended with ${code}: ${output.trim().split('\n').at(-1)}`;
}
