// Where results go.
import fs from 'node:fs';
import path from 'node:path';

export function save(folder, name, content) {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  // Line by line for those who compare two of them; indentation would be a quarter of the file.
  const text =
    typeof content === 'string' ? content : `${JSON.stringify(content, null, 1).replace(/\n +/g, '\n')}\n`;
  fs.writeFileSync(file, text);
  console.log(`wrote ${path.relative(process.cwd(), file)}`);
}

/** 0.283, 5.41, 76.2, 1,840 ms. */
export function milliseconds(value) {
  if (value === undefined) return '–';
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
