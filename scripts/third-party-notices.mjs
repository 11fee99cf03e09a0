// THIRD_PARTY_NOTICES.txt of the VSIX: every npm package that is bundled or copied into it, with its license.
import fs from 'node:fs';
import path from 'node:path';

const licenseFile = /^(licen[sc]e|copying|copyright|notice|third[-_ ]?party)/i;

/** Licenses that are the same text for everyone, since packages name one and leave its text out, or have one of two. */
const commonTexts = path.join(import.meta.dirname, 'licenses');
const commonTextsOf = [
  { id: /\bApache-2\.0\b/, texts: ['Apache-2.0.txt'] },
  // The LGPL adds to the GPL and has to come with it.
  { id: /\bLGPL-3\.0/, texts: ['LGPL-3.0.txt', 'GPL-3.0.txt'] },
];

/** `node_modules/@a/b/c.js` → `node_modules/@a/b`; undefined for a module of our own. */
export function packageFolder(module) {
  return /^(.*\bnode_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(module)?.[1];
}

/** Reads { name, version, license, homepage, texts: [{ name, text }] } from the folder of an installed package. */
export function describePackage(folder) {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const { name, version, license } = manifest;
  if (typeof license !== 'string') throw new Error(`${name} ${version} names no license in its package.json`);
  const repository = (manifest.repository?.url ?? manifest.repository)?.replace(/^git\+|\.git$/g, '');
  const texts = fs
    .readdirSync(folder)
    .filter((file) => licenseFile.test(file))
    .map((file) => ({ name: file, text: fs.readFileSync(path.join(folder, file), 'utf8') }));
  const native = name.startsWith('@img/') ? nativeLicenses(folder) : undefined;
  if (native) texts.push({ name: 'native libraries', text: native });
  return { name, version, license, homepage: manifest.homepage ?? repository, texts };
}

/** sharp's binaries contain libvips and some thirty libraries; their licenses are a section of the package's README. */
function nativeLicenses(folder) {
  const readme = path.join(folder, 'README.md');
  if (!fs.existsSync(readme)) return undefined;
  return /^## Licensing\r?\n([^]*)/m.exec(fs.readFileSync(readme, 'utf8'))?.[1];
}

/** The line that names a package in the notices. */
export const heading = ({ name, version }) => `${name} ${version}`;

/** Packages of the list that the notices do not name. */
export function missingFrom(notices, packages) {
  const lines = new Set(notices.split('\n'));
  return packages.filter((one) => !lines.has(heading(one)));
}

/** The text of the notices. A package that is given twice is named once. */
export function noticesOf(packages) {
  const byName = [...new Map(packages.map((one) => [heading(one), one])).entries()].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const common = new Set();
  const sections = byName.map(([title, { license, homepage, texts }]) => {
    const lines = [title, `License: ${license}`];
    if (homepage) lines.push(`Homepage: ${homepage}`);
    for (const { name, text } of texts)
      lines.push('', `--- ${name} ---`, '', text.replaceAll('\r', '').trim());
    const standard = commonTextsOf.filter(({ id }) => id.test(license)).flatMap((entry) => entry.texts);
    for (const name of standard) common.add(name);
    if (!texts.some(({ name }) => licenseFile.test(name))) {
      const where = standard.length > 0 ? 'its license is at the end of this file' : 'see its homepage';
      lines.push('', `The package comes without a license text; ${where}.`);
    }
    return lines.join('\n');
  });
  for (const name of common) {
    const text = fs.readFileSync(path.join(commonTexts, name), 'utf8').replaceAll('\r', '').trim();
    sections.push(`${path.basename(name, '.txt')}\n\n${text}`);
  }
  const rule = `\n\n${'='.repeat(80)}\n\n`;
  return `Flowscope contains these npm packages, each under its own license.${rule}${sections.join(rule)}\n`;
}
