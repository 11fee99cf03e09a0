// The page of the extension in VS Code, made from docs/extension.md, and the npm package's page, made from docs/npm.md: there,
// links and pictures relative to the repository lead nowhere.
import path from 'node:path';
import { webAddresses } from './project-address.mjs';

/** The pages' sources, relative to the root. */
export const readmeSources = { extension: 'docs/extension.md', npm: 'docs/npm.md' };

const absolute = /^([a-z][a-z\d+.-]*:|#)/i;
const picture = /!\[([^\]]*)\]\(([^)\s]+)\)/g;
const link = /(?<!!)\[((?:[^[\]]|!\[[^\]]*\]\([^)]*\))*)\]\(([^)\s]+)\)/g;

/**
 * The page as it is packed. Relative pictures and links become absolute where the manifest names a repository. Where it
 * names none, a picture is left out, with its line if nothing else is on it, and a link leaves its text.
 */
export function packageReadme(markdown, repository) {
  const addresses = webAddresses(repository);
  const inRepository = (target) => path.posix.join('docs', target);
  const withPictures = markdown.replace(picture, (all, alt, target) => {
    if (absolute.test(target)) return all;
    return addresses ? `![${alt}](${addresses.raw}${inRepository(target)})` : '\0';
  });
  return withPictures
    .replace(/^[ \t]*(?:\0[ \t]*)+\n+/gm, '')
    .replaceAll('\0', '')
    .replace(link, (all, text, target) => {
      if (absolute.test(target)) return all;
      return addresses ? `[${text}](${addresses.page}${inRepository(target)})` : text;
    });
}

/** What does not belong on the page, in words; none for a good one. */
export function readmeProblems(markdown) {
  const targets = [
    ...[...markdown.matchAll(/\]\(\s*<?([^)\s>]*)/g)].map(([, target]) => target),
    ...[...markdown.matchAll(/^\s*\[[^\]]+\]:\s*(\S+)/gm)].map(([, target]) => target),
    ...[...markdown.matchAll(/\b(?:src|href)\s*=\s*["']?([^"'\s>]*)/gi)].map(([, target]) => target),
  ];
  const problems = targets
    .filter((target) => !absolute.test(target))
    .map((target) => `relative link ${target}`);
  if (/\.svg\b|<svg\b|image\/svg/i.test(markdown)) problems.push('an SVG, which VS Code does not show there');
  if (/\bnpm (start|test|run)\b/.test(markdown)) problems.push('a command for a clone of the repository');
  return problems;
}
