/** Longer text was not a typo, and comparing it takes its length times the length of the known names. */
const longestCompared = 100;

/** The known name that was probably meant, or undefined when none is close. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  if (text.length > longestCompared) return undefined;
  const plain = (name: string) => name.toLowerCase().replace(/[-_\s]/g, '');
  let best: string | undefined;
  let least = Infinity;
  for (const name of known) {
    const distance = editDistance(plain(text), plain(name));
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return least <= Math.max(2, Math.floor(text.length / 3)) && least < text.length ? best : undefined;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
