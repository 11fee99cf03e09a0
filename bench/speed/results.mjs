// Where results go.
import fs from 'node:fs';
import path from 'node:path';

export function save(folder, name, content) {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  fs.writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, null, 1)}\n`);
  console.log(`wrote ${path.relative(process.cwd(), file)}`);
}

/** 0.283, 5.41, 76.2, 1,840 ms. */
export function milliseconds(value) {
  if (value === undefined) return '–';
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
