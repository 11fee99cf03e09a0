// Collects the extension's texts into l10n/bundle.l10n.json, from which translations are made.
//   node scripts/l10n.mjs [--check]      with --check nothing is written and a bundle that is not current is an error
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { root } from './esbuild-options.mjs';
import { main, Stop } from './run.mjs';

const source = path.join(root, 'src', 'extension');
/** Titles and descriptions in these are looked up when they are shown, as they are not written where that is done. */
const presets = ['presets', 'paper-presets', 'conventions'].map((name) =>
  path.join(root, 'src', 'config', `${name}.ts`),
);
const bundle = path.join(root, 'l10n', 'bundle.l10n.json');

/** Calls `collect` with each node of a file and with its tree. */
function visitFile(file, collect) {
  const text = fs.readFileSync(file, 'utf8');
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const visit = (node) => {
    collect(node, tree);
    ts.forEachChild(node, visit);
  };
  visit(tree);
}

function presetTextsOf(file) {
  const found = [];
  visitFile(file, (node) => {
    if (!ts.isPropertyAssignment(node) || !ts.isStringLiteralLike(node.initializer)) return;
    if (['title', 'about'].includes(node.name.text)) found.push(node.initializer.text);
  });
  return found;
}

/** Every text given to `l10n.t`, which takes nothing but literals. */
function textsOf(file) {
  const found = [];
  visitFile(file, (node, tree) => {
    if (ts.isCallExpression(node) && node.expression.getText(tree) === 'l10n.t') {
      const [first] = node.arguments;
      if (!first || !ts.isStringLiteralLike(first)) {
        const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
        throw new Stop(`${path.relative(root, file)}:${line + 1}: l10n.t needs a plain string`);
      }
      found.push(first.text);
    }
  });
  return found;
}

/** The bundle's text as it should be: each message is its own key, in the order of the alphabet. */
export function currentBundle() {
  const files = fs
    .readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'));
  const own = files.flatMap((name) => textsOf(path.join(source, name)));
  const texts = [...new Set([...own, ...presets.flatMap(presetTextsOf)])].sort();
  return `${JSON.stringify(Object.fromEntries(texts.map((text) => [text, text])), undefined, 2)}\n`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(async () => {
    const wanted = currentBundle();
    const now = fs.existsSync(bundle) ? fs.readFileSync(bundle, 'utf8') : '';
    if (process.argv.includes('--check')) {
      if (now !== wanted) throw new Stop('l10n/bundle.l10n.json is not current: run node scripts/l10n.mjs');
      return;
    }
    fs.mkdirSync(path.dirname(bundle), { recursive: true });
    fs.writeFileSync(bundle, wanted);
    console.log(`${Object.keys(JSON.parse(wanted)).length} texts in ${path.relative(root, bundle)}`);
  });
}
