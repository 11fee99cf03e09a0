/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  centralDifferences: (step: string, error: string) => [
    `Central differences, step h = ${step}: the graph of an ONNX file has no gradients. No entry is off by more than about ${error}.`,
    `Zentrale Differenzen, Schrittweite h = ${step}: Der Graph einer ONNX-Datei hat keine Gradienten. Kein Eintrag weicht um mehr als etwa ${error} ab.`,
  ],
  jacobianTitle: ['∂y/∂x of this layer', '∂y/∂x dieser Schicht'],
  jacobianWhole: ['all elements', 'alle Elemente'],
  jacobianBlock: (k: number) => [`${k} elements around the marked one`, `${k} Elemente um das markierte`],
  byGradients: [
    'by automatic differentiation at the example',
    'durch automatisches Differenzieren beim Beispiel',
  ],
  byDifferences: ['by central differences at the example', 'durch zentrale Differenzen beim Beispiel'],
  jacobianRows: ['rows: outputs y, columns: inputs x', 'Zeilen: Ausgänge y, Spalten: Eingänge x'],
  blockSize: ['Elements of the block', 'Elemente des Blocks'],
  elementOrder: ['Order', 'Reihenfolge'],
  passingFirst: ['passing first', 'Durchgehende zuerst'],
  naturalOrder: ['own order', 'eigene'],
  diagonal: ['Diagonal', 'Diagonale'],
  diagonalNote: ['next to what the layer itself gives', 'neben dem, was die Schicht selbst angibt'],
  element: ['element', 'Element'],
  fromJacobian: '∂y/∂x',
  fromScale: ['by the layer', 'laut Schicht'],
  largestDifference: ['largest difference, relative', 'größter Unterschied, relativ'],
  determinant: ['ln|det| by LU', 'ln|det| aus LU'],
  claimedWhole: ['log-det by the layer itself', 'Log-Determinante, die die Schicht angibt'],
  claimedBlock: ['log-det of these by the layer', 'Log-Determinante dieser, laut Schicht'],
  noJacobianHere: ['No Jacobian', 'Keine Jacobi-Matrix'],
  noJacobian: ['This layer only moves values', 'Diese Schicht ordnet nur um'],
  noJacobianWhy: [
    'Its Jacobian is a permutation of the identity; its log-det is 0.',
    'Ihre Jacobi-Matrix ist eine Permutation der Einheitsmatrix; ihre Log-Determinante ist 0.',
  ],
  runningOnly: [
    'By running statistics: with those of a batch, a layer does not map each example on its own.',
    'Mit laufenden Statistiken: mit denen eines Batches ist eine Schicht keine Abbildung eines Beispiels allein.',
  ],
  triangular: [
    'Elements that pass through have the rows of the identity. An element that moves depends on itself through its slope alone, so the sorted matrix is triangular.',
    'Wo nichts bewegt wird, stehen die Zeilen der Einheitsmatrix, und was bewegt wird, hängt von sich selbst nur über die eigene Steigung ab: sortiert ist die Matrix eine Dreiecksmatrix.',
  ],
  jacobianHint: [
    'Point at a cell, or use the arrow keys, to read it',
    'Auf eine Zelle zeigen oder die Pfeiltasten benutzen, um sie zu lesen',
  ],
  tab: ['Jacobian', 'Jacobi-Matrix'],
});
