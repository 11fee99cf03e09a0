/** Nested data next to tensors, such as a config in JSON, as plain values by their path. */
type Plain = number | string | boolean;

const mostValues = 1000;
const deepest = 50;
const longestText = 1000;

/** @returns for example { "config.bins": 8, "config.shape.0": 2 }; of too many, the first thousand */
export function plainValues(root: unknown): Record<string, Plain> {
  const values: Record<string, Plain> = {};
  let left = mostValues;
  const visit = (value: unknown, path: string, depth: number): void => {
    if (left <= 0 || depth > deepest) return;
    if (typeof value === 'number' || typeof value === 'boolean') values[path] = value;
    else if (typeof value === 'string') values[path] = value.slice(0, longestText);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value))
        visit(item, path === '' ? key : `${path}.${key}`, depth + 1);
      return;
    } else return;
    left--;
  };
  visit(root, '', 0);
  return values;
}
