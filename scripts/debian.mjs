// Debian packages, where we may install them: as root on a system with apt-get, such as a container.
import { run } from './run.mjs';

export const canInstall = () => process.platform === 'linux' && process.getuid?.() === 0;

/** Installs the packages. Resolves to undefined, or to the reason why it could not be done. */
export async function installDebian(packages, why) {
  if (!canInstall()) return 'only root can install packages';
  if ((await run('apt-get', ['--version'], { quiet: true })).code !== 0) return 'there is no apt-get here';
  console.log(`installing ${packages.join(', ')} (${why})`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  await run('apt-get', ['update', '-qq'], { quiet: true, env });
  const { code, output } = await run('apt-get', install, { quiet: true, env });
  return code === 0 ? undefined : `apt-get install ended with ${code}: ${output.trim().split('\n').at(-1)}`;
}
