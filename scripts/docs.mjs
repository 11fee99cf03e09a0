// Builds the site of the docs into artifacts/docs and checks its links. What builds it is a package of its own, docs/site, which is
// installed when it is first needed; after that no network is.
//   node scripts/docs.mjs
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './esbuild-options.mjs';
import { main, npm, run, seconds, Stop } from './run.mjs';

const site = path.join(root, 'docs', 'site');
const output = path.join(root, 'artifacts', 'docs');

async function install() {
  const installed = path.join(site, 'node_modules', '.package-lock.json');
  const lock = path.join(site, 'package-lock.json');
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs) return;
  const { code, output: said } = await npm(['ci'], { cwd: site, quiet: true });
  if (code !== 0) throw new Stop(`npm ci in docs/site ended with ${code}: ${said.trim()}`);
}

/** Links and pictures of built pages that lead nowhere: [page, target]. Pages of other hosts are not looked at. */
export function deadLinks(folder) {
  const pages = fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.html'));
  const htmlOf = new Map(pages.map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]));
  const dead = [];
  for (const [name, html] of htmlOf) {
    if (name === '404.html') continue;
    for (const [, written] of html.matchAll(/\b(?:href|src)="([^"]*)"/g)) {
      const target = new URL(written.replaceAll('&amp;', '&'), `http://site/${name}`);
      if (target.host !== 'site') continue;
      const file = decodeURIComponent(target.pathname).slice(1) || 'index.html';
      const found = [file, `${file}.html`, path.posix.join(file, 'index.html')].find((one) =>
        fs.statSync(path.join(folder, one), { throwIfNoEntry: false })?.isFile(),
      );
      const anchor = decodeURIComponent(target.hash.slice(1));
      const lacks = found && anchor && !(htmlOf.get(found) ?? '').includes(` id="${anchor}"`);
      if (!found || lacks) dead.push([name, written]);
    }
  }
  return dead;
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(async () => {
    const started = performance.now();
    await install();
    const program = path.join(site, 'node_modules', 'vitepress', 'bin', 'vitepress.js');
    const { code, output: said } = await run(process.execPath, [program, 'build', site], {
      cwd: root,
      quiet: true,
    });
    if (code !== 0) throw new Stop(`vitepress ended with ${code}:\n${said.trim()}`);
    const dead = deadLinks(output);
    if (dead.length > 0)
      throw new Stop(`dead links:\n${dead.map(([page, target]) => `${page}: ${target}`).join('\n')}`);
    const count = fs.readdirSync(output, { recursive: true }).filter((name) => name.endsWith('.html')).length;
    console.log(`artifacts/docs: ${count} pages, no dead link, in ${seconds(started)}`);
  });
}
