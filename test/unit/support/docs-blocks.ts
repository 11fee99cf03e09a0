/** Code blocks of the docs. A block can say what a test does with it: `sh run`, `sh run fails`, or `LANGUAGE file=NAME`. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Block {
  /** The line of the fence, counted from 1. */
  line: number;
  language: string;
  words: string[];
  text: string;
}

export const pages = readdirSync('docs').filter((name) => name.endsWith('.md'));

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  const lines = readFileSync(path.join('docs', page), 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (!fence) {
      if (open) open.text += `${line}\n`;
      continue;
    }
    if (open) blocks.push(open);
    const [language = '', ...words] = fence[1]!.split(' ');
    open = open ? undefined : { line: index + 1, language, words, text: '' };
  }
  return blocks;
}

/** The words of a command as a shell would take them, without pipes, redirections and comments; undefined for none of ours. */
export function commandOf(line: string): string[] | undefined {
  const [, program, rest] = /^(?:\$ )?(?:npx )?(flowscope|node(?= \S+\.mjs)) (.*)$/.exec(line) ?? [];
  if (!program) return undefined;
  const plain = rest!.replace(/ (\d?>|\||#|&&).*$/, '');
  const words = plain.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  return [program, ...words.map((word) => word.replace(/^(["'])(.*)\1$/, '$2'))];
}
