/** Tables as text. */
import { mutateBytes } from './bytes';
import { pick, type Mutator } from './mutator';

const cells = [
  '',
  'nan',
  'inf',
  '-1e999',
  '1e308',
  '"',
  '""',
  '"a\nb"',
  '=1+1',
  '\u0000',
  '9'.repeat(400),
  'x'.repeat(100_000),
  `${'1'.repeat(60_000)}x`,
];
const separators = [',', ';', '\t', '|', '\r', '\r\n', ',,,,'];

export const mutateTable: Mutator = (bytes, random) => {
  const lines = bytes.toString('latin1').split('\n');
  const at = random.integer(lines.length);
  const row = lines[at]!.split(',');
  switch (random.integer(7)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.splice(at, 0, ...lines.slice(at, at + 5));
      break;
    case 2:
      lines[at] = row.join(pick(random, separators));
      break;
    case 3:
      lines[at] = `${lines[at]!}${','.repeat(pick(random, [1, 1000, 200_000]))}`;
      break;
    case 4:
      return mutateBytes(bytes, random);
    default:
      row[random.integer(row.length)] = pick(random, cells);
      lines[at] = row.join(',');
  }
  return Buffer.from(lines.join('\n'), 'latin1');
};
