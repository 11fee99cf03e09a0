// The site of the docs: all pages of docs/, searched without a server.
import fs from 'node:fs';
import path from 'node:path';
import { webAddresses } from '../../../scripts/project-address.mjs';

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const { description, repository } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
const addresses = webAddresses(repository);

const base = process.env.FLOWSCOPE_DOCS_BASE ?? '/';
const schemas = '../media/schemas/';

/**
 * Links to JSON schemas lead to the site's schemas. Other links out of docs/ lead to the repository if it has an address, and are
 * plain text otherwise.
 */
function outsideLinks(md) {
  md.core.ruler.push('outside-links', ({ tokens }) => {
    for (const { children } of tokens) {
      let inside = 0;
      for (const token of children ?? []) {
        const href = (token.type === 'link_open' && token.attrGet('href')) || '';
        if (href.startsWith(schemas)) {
          // A file, not a page: the site's router leaves it alone.
          token.attrSet('href', `${base}schemas/${href.slice(schemas.length)}`);
          token.attrSet('target', '_self');
        } else if (token.type === 'link_open' && /^\.\.\//.test(token.attrGet('href') ?? '')) {
          if (addresses) token.attrSet('href', token.attrGet('href').replace(/^\.\.\//, addresses.page));
          else [inside, token.tag] = [inside + 1, 'span'];
          if (!addresses) token.attrs = [];
        } else if (token.type === 'link_close' && inside > 0) [inside, token.tag] = [inside - 1, 'span'];
      }
    }
  });
}

const page = (text, link) => ({ text, link: `/${link}` });

export default {
  title: 'Flowscope',
  description,
  lang: 'en-US',
  srcDir: '..',
  // Pages of the packages, and of a folder.
  srcExclude: ['site/**', 'screenshots/**', 'extension.md', 'npm.md'],
  outDir: path.join(root, 'artifacts', 'docs'),
  cacheDir: path.join(root, 'out', 'docs-cache'),
  base,
  buildEnd: ({ outDir }) =>
    fs.cpSync(path.join(root, 'media', 'schemas'), path.join(outDir, 'schemas'), { recursive: true }),
  appearance: true,
  lastUpdated: false,
  markdown: {
    config: outsideLinks,
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  vite: { publicDir: false, build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    socialLinks: addresses ? [{ icon: 'github', link: addresses.base }] : [],
    nav: [page('Start', 'start'), page('Command line', 'cli'), page('Troubleshooting', 'troubleshooting')],
    sidebar: [
      {
        text: 'Use',
        items: [
          page('Start in five minutes', 'start'),
          page('Look into your flow', 'inspect'),
          page('Train on your data', 'train'),
          page('Train on a cluster', 'cluster'),
          page('Which flow for which data', 'which-flow'),
          page('Open what you have', 'importing'),
          page('Troubleshooting by symptom', 'troubleshooting'),
        ],
      },
      {
        text: 'Look up',
        items: [
          page('Command line', 'cli'),
          page('Your data', 'data'),
          page('Presets and settings', 'conventions'),
          page('Flows in continuous time', 'continuous'),
          page('File formats', 'file-formats'),
          ...(fs.existsSync(path.join(root, 'docs', 'recording.md'))
            ? [page('Recordings', 'recording'), page('Recipes for other libraries', 'recipes')]
            : []),
        ],
      },
      {
        text: 'How it is made',
        items: [
          page('Overview', 'how-it-is-made'),
          page('Architecture', 'architecture'),
          page('Decisions', 'decisions'),
          page('Reliability', 'reliability'),
          page('Graphs and passes', 'graph'),
          page('The contract', 'contract'),
          page('Results', 'results'),
          page('Fidelity of imports', 'importing-fidelity'),
          page('UX guidelines', 'ux-guidelines'),
        ],
      },
    ],
  },
};
